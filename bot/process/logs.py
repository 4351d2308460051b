"""Sets up logging: one line per event, JSON or for a terminal, libraries included, and never a secret in it.

A line never breaks what it tells of: one that cannot be made or written is lost alone (bot/process/log_lines.py).

Secrets are masked in two ways: the exact values given to `mask`, and shapes that are always secret (Slack tokens, keys
`sk_…`, `Bearer …`, passwords, credentials in addresses). Every string of an event is masked before it is rendered,
keys, nested values and tracebacks too.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.process.log_lines import Lines
from bot.process.log_repeats import Repeats
from core.domain.redaction import MASK, encodings_of
from core.telemetry import metrics

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

_DEEPEST = 10
"""Levels of a value that are shown. Some contain themselves."""

_known: tuple[str, ...] = ()


def mask(*secrets: str) -> None:
    """Adds values that must never be logged, in any of the forms they take inside a rendered line."""
    global _known
    _known = tuple(sorted({*_known, *encodings_of(secrets)}, key=len, reverse=True))


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
    global _lines
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    is_terminal = stream is not None and stream.isatty()
    chosen = form or ("console" if is_terminal else "json")
    renderer = _console(is_terminal) if chosen == "console" else structlog.processors.JSONRenderer()
    repeats = Repeats()
    processors: list[Processor] = [*_common(), repeats, renderer]
    _lines.close()
    _lines = Lines(stream, lambda lost: _after_thoughts(repeats, renderer, lost))
    lines = _lines
    structlog.configure(
        processors=processors,
        wrapper_class=_never_raising(structlog.make_filtering_bound_logger(number)),
        logger_factory=lambda *_: _Written(lines),
    )
    _route_standard_logging(max(number, logging.INFO), processors, lines)


_lines = Lines(None)


class _Written:
    """What structlog calls with each rendered line, by the level's name."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def msg(self, line: str) -> None:
        self._lines.write(line)

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


def _never_raising(logger: Any) -> Any:
    class NeverRaising(logger):  # type: ignore[misc]
        def _proxy_to_logger(self, method_name: str, event: str | None = None, **fields: Any) -> Any:
            try:
                return super()._proxy_to_logger(method_name, event, **fields)
            except Exception as error:  # noqa: BLE001 - the line is lost, and what it tells of goes on
                self._logger.msg(_stump(method_name, event, error))

    return NeverRaising


def _stump(level: str, event: object, error: Exception) -> str:
    """What is left of a line that cannot be made: its event when it is one of ours."""
    metrics.log_lines_lost("not_made")
    name = event if isinstance(event, str) and event.isidentifier() else "unknown"
    return json.dumps({"event": name, "level": level, "line_not_made": type(error).__name__})


def _after_thoughts(repeats: Repeats, renderer: Processor, lost: int) -> Iterator[str]:
    now = structlog.processors.TimeStamper(fmt="iso", utc=True)
    told = [*repeats.overdue(), *([{"event": "log_lines_lost", "level": "warning", "lines": lost}] if lost else [])]
    for event in told:
        yield str(renderer(None, "warning", now(None, "warning", event)))


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_event,
    ]


def _console(is_terminal: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=is_terminal, exception_formatter=structlog.dev.plain_traceback, pad_event_to=30
    )


def _route_standard_logging(level: int, processors: list[Processor], lines: Lines) -> None:
    handler = _Handler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class _Handler(logging.Handler):
    """Takes what libraries log. Nothing of it is raised into them, or written to standard error as it stands."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if _is_worth_a_line(record):
                self._lines.write(self.format(_without_the_request(record)))
        except structlog.DropEvent:
            pass
        except Exception as error:  # noqa: BLE001 - the line is lost, and what it tells of goes on
            self._lines.write(_stump(record.levelname.lower(), record.name.replace(".", "_"), error))


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Bolt gives each of its loggers the root's level when it makes them, so levels alone would not hold."""
    return record.levelno >= logging.WARNING or not record.name.startswith(_QUIET)


def _without_the_request(record: logging.LogRecord) -> logging.LogRecord:
    """aiohttp tells of a request that it cannot parse by a traceback that quotes it, and anything may stand there."""
    kind = record.exc_info[0] if record.exc_info else None
    if record.name == "aiohttp.server" and kind is not None and kind.__module__ == "aiohttp.http_exceptions":
        record.msg, record.args = f"{record.getMessage()}: {kind.__name__}", None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
    return record


def _mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return _mask_mapping(event)


def _mask_mapping(fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    return {
        masked(str(key)): MASK if value and _SECRET_FIELD.search(str(key)) else _mask_value(value, depth + 1)
        for key, value in fields.items()
    }


def _mask_value(value: object, depth: int = 0) -> object:
    """What can be rendered, whatever it was: a value that breaks when it is looked at costs only itself."""
    try:
        return _plain(value, depth)
    except Exception as error:  # noqa: BLE001 - the rest of the line is worth having
        return f"({type(value).__name__}: {type(error).__name__} when shown)"


def _plain(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return masked(value)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return _mask_mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask_value(item, depth + 1) for item in value]
    if isinstance(value, int | float):
        return _mask_number(value)
    return masked(str(value))


def _mask_number(number: float) -> object:
    text = repr(number)
    return number if masked(text) == text else MASK
