"""What `/gpu doctor` answers: first what needs somebody, then the rest in small print."""

from __future__ import annotations

from collections.abc import Sequence

from bot.doctor.result import CheckResult, State, verdict
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.text import Block, esc, fit_lines

_EMOJI = {State.FAILED: "🔴", State.WARNING: "🟡", State.SKIPPED: "⚪", State.OK: "🟢"}


def doctor_message(findings: Sequence[CheckResult]) -> Message:
    """For one admin's eyes. A finding quotes what others answered, and is escaped."""
    said = verdict(findings)
    blocks: list[Block] = [b.section(f"*{esc(said)}*")]
    pressing = (_lines(findings, state) for state in (State.FAILED, State.WARNING))
    blocks += [b.section(lines) for lines in pressing if lines]
    if rest := _lines(findings, State.SKIPPED, State.OK):
        blocks.append(b.context(rest))
    return Message(said, blocks)


def _lines(findings: Sequence[CheckResult], *states: State) -> str:
    return fit_lines((_line(finding) for finding in findings if finding.state in states), wire_limit=4000)


def _line(finding: CheckResult) -> str:
    advice = f" _{esc(finding.advice)}_" if finding.advice else ""
    return f"{_EMOJI[finding.state]} *{esc(finding.name, 40)}*: {esc(finding.found)}{advice}"
