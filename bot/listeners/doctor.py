"""`/gpu doctor`: how the installation is, as seen from this web process; for admins."""

from __future__ import annotations

from bot.listeners.visits import Visit
from bot.parts import Parts
from bot.views.blocks import Message
from bot.views.doctor import doctor_message
from core.errors import NotAllowed


async def doctor(parts: Parts, visit: Visit) -> Message:
    """Raises NotAllowed for everybody but the admins: what is wrong with it is also what could be abused."""
    if not parts.policy.is_admin(visit.actor):
        raise NotAllowed("Only the admins may ask how the bot is.")
    return doctor_message(await parts.examine())
