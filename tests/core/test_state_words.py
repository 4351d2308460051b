"""The state of an instance in a sentence: in our words wherever there are any."""

from __future__ import annotations

import pytest

from core.domain.instance import Status
from core.domain.order import Verb
from core.domain.transitions import state_words
from core.services.lifecycle import why_impossible
from tests.core.samples import instance


@pytest.mark.parametrize(
    ("status", "word", "said"),
    [
        (Status.RUNNING, "running", "running"),
        (Status.CREATING, "", "being created"),
        (Status.RUNNING, "migrating", "being moved to another machine by Novita"),
        (Status.STOPPED, "frozen", "frozen by Novita"),
        (Status.STARTING, "freezing", "being frozen by Novita"),
        (Status.RUNNING, "hibernating", "in a state this bot does not know (Novita says “hibernating”)"),
        (Status.RUNNING, "x" * 40, f"in a state this bot does not know (Novita says “{'x' * 40}”)"),
        (Status.RUNNING, "x" * 41, f"in a state this bot does not know (Novita says “{'x' * 39}…”)"),
        (Status.DELETING, "migrating", "being deleted"),
        (Status.FAILED, "migrating", "failed"),
    ],
)
def test_a_state_is_told_in_our_words(status: Status, word: str, said: str) -> None:
    assert state_words(instance(status=status, novita_status=word)) == said


@pytest.mark.parametrize("verb", [Verb.START, Verb.STOP, Verb.RESTART])
def test_a_refusal_quotes_no_inner_word_of_novitas_that_is_known(verb: Verb) -> None:
    moving = instance(status=Status.RUNNING, novita_id="3f9a", novita_status="migrating")
    assert why_impossible(moving, verb) == (
        f"It cannot {verb.value} now: it is being moved to another machine by Novita, and Novita takes only a delete."
    )
