"""An instance's endpoints as lines that people read. They are public to whoever has the link, and that is said."""

from __future__ import annotations

from collections.abc import Iterable

from bot.views.text import code, esc, fit_lines, link
from core.domain.novita import Endpoint

PUBLIC = "_Anybody with an http link can open it: there is no login in front._"


def endpoint_lines(endpoints: Iterable[Endpoint]) -> str:
    """One line for each endpoint; empty without any."""
    shown = list(endpoints)
    if not shown:
        return ""
    lines = fit_lines((_line(endpoint) for endpoint in shown), limit=2000, wire_limit=2500)
    return f"{lines}\n{PUBLIC}" if any(endpoint.type == "http" for endpoint in shown) else lines


def _line(endpoint: Endpoint) -> str:
    address = link(endpoint.url, endpoint.url.partition("://")[2]) if endpoint.type == "http" else code(endpoint.url)
    return f"• port {endpoint.port} ({esc(endpoint.type, 10)}): {address}"
