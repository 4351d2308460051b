"""Calls to other services: each of them timed, counted, and told in one line of the log, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from structlog.typing import FilteringBoundLogger


@contextmanager
def timed_call(
    log: FilteringBoundLogger,
    event: str,
    facts: Callable[[], Mapping[str, Any]],
    count: Callable[[float], None],
    *,
    is_asked_for: bool = True,
) -> Generator[None]:
    """`facts` of the line and what is counted, by seconds, are asked for at the end, when it is known.

    What the bot looks up by itself, every few seconds, would drown what people ask for: it is told to whoever debugs.
    """
    began = perf_counter()
    try:
        yield
    finally:
        seconds = perf_counter() - began
        count(seconds)
        write = log.info if is_asked_for else log.debug
        write(event, **facts(), ms=round(seconds * 1000))
