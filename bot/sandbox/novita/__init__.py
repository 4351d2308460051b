"""A make-believe Novita on loopback: strict about its input, believable in its world, and willing to misbehave."""

from bot.sandbox.novita.faults import Endpoint, Fault
from bot.sandbox.novita.machines import Machine
from bot.sandbox.novita.server import NovitaCall, SandboxNovita

__all__ = ["Endpoint", "Fault", "Machine", "NovitaCall", "SandboxNovita"]
