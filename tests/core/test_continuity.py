"""What tells a store that was restored from one that merely was not used: at the edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from core.domain.events import Event
from core.domain.instance import Instance
from core.services.continuity import RESTART_WITHIN, Continuity
from core.services.outbox import Begun, Transition
from tests.core.samples import instance

WITHIN = int(RESTART_WITHIN.total_seconds() * 1000)


@dataclass
class Past:
    """A store that says of its past what the test wants, with one lease in it."""

    looked_at: int | None = 1_000
    started_at: int | None = 0
    went_back: bool = False

    def __post_init__(self) -> None:
        self.record = instance()

    @property
    def is_in_doubt(self) -> bool:
        return self.record.past_in_doubt

    async def live(self) -> list[Instance]:
        return [self.record]

    async def take_gone_back(self) -> bool:
        return self.went_back

    async def last_look(self) -> int | None:
        return self.looked_at

    async def looked(self, outside: int) -> int:
        self.looked_at = 2_000
        return 2_000

    async def up_since(self) -> int | None:
        return self.started_at

    async def begin(self, instance: Instance, events: Sequence[Event], *, has_own_name: bool = False) -> Begun:
        raise NotImplementedError

    async def update(self, instance: Instance, change: Transition) -> Instance:
        changed = change(instance)
        self.record = changed[0] if changed else instance
        return self.record


@pytest.mark.parametrize(
    ("looked_at", "started_at", "is_in_doubt"),
    [
        (1_000, 1_000 + WITHIN, False),
        (1_000, 1_000 + WITHIN + 1, True),
        (1_000, 0, False),
        (1_000, None, False),
        (None, WITHIN * 9, False),
    ],
)
async def test_a_server_that_was_started_long_after_the_last_look_may_hold_an_older_state(
    looked_at: int | None, started_at: int | None, *, is_in_doubt: bool
) -> None:
    past = Past(looked_at, started_at)
    await Continuity(past, past).doubt_if_gone_back()
    assert past.is_in_doubt is is_in_doubt
    own = Past(looked_at, started_at)
    await Continuity(own, own, is_embedded=True).doubt_if_gone_back()
    assert not own.is_in_doubt, "the embedded server is taken at its word"


async def test_only_a_process_that_has_just_begun_asks_when_the_server_was_started() -> None:
    past = Past()
    continuity = Continuity(past, past)
    await continuity.doubt_if_gone_back()
    past.started_at = 1_000 + 2 * WITHIN
    await continuity.doubt_if_gone_back()
    assert not past.is_in_doubt


@pytest.mark.parametrize(("looked_at", "lost", "is_in_doubt"), [(1_000, 1, True), (1_000, 0, False), (None, 1, False)])
async def test_what_lost_its_record_puts_the_past_in_doubt_at_a_process_s_first_look_only(
    looked_at: int | None, lost: int, *, is_in_doubt: bool
) -> None:
    past = Past(looked_at)
    continuity = Continuity(past, past)
    await continuity.looked(outside=0, lost=lost)
    assert past.is_in_doubt is is_in_doubt
    later = Past()
    continuity = Continuity(later, later)
    await continuity.looked(outside=0, lost=0)
    await continuity.looked(outside=0, lost=1)
    assert not later.is_in_doubt, "it was made here, while this process looked on"


async def test_a_store_that_has_gone_back_is_in_doubt_whenever_that_is_noticed() -> None:
    past = Past()
    continuity = Continuity(past, past)
    await continuity.doubt_if_gone_back()
    past.went_back = True
    await continuity.doubt_if_gone_back()
    assert past.is_in_doubt
