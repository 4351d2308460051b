"""The attempts of a launch as lines that people read: where, at what price, and how it went."""

from __future__ import annotations

from collections.abc import Iterable

from bot import words
from bot.views.text import esc, fit_lines
from core.models import Attempt, AttemptOutcome


def attempt_lines(attempts: Iterable[Attempt]) -> str:
    """One line for each attempt, as many as a message holds; empty without attempts."""
    return fit_lines(_line(attempt) for attempt in attempts)


def attempt_words(attempt: Attempt) -> str:
    """`CN-HK-01: no free GPU there right now`, as mrkdwn."""
    return f"{esc(attempt.region, 60)}: {esc(words.reason_words(attempt), 160)}"


def refusals(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts after which the launch went on to another offer."""
    return [attempt for attempt in attempts if attempt.outcome is AttemptOutcome.REFUSED]


def _line(attempt: Attempt) -> str:
    price = f"{words.money(attempt.price)} per GPU-hour"
    seconds = f"{attempt.milliseconds / 1000:.1f} s"
    return f"• {attempt_words(attempt)} _({price}, {seconds})_"
