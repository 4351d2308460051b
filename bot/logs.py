"""Sets up logging: one line per event, JSON or for a terminal, libraries included, and never a secret in it.

Secrets are masked in two ways: the exact values given to `mask`, and shapes that are always secret (Slack tokens, keys
`sk_…`, `Bearer …`, passwords, credentials in addresses). Every string of an event is masked before it is rendered,
keys, nested values and tracebacks too.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.hiding import forms_of

MASK = "***"

_SECRET_FIELD = re.compile(r"passw|secret|authorization|api_?key|private_key|(^|_)token$", re.IGNORECASE)
_SHAPES = re.compile(
    r"""
      xox[a-z](?:\.xox[a-z])?-[\w-]+ | xapp-[\w-]+ | \bsk_[\w-]{8,}
    | (?<=bearer\ )[^\s"',;]+
    | (?<=password)["']*\s*[:=]?\s*["']?[^\s"',;}]+
    | (?<=://)[^\s/:@"']*:[^\s/"']+(?=@)
    | (?<=hooks\.slack\.com/)[^\s"'<>]+
    | (?<=/hooks/)(?!\{)[^\s"'<>]+
    | (?<=ticket=)[^\s&"']+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MARKS = (
    *("xox", "xapp-", "sk_", "earer ", "assword", "://", "ticket=", "/hooks/"),
    *("XOX", "XAPP-", "SK_", "EARER ", "ASSWORD"),
)
"""Looking for these is 20 times faster than trying the pattern, and most strings have none."""

_QUIET = ("slack_bolt", "httpx", "httpcore", "aiohttp.access", "asyncio")
"""Libraries whose everyday lines say nothing, or too much: Bolt's carry signatures, httpx's carry addresses."""

_known: tuple[str, ...] = ()


def mask(*secrets: str) -> None:
    """Adds values that must never be logged, in any of the forms they take inside a rendered line."""
    global _known
    _known = tuple(sorted({*_known, *forms_of(secrets)}, key=len, reverse=True))


def masked(text: str) -> str:
    """The text without what is known or looks to be secret."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, MASK)
    if any(mark in text for mark in _MARKS):
        text = _SHAPES.sub(MASK, text)
    return text


def setup(level: str, form: Literal["json", "console"] | None, stream: TextIO | None = None) -> None:
    """Starts logging at `debug`, `info`, `warning` or `error`, to standard error unless told otherwise.

    Without a form it is console on a terminal and JSON elsewhere.
    Libraries never log below info: their debug lines hold whole requests.
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    chosen = form or ("console" if stream.isatty() else "json")
    renderer = _console(stream) if chosen == "console" else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*_common(), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    _route_standard_logging(max(number, logging.INFO), renderer, stream)


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_event,
    ]


def _console(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=30
    )


def _route_standard_logging(level: int, renderer: Processor, stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_common(), renderer],
        )
    )
    handler.addFilter(_is_worth_a_line)
    handler.addFilter(_without_the_request)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Bolt gives each of its loggers the root's level when it makes them, so levels alone would not hold."""
    return record.levelno >= logging.WARNING or not record.name.startswith(_QUIET)


def _without_the_request(record: logging.LogRecord) -> bool:
    """aiohttp tells of a request that it cannot parse by a traceback that quotes it, and anything may stand there."""
    kind = record.exc_info[0] if record.exc_info else None
    if record.name == "aiohttp.server" and kind is not None and kind.__module__ == "aiohttp.http_exceptions":
        record.msg, record.args = f"{record.getMessage()}: {kind.__name__}", None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
    return True


def _mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return _mask_mapping(event)


def _mask_mapping(fields: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        masked(str(key)): MASK if value and _SECRET_FIELD.search(str(key)) else _mask_value(value)
        for key, value in fields.items()
    }


def _mask_value(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return _mask_mapping(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask_value(item) for item in value]
    if isinstance(value, int | float):
        return _mask_number(value)
    return masked(str(value))


def _mask_number(number: float) -> object:
    text = repr(number)
    return number if masked(text) == text else MASK
