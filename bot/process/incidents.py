"""Writes a defect into the log, under a reference that the person who met it can pass on."""

from __future__ import annotations

import secrets

import structlog

log = structlog.get_logger(__name__)


def record_defect(event: str, error: Exception | None = None, **about: object) -> str:
    """The reference of a defect that is in the log by now, with its traceback if there is an `error`.

    A short word that ties what a person saw to a line in the log.
    """
    reference = secrets.token_hex(3).upper()
    log.error(event, reference=reference, exc_info=error, **about)
    return reference
