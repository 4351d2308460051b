"""Novita's JSON in small pieces: objects, rows, texts, numbers and instants, however they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.adapters.novita.paging import Page, Row
from core.domain.errors import NovitaUnclear
from core.domain.redaction import without_known_secrets

_LONGEST_SAYING = 1000
_LARGEST = 10**15
_LAST_SECOND = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())

Json = dict[str, object]


def parse(content: bytes) -> Json:
    """A reply's JSON object. Raises NovitaUnclear when it is not one."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NovitaUnclear("a reply that is not JSON") from error
    if not isinstance(body, dict):
        raise NovitaUnclear("a reply that is not a JSON object")
    return body


def created_id(body: Json) -> str:
    """The new instance's id out of the answer to a create. Raises NovitaUnclear when there is none."""
    novita_id = text(unwrapped(body, "instance", "data").get("id"))
    if not novita_id:
        raise NovitaUnclear("a success without an id")
    return novita_id


def id_in(row: Json) -> str:
    return text(row.get("Id")) or text(row.get("id"))


def unwrapped(body: Json, *envelopes: str) -> Json:
    """One thing out of a reply that holds it bare, as documented, or wrapped once or twice, as some clients saw it."""
    for _ in range(2):
        inner = next((found for name in envelopes if isinstance(found := body.get(name), dict)), None)
        if inner is None or id_in(body):
            break
        body = inner
    return body


def holding(body: Json, key: str) -> Json:
    """The reply, or the envelope in it, that has the key."""
    inner = part_of(body, "data")
    return inner if key in inner and key not in body else body


def part_of(body: Json, name: str) -> Json:
    part = body.get(name)
    return part if isinstance(part, dict) else {}


def said(value: object) -> str:
    """Novita's own words, which may quote anything; once more is hidden where the record's variables are known."""
    return without_known_secrets(text(value))[:_LONGEST_SAYING]


def date(header: str | None) -> datetime:
    """The `Date` of a reply. Raises NovitaUnclear when it has none."""
    try:
        found = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError) as error:
        raise NovitaUnclear("a reply without its date") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def page(body: Json, key: str, rows: list[Row]) -> Page[Row]:
    listed, total = body[key], integer(body.get("total"), -1)
    return Page(
        rows=tuple(rows),
        size=len(listed) if isinstance(listed, list) else 0,
        total=total if total >= 0 else None,
    )


def listed_rows(body: Json, key: str) -> Iterator[Json]:
    # A broken listing must not look like an empty one: "no instances" ends records.
    if not isinstance(body.get(key, ""), list | None):
        raise NovitaUnclear("a listing without its rows")
    return rows_of(body, key)


def rows_of(body: Json, key: str) -> Iterator[Json]:
    """The objects of a list that may be null, missing or of another type."""
    rows = body.get(key)
    return (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else iter(())


def text(value: object) -> str:
    """A string; numbers are taken as written, anything else is empty."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def integer(value: object, default: int = 0) -> int:
    """A whole number that may come as a string; `default` for everything else, and for what no number here can be."""
    try:
        number = int(value) if isinstance(value, float) and value.is_integer() else int(str(value))
    except ValueError:
        return default
    return number if abs(number) <= _LARGEST else default


def instant(value: object) -> datetime | None:
    """Unix seconds; None for `0`, empty and impossible ones, such as those beyond the year 2100."""
    seconds = integer(value)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LAST_SECOND else None
