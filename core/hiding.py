"""The forms that secrets take in text which quotes them, to find and hide them there (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

SHORTEST_SECRET = 4
"""Characters. Shorter values are no secrets, and hiding every `1` makes a text unreadable."""


def forms_of(secrets: Iterable[str]) -> list[str]:
    """Every form of every secret and of its lines, the longest first: none is torn up by one that it holds."""
    parts = {part for secret in secrets for part in (secret, *map(str.strip, secret.splitlines()))}
    forms = {form for part in parts if len(part) >= SHORTEST_SECRET for form in _written(part)}
    return sorted(forms, key=len, reverse=True)


def _written(text: str) -> set[str]:
    """As it is, quoted by repr or JSON, and inside an address."""
    return {
        text,
        repr(text)[1:-1],
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        quote(text, safe="", errors="replace"),
    }
