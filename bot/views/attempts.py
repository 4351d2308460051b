"""The attempts of a launch as lines that people read: where, at what price, and how it went."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot import wording
from bot.views.text import esc, fit_lines
from core.domain.attempt import Attempt, AttemptOutcome

_SIZE = re.compile(r"\.(\d+)c(\d+)g\b")
"""In a product id such as `4090.16c125g`."""


def attempt_lines(attempts: Iterable[Attempt]) -> str:
    """One line for each region and outcome, as many as a message holds; empty without attempts."""
    tried = list(attempts)
    machines = _machines(tried)
    times, groups = Counter[tuple[str, str]](), dict[tuple[str, str, int], list[str]]()
    for attempt in tried:
        times[attempt.region, attempt.product_id] += 1
        group = (attempt.region, attempt_words(attempt), times[attempt.region, attempt.product_id])
        groups.setdefault(group, []).append(_terms(attempt, machines))
    return fit_lines(f"• {said} _({'; '.join(terms)})_" for (_, said, _), terms in groups.items())


def attempt_words(attempt: Attempt) -> str:
    """`CN-HK-01: no free GPU there right now`, as mrkdwn."""
    return f"{esc(attempt.region, 60)}: {esc(wording.reason_words(attempt), 160)}"


def refusals(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts after which the launch went on to another offer."""
    return [attempt for attempt in attempts if attempt.outcome is AttemptOutcome.REFUSED]


def _machines(attempts: Sequence[Attempt]) -> dict[tuple[str, str], str]:
    """What tells apart the products tried in one region, by both: the same GPU is sold on machines of several sizes."""
    products: dict[str, dict[str, Attempt]] = {}
    for attempt in attempts:
        products.setdefault(attempt.region, {}).setdefault(attempt.product_id, attempt)
    several = [attempt for tried in products.values() if len(tried) > 1 for attempt in tried.values()]
    return {(attempt.region, attempt.product_id): _machine(attempt.product_id) for attempt in several}


def _machine(product_id: str) -> str:
    """`on a machine of 16 CPUs and 125 GB`, as Novita's product ids tell it; the id where they do not."""
    size = _SIZE.search(product_id)
    return f"on a machine of {size[1]} CPUs and {size[2]} GB" if size else f"as {esc(product_id, 60)}"


def _terms(attempt: Attempt, machines: Mapping[tuple[str, str], str]) -> str:
    """What it would have cost, and how long the answer took."""
    machine = machines.get((attempt.region, attempt.product_id), "")
    return (
        f"{wording.money(attempt.price)} per GPU-hour{machine and f' {machine}'}, {attempt.milliseconds / 1000:.1f} s"
    )
