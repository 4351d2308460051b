"""What the sentences promise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.http.api.schemas import InstanceShown
from core.adapters.redis import KEEP_ENDED
from core.domain import leases
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.base import BillingMode
from core.domain.durations import duration_words
from core.domain.errors import (
    GpuBotError,
    InvalidRequest,
    KeyOutlived,
    NameTaken,
    NoCapacity,
    NoSuchInstance,
    NotAllowed,
    NotFound,
    NovitaError,
    NovitaRefused,
    NovitaUnclear,
    NovitaUnsent,
    RateLimited,
    RecordNotReadable,
    RequestTaken,
    SettingsError,
    StoreForbidden,
    StoreFull,
    StoreUnavailable,
    StoreWrongKind,
    VersionConflict,
    not_done,
)
from core.domain.instance import Status
from core.domain.market import Stock
from core.domain.order import Verb
from core.domain.request import LeaseEnd
from tests.bot import factories
from tests.bot.factories import accepted, refused

ERRORS: list[GpuBotError] = [
    InvalidRequest({"name": "Too long."}),
    NotAllowed("Only admins may."),
    StoreUnavailable("redis://:hunter2@host"),
    StoreFull("redis://:hunter2@host"),
    StoreForbidden("redis://:hunter2@host"),
    StoreWrongKind("redis://:hunter2@host"),
    RecordNotReadable("hunter2", "It cannot be read."),
    KeyOutlived(),
    NoSuchInstance("hunter2"),
    RequestTaken("0123456789"),
    NameTaken("0123456789"),
    VersionConflict("3"),
    SettingsError("NOVITA_API_KEY=hunter2"),
    NovitaError("hunter2"),
    NovitaUnsent("hunter2"),
    NovitaUnclear("hunter2"),
    NovitaRefused(FailureKind.MONEY, "BALANCE_NOT_ENOUGH", "balance not enough", 400),
    NoCapacity("INSUFFICIENT_RESOURCE", "", 400),
    RateLimited("RATE_LIMIT_EXCEEDED", "", timedelta(seconds=30)),
    NotFound("RESOURCE_NOT_FOUND", "template not fount", 404),
]

ROOT = Path(__file__).parents[2]


def every_error(root: type[GpuBotError]) -> set[type[GpuBotError]]:
    """What crosses a module's border; a class of a module's own, such as one of the server's, does not."""
    shared = [child for child in root.__subclasses__() if not child.__name__.startswith("_")]
    return {root}.union(*(every_error(child) for child in shared))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_is_a_sentence_without_inner_workings(error: GpuBotError) -> None:
    sentence = wording.error_words(error)
    assert sentence.endswith(".")
    assert "hunter2" not in sentence


def test_no_error_of_the_tree_is_forgotten() -> None:
    assert {type(error) for error in ERRORS} | {GpuBotError} == every_error(GpuBotError)
    assert wording.error_words(GpuBotError()).endswith(".")


def test_a_refusal_of_novita_says_what_happened_what_it_said_and_what_to_do() -> None:
    sentence = wording.error_words(NovitaRefused(FailureKind.MONEY, "BALANCE_NOT_ENOUGH", "balance  not\nenough", 400))
    assert sentence == (
        "The Novita account has too little money or budget for this. Novita says: “balance not enough”. "
        "Top it up in the Novita console, then create again."
    )


def test_too_fast_says_how_long_to_wait() -> None:
    assert "Try again in 30 s." in wording.error_words(RateLimited("", "", timedelta(seconds=30)))
    assert "Try again in a minute." in wording.error_words(RateLimited("", "", None))


def test_a_bad_request_repeats_each_problem() -> None:
    assert wording.error_words(InvalidRequest({"name": "Too long.", "lease": "Too short."})) == "Too long. Too short."
    assert wording.error_words(InvalidRequest({})).endswith(".")


def test_how_long_what_has_ended_is_remembered_is_said_as_it_is() -> None:
    assert f"it ended more than {duration_words(KEEP_ENDED)} ago" in wording.error_words(NoSuchInstance("4h2k9xw0ab"))


def test_something_unexpected_gives_a_reference_to_ask_with() -> None:
    assert wording.unexpected("a1b2c3").endswith("a1b2c3")


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (Status, wording.STATUS_WORDS),
        (Status, wording.STATUS_EMOJI),
        (BillingMode, wording.BILLING_WORDS),
        (Stock, wording.STOCK_WORDS),
        (Verb, wording.VERB_DONE),
        (LeaseEnd, wording.END_WORDS),
    ],
)
def test_every_value_has_its_words(kind: Iterable[object], table: dict[object, str]) -> None:
    assert set(table) == set(kind)
    assert all(table.values())


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_failure_says_what_happened_and_what_to_do(kind: FailureKind) -> None:
    what, then = wording.explain(Failure(kind=kind))
    assert what.endswith(".")
    assert then.endswith(".")


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("verb", list(Verb))
def test_an_order_that_fails_never_speaks_of_creating(verb: Verb, kind: FailureKind) -> None:
    what, then = wording.explain_order(verb, Failure(kind=kind))
    assert what.endswith(".")
    assert then.endswith(".")
    assert "create" not in f"{what} {then}"


def test_a_start_without_a_gpu_is_not_told_as_every_region_being_full() -> None:
    full = Failure(kind=FailureKind.NO_CAPACITY)
    assert wording.explain_order(Verb.START, full).what == "Somebody else has its GPU right now."


def test_out_of_stock_is_told_in_plain_words() -> None:
    assert wording.reason_words(refused()) == "no free GPU there right now"


def test_a_reason_without_words_is_quoted() -> None:
    assert wording.reason_words(refused(reason="NEW_REASON", message="no way")) == "Novita says: “no way”"
    assert wording.reason_words(refused(reason="NEW_REASON")) == "Novita says: “NEW_REASON”"
    assert wording.reason_words(refused(reason="")) == "refused"


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (AttemptOutcome.CREATED, "created"),
        (AttemptOutcome.UNKNOWN, "Novita's answer was lost"),
        (AttemptOutcome.UNSENT, "Novita could not be reached"),
    ],
)
def test_an_attempt_that_was_not_refused_says_how_it_went(outcome: AttemptOutcome, says: str) -> None:
    assert wording.reason_words(accepted().model_copy(update={"outcome": outcome})) == says


@given(factories.attempts)
def test_every_attempt_has_words(attempt: Attempt) -> None:
    assert wording.reason_words(attempt)


def test_a_failure_without_a_message_falls_back_on_its_reason() -> None:
    assert wording.novitas_words(Failure(kind=FailureKind.QUOTA, reason="CREATE_GPU_NUM_LIMIT")).startswith(
        "the Novita account"
    )
    assert wording.novitas_words(Failure(kind=FailureKind.OTHER, reason="ODD")) == "ODD"
    assert wording.novitas_words(Failure(kind=FailureKind.OTHER)) == ""


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0.36", "$0.36"),
        ("2.1", "$2.10"),
        ("0.185", "$0.185"),
        ("0.1855", "$0.186"),
        ("0.9999", "$1.00"),
        ("0.0042", "$0.0042"),
        ("0.00001", "$0.00001"),
        ("0.009", "$0.009"),
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("12", "$12.00"),
        ("12.346", "$12.35"),
    ],
)
def test_money_is_to_the_cent_and_finer_where_a_cent_is_too_coarse(usd: str, shown: str) -> None:
    assert wording.money(Decimal(usd)) == shown


@given(st.decimals("0.00001", 10_000, places=5))
def test_money_above_zero_never_reads_as_nothing(usd: Decimal) -> None:
    shown = Decimal(wording.money(usd).removeprefix("$").replace(",", ""))
    assert shown > 0
    assert abs(shown - usd) <= max(usd * Decimal("0.05"), Decimal("0.0000001"))


def test_a_range_of_money_is_one_amount_when_both_ends_read_the_same() -> None:
    assert wording.money_range(Decimal("0.36"), Decimal("0.44")) == "$0.36–0.44"
    assert wording.money_range(Decimal("0.36"), Decimal("0.3601")) == "$0.36"


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=45), "45 min"),
        (timedelta(minutes=90), "1 h 30 min"),
        (timedelta(hours=8), "8 h"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=72), "3 days"),
        (timedelta(hours=50), "2 days 2 h"),
    ],
)
def test_a_duration_reads_as_people_say_it(span: timedelta, shown: str) -> None:
    assert duration_words(span) == shown


@pytest.mark.parametrize(
    ("amount", "words_"), [("0", "$0.00"), ("0.00007", "under $0.01"), ("0.01", "$0.01"), ("1234.567", "$1,234.57")]
)
def test_what_was_spent_is_told_to_the_cent(amount: str, words_: str) -> None:
    assert wording.spent(Decimal(amount)) == words_


@pytest.mark.parametrize(
    ("amount", "listed", "said"),
    [
        ("0", "$0.00", "nothing"),
        ("0.0099", "under $0.01", "under $0.01"),
        ("0.01", "≈ $0.01", "about $0.01"),
        ("12.5", "≈ $12.50", "about $12.50"),
    ],
)
def test_an_estimate_is_said_to_be_one_only_where_there_is_a_figure(amount: str, listed: str, said: str) -> None:
    assert wording.roughly(Decimal(amount)) == listed
    assert wording.about(Decimal(amount)) == said


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (NovitaUnclear("x", status=500, is_read=True), "Novita answered with an error of its own (HTTP 500), so this"),
        (NovitaUnclear("x", is_read=True), "Novita did not answer, so this could not be looked up."),
    ],
)
def test_a_question_that_failed_has_done_nothing(error: NovitaUnclear, answered: str) -> None:
    assert wording.error_words(error).startswith(answered)
    assert "Nothing was changed" in wording.error_words(error)
    assert "not known whether it did anything" in wording.error_words(NovitaUnclear("x", status=500))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NovitaUnsent("x"), "Novita could not be reached."),
        (NovitaUnclear("x"), "Novita did not answer."),
        (
            NovitaUnclear("500: HTTP 500 without an explanation", status=500),
            "Novita answered with an error of its own (HTTP 500).",
        ),
    ],
)
def test_not_reached_is_not_the_same_as_an_answer_that_is_an_error(error: NovitaError, said: str) -> None:
    failure = not_done(error)
    assert wording.explain(failure).what == said
    assert wording.explain_order(Verb.STOP, failure).what == said
    assert "without an explanation" not in wording.novitas_words(failure)


def test_words_of_novitas_that_say_no_more_than_ours_are_left_out() -> None:
    full = Failure(kind=FailureKind.NO_CAPACITY, reason="INSUFFICIENT_RESOURCE", message="insufficient resource")
    assert wording.novitas_words(full) == ""


def test_what_people_are_told_of_times_is_what_the_code_goes_by() -> None:
    """The texts that no code can fill in."""
    readme = " ".join((ROOT / "README.md").read_text().split())
    moving = " ".join((ROOT / ".github" / "COMING-FROM-NOVITA-AI-API.md").read_text().split())
    kept = duration_words(leases.RECORD_KEPT)
    assert wording.DATA_KEPT in readme
    assert f"reminded {wording.REMINDED} before" in readme
    assert f"can be read for {kept}" in moving
    assert f"{kept} after its end" in (InstanceShown.__doc__ or "")
    assert (wording.DATA_KEPT, wording.REMINDED, kept) == ("at most 7 days", "60 and 15 minutes", "30 days")
    assert KEEP_ENDED == leases.RECORD_KEPT
