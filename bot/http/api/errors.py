"""Why a request under /api is refused: a code for programs, a sentence for people, and the status that fits both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from pydantic.alias_generators import to_camel

from bot import wording
from bot.http.api.schemas import ErrorAnswer, ErrorContent, FieldProblem, LaunchDetails
from bot.http.api.shape import ENDED_KEPT
from core.domain.attempt import FailureKind
from core.domain.errors import (
    GpuBotError,
    InvalidRequest,
    NoSuchInstance,
    NotAllowed,
    NovitaRefused,
    NovitaUnclear,
    NovitaUnsent,
    StoreUnavailable,
)
from core.domain.instance import Instance
from core.telemetry import request_id


class Code(StrEnum):
    """The word in `error.code`."""

    INVALID_REQUEST = "invalid_request"
    INVALID_JSON = "invalid_json"
    UNAUTHORIZED = "unauthorized"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INSTANCE_NOT_FOUND = "instance_not_found"
    PRODUCT_NOT_FOUND = "product_not_found"
    TEMPLATE_NOT_FOUND = "template_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    NO_CAPACITY = "no_capacity"
    QUOTA_EXCEEDED = "quota_exceeded"
    WRONG_STATE = "wrong_state"
    AMBIGUOUS_NAME = "ambiguous_name"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    EXPECTATION_FAILED = "expectation_failed"
    NOVITA_REJECTED = "novita_rejected"
    UNEXPECTED = "unexpected"
    NOVITA_KEY_REFUSED = "novita_key_refused"
    NOVITA_GATEWAY = "novita_gateway"
    NOVITA_ERROR = "novita_error"
    ANSWER_LOST = "answer_lost"
    NOVITA_UNREACHABLE = "novita_unreachable"
    NOVITA_BUSY = "novita_busy"
    DEADLINE = "deadline"
    STORE_UNAVAILABLE = "store_unavailable"


MEANING: Mapping[Code, tuple[int, str]] = {
    Code.INVALID_REQUEST: (400, "A field is missing or wrong; `details` names each bad one."),
    Code.INVALID_JSON: (400, "The body is neither a JSON object nor a form, in UTF-8."),
    Code.UNAUTHORIZED: (401, "The bearer token is missing or wrong."),
    Code.INSUFFICIENT_BALANCE: (402, "The Novita account has too little money or budget. Nothing was created."),
    Code.FORBIDDEN: (403, "The policy of this installation does not allow it, such as ALLOWED_CHANNELS."),
    Code.NOT_FOUND: (404, "There is nothing at this path."),
    Code.INSTANCE_NOT_FOUND: (404, f"There is no such instance, or it ended more than {ENDED_KEPT} ago."),
    Code.PRODUCT_NOT_FOUND: (404, "Novita sells no product of this name."),
    Code.TEMPLATE_NOT_FOUND: (404, "Novita has no such template."),
    Code.METHOD_NOT_ALLOWED: (405, "The path takes other methods; `Allow` names them."),
    Code.REQUEST_TIMEOUT: (408, "The body did not arrive in time."),
    Code.NO_CAPACITY: (409, "No region has room now; `details` tells of each attempt. Nothing was created."),
    Code.QUOTA_EXCEEDED: (409, "The Novita account may not have more. Nothing was created."),
    Code.WRONG_STATE: (409, "The instance's state does not allow it; `message` says why."),
    Code.AMBIGUOUS_NAME: (409, "Several instances go by this name; `message` has their ids. Nothing was done."),
    Code.IDEMPOTENCY_KEY_REUSED: (409, "The Idempotency-Key came with another body before."),
    Code.BODY_TOO_LARGE: (413, "The body is larger than 1 MiB."),
    Code.UNSUPPORTED_MEDIA_TYPE: (415, "The body is sent neither as JSON nor as a form, or compressed."),
    Code.EXPECTATION_FAILED: (417, "`Expect` asks for something else than 100-continue."),
    Code.NOVITA_REJECTED: (422, "Novita did not accept the request; `details` has its words. Nothing was created."),
    Code.UNEXPECTED: (500, "A defect of the bot; `message` holds the reference that stands in its log."),
    Code.NOVITA_KEY_REFUSED: (502, "Novita refused the bot's API key. Nothing was created."),
    Code.NOVITA_GATEWAY: (
        502,
        "Something in front of Novita refused; Novita has not seen it. Nothing was created.",
    ),
    Code.NOVITA_ERROR: (502, "Novita refused for a reason that the bot does not know. Nothing was created."),
    Code.ANSWER_LOST: (502, "Novita's answer was lost, and no instance showed up under the name in ten minutes."),
    Code.NOVITA_UNREACHABLE: (503, "Novita did not answer, or with an error of its own. Nothing was created."),
    Code.NOVITA_BUSY: (503, "Novita asks to slow down. Nothing was created."),
    Code.DEADLINE: (503, "The time for a create ran out before a region said yes. Nothing was created."),
    Code.STORE_UNAVAILABLE: (503, "Redis does not answer, and without it nothing is begun."),
}
"""Code -> its status, and what it means."""

_OF_KIND: Mapping[FailureKind, Code] = {
    FailureKind.NO_CAPACITY: Code.NO_CAPACITY,
    FailureKind.MONEY: Code.INSUFFICIENT_BALANCE,
    FailureKind.QUOTA: Code.QUOTA_EXCEEDED,
    FailureKind.BAD_INPUT: Code.NOVITA_REJECTED,
    FailureKind.ACCOUNT: Code.NOVITA_KEY_REFUSED,
    FailureKind.GATEWAY: Code.NOVITA_GATEWAY,
    FailureKind.PACE: Code.NOVITA_BUSY,
    FailureKind.UNREACHABLE: Code.NOVITA_UNREACHABLE,
    FailureKind.DEADLINE: Code.DEADLINE,
    FailureKind.LOST: Code.ANSWER_LOST,
    FailureKind.STORE: Code.STORE_UNAVAILABLE,
}
OF_A_LAUNCH = (*_OF_KIND.values(), Code.NOVITA_ERROR)
"""What a create may end with when all that the bot itself can check is in order."""

RETRY_AFTER_SECONDS = {code: 5 for code, (status, _) in MEANING.items() if status == 503} | {Code.NOVITA_GATEWAY: 60}
"""Of what may be over by then. What turns the bot away takes longer to think better of it."""

_UNREACHABLE = "Novita does not answer, so nothing was done. Try again in a minute."


class Refusal(Exception):
    """The request is answered with an error."""

    def __init__(
        self,
        code: Code,
        message: str = "",
        details: tuple[FieldProblem, ...] | LaunchDetails | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        of: Instance | None = None,
    ) -> None:
        """`of`: the record that tells of it, so that whoever asks again is told the very same."""
        super().__init__(code.value)
        self.code = code
        self.status, meaning = MEANING[code]
        again = {"Retry-After": str(RETRY_AFTER_SECONDS[code])} if code in RETRY_AFTER_SECONDS else {}
        self.headers = {**again, **(headers or {})}
        self.answer = ErrorAnswer(
            error=ErrorContent(
                code=code,
                message=message or meaning,
                details=details,
                validation_errors=details if isinstance(details, tuple) else None,
                timestamp=(of and of.ended_at) or datetime.now(UTC),
                request_id=(of and of.intent.request_id) or request_id.current(),
            )
        )


def invalid(problems: Mapping[str, str]) -> Refusal:
    """`problems`: a field, as the caller wrote it -> what is wrong with it."""
    told = tuple(FieldProblem(field=field, message=message) for field, message in problems.items())
    return Refusal(Code.INVALID_REQUEST, " ".join(f"{each.field}: {each.message}" for each in told), told)


def of_launch(instance: Instance) -> Refusal:
    """Why the launch of a record that failed came to nothing."""
    failure = instance.failure
    if failure is None:
        return Refusal(Code.NOVITA_ERROR)
    is_unknown_template = failure.reason == "TEMPLATE_NOT_FOUND"
    code = Code.TEMPLATE_NOT_FOUND if is_unknown_template else _OF_KIND.get(failure.kind, Code.NOVITA_ERROR)
    details = LaunchDetails(
        instance_id=instance.id,
        reason=failure.reason or failure.kind.value,
        novita_message=failure.message,
        attempts=instance.launch.attempts,
    )
    return Refusal(code, " ".join(wording.explain(failure)), details, of=instance)


def of_error(error: GpuBotError) -> Refusal:
    """An error of core's tree, raised before anything was created."""
    match error:
        case InvalidRequest():
            return invalid({to_camel(name): message for name, message in error.problems.items()})
        case NotAllowed():
            return Refusal(Code.FORBIDDEN, error.why)
        case NoSuchInstance():
            return Refusal(Code.INSTANCE_NOT_FOUND)
        case StoreUnavailable():
            return Refusal(Code.STORE_UNAVAILABLE, wording.error_words(error))
        case NovitaRefused():
            return Refusal(_OF_KIND.get(error.kind, Code.NOVITA_ERROR), wording.error_words(error))
        case NovitaUnsent() | NovitaUnclear():
            return Refusal(Code.NOVITA_UNREACHABLE, _UNREACHABLE)
    return Refusal(Code.UNEXPECTED, wording.error_words(error))
