"""What a check comes to: how it stands, what was found, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    """It works, and may not for long, or not as is meant."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not checked, because what it needs has failed."""


@dataclass(frozen=True)
class Result:
    """What one check found, and what to do; both are plain text."""

    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True)
class CheckResult(Result):
    """A result, with the name of what was checked."""

    name: str = ""


def ok(found: str) -> Result:
    return Result(State.OK, found)


def warning(found: str, advice: str) -> Result:
    return Result(State.WARNING, found, advice)


def failed(found: str, advice: str) -> Result:
    return Result(State.FAILED, found, advice)


def skipped(why: str) -> Result:
    return Result(State.SKIPPED, f"not checked: {why}")


def wrong(text: str) -> Result:
    """A failure in the words of `core.adapters.settings`: what is wrong, then after a semicolon what to do."""
    what, _, then = text.partition("; ")
    advice = then[:1].upper() + then[1:] + "." if then else "Mend it, or remove it to take its default."
    return failed(what, advice)


def is_well(findings: Sequence[CheckResult]) -> bool:
    """Warnings do not spoil it."""
    return not any(finding.state is State.FAILED for finding in findings)


def verdict(findings: Sequence[CheckResult]) -> str:
    """What it comes to, in one sentence."""
    count = Counter(finding.state for finding in findings)
    parts = [
        f"{count[State.FAILED]} failed" if count[State.FAILED] else "",
        f"{count[State.WARNING]} to look at" if count[State.WARNING] else "",
        f"{count[State.SKIPPED]} not checked" if count[State.SKIPPED] else "",
        f"{count[State.OK]} ok",
    ]
    said = ", ".join(part for part in parts if part)
    return f"All is well: {said}." if count.keys() <= {State.OK} else f"{said[:1].upper()}{said[1:]}."
