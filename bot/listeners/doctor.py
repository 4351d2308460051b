"""`/gpu doctor`: how the installation is, as seen from this web process; for admins."""

from __future__ import annotations

from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.views.blocks import Message
from bot.views.doctor import doctor_message
from core.domain.errors import NotAllowed


async def doctor(services: Services, interaction: Interaction) -> Message:
    """Raises NotAllowed for everybody but the admins: what is wrong with it is also what could be abused."""
    if not services.gpus.policy.is_admin(interaction.actor):
        raise NotAllowed("Only the admins may ask how the bot is.")
    return doctor_message(await services.examine())
