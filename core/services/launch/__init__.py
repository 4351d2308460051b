"""The direct create: the intent is recorded, then Novita is asked region by region until one says yes."""

from core.services.launch.launcher import Launcher
from core.services.launch.run import RecordedLaunch
from core.services.launch.timing import RetryPolicy

__all__ = ["Launcher", "RecordedLaunch", "RetryPolicy"]
