"""A make-believe Novita on loopback: strict about its input, believable in its world, and willing to misbehave."""

from bot.sandbox.novita.faults import Endpoint, Fault
from bot.sandbox.novita.machines import Machine
from bot.sandbox.novita.server import SandboxNovita
from bot.sandbox.novita.steered import NovitaCall

__all__ = ["Endpoint", "Fault", "Machine", "NovitaCall", "SandboxNovita"]
