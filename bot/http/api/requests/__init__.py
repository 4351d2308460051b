"""What callers send to /api: bodies and query strings, read leniently and with every bad field named at once."""

from __future__ import annotations

from bot.http.api.requests.bodies import ExtendBody, InstancesQuery, NamedBody, OffersQuery, TemplatesQuery
from bot.http.api.requests.creation import CreateBody, RequestShown, draft_of, request_shown, request_shown_outside
from bot.http.api.requests.fields import LONGEST, NO_END, Asked
from bot.http.api.requests.reading import missing, read, read_cursor, write_cursor

__all__ = [
    "LONGEST",
    "NO_END",
    "Asked",
    "CreateBody",
    "ExtendBody",
    "InstancesQuery",
    "NamedBody",
    "OffersQuery",
    "RequestShown",
    "TemplatesQuery",
    "draft_of",
    "missing",
    "read",
    "read_cursor",
    "request_shown",
    "request_shown_outside",
    "write_cursor",
]
