"""The direct create: the intent is recorded, then Novita is asked region by region until one says yes."""

from core.launch.launcher import Launcher
from core.launch.patience import Patience
from core.launch.run import Launch

__all__ = ["Launch", "Launcher", "Patience"]
