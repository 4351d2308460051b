"""Who or what wants an order, in words."""

from __future__ import annotations

import pytest

from bot import wording
from bot.views import causes
from core.domain.base import PROGRAM, Actor, Cause
from core.domain.instance import StopReason
from tests.bot.factories import running

ADA, BO = Actor(user="U0ADA00001"), Actor(user="U0BO000001")
BY_ITSELF = [cause for cause in Cause if not cause.is_asked]


def test_all_that_the_bot_does_by_itself_has_its_words_and_can_be_why_it_stopped() -> None:
    assert set(wording.BY_ITSELF) == set(BY_ITSELF)
    assert {StopReason(cause.value) for cause in BY_ITSELF} == {StopReason.LEASE, StopReason.HUNG}


@pytest.mark.parametrize("cause", BY_ITSELF)
def test_what_nobody_asked_for_is_never_told_as_a_wish(cause: Cause) -> None:
    said = wording.BY_ITSELF[cause]
    assert causes.wants(cause, None) == said.why
    assert causes.sentence(cause) == said.why[0].upper() + said.why[1:] + "."
    assert causes.asked_for_that(cause, None) == said.asked


@pytest.mark.parametrize(
    ("actor", "asks", "asked_for_that", "did"),
    [
        (ADA, "its owner asked", "<@U0ADA00001> asked for that", "<@U0ADA00001> did that."),
        (BO, "<@U0BO000001> asked", "<@U0BO000001> asked for that", "<@U0BO000001> did that."),
        (
            PROGRAM,
            "a program asked through the HTTP API",
            "A program asked for that through the HTTP API",
            "A program did that through the HTTP API.",
        ),
    ],
)
def test_a_wish_names_whose_it_is(actor: Actor, asks: str, asked_for_that: str, did: str) -> None:
    assert causes.wants(actor.cause, actor, running(owner=ADA)) == asks
    assert causes.asked_for_that(actor.cause, actor) == asked_for_that
    assert causes.did(actor) == did


def test_a_program_is_one_though_it_owns_the_instance_and_a_person_of_its_name_is_none() -> None:
    assert causes.asks(PROGRAM, running(owner=PROGRAM)) == "a program asked through the HTTP API"
    assert Actor(user=PROGRAM.user, team="T0HOME").cause is Cause.PERSON
    assert (PROGRAM.cause, ADA.cause) == (Cause.PROGRAM, Cause.PERSON)
