"""What an instance's thread is told."""

from bot.views.thread.replies import reply

__all__ = ["reply"]
