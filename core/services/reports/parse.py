"""From the body of a report to clean text (pure).

A machine is not to be trusted: its text keeps nothing that is invisible, that moves a cursor or that turns the
direction of writing, and no more than a thread bears.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl

from core.domain.errors import InvalidRequest
from core.domain.events import ReportLevel
from core.domain.request import HOOK_VARIABLE

BODY_LIMIT = 16 * 1024
"""Bytes."""
_CHARACTERS, _LINES = 2000, 40
_CLIPPED = "… (clipped)"

_EXAMPLE = f'curl "${HOOK_VARIABLE}" -d "epoch 3, loss 0.21"'
_EMPTY = f"The report is empty. Send some text: {_EXAMPLE}"
_MULTIPART = f"Send the text itself as the body, not as a form: {_EXAMPLE}"

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|.)?")
"""What colours and moves on a terminal."""
_LINE_BREAK = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_HIDDEN = {"Cc", "Cf", "Cs", "Co"}
"""Control characters, invisible formats, halves of characters, private ones."""
_BLANKS = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U000e0100-\U000e01ef]")
"""Letters and marks that look like nothing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine says. `text` is clean, and not empty."""

    text: str
    level: ReportLevel = ReportLevel.INFO


def read_report(body: bytes, content_type: str = "") -> Report:
    """The report in a body: plain text, `{"text", "level"}` as JSON, or the same two as a form.

    Raises InvalidRequest with a sentence for whoever wrote the program.
    """
    if content_type.startswith("multipart/"):
        raise InvalidRequest({"text": _MULTIPART})
    said = body.decode(errors="replace").lstrip("\ufeff")
    is_form = content_type == "application/x-www-form-urlencoded"
    fields = _json(said) or (_form(said) if is_form else None) or {"text": said}
    text, level = fields.get("text"), fields.get("level") or ReportLevel.INFO
    if not isinstance(text, str):
        raise InvalidRequest({"text": "The text of a report is a string."})
    if not isinstance(level, str) or level not in list(ReportLevel):
        raise InvalidRequest({"level": "The level of a report is info, done or error."})
    if not (text := clean(text)):
        raise InvalidRequest({"text": _EMPTY})
    return Report(text, ReportLevel(level))


def clean(text: str) -> str:
    """The text as people may read it; empty when nothing can be seen of it."""
    text = _LINE_BREAK.sub("\n", _TERMINAL.sub("", text)).replace("\t", "    ")
    seen = "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in _HIDDEN)
    lines = "\n".join(line.rstrip() for line in _BLANKS.sub("", seen).split("\n"))
    return _first_lines(re.sub(r"\n{3,}", "\n\n", lines).strip("\n"))


def _first_lines(text: str) -> str:
    lines = text.split("\n")
    kept = "\n".join(lines[:_LINES])
    if len(lines) <= _LINES and len(text) <= _CHARACTERS:
        return text
    return kept[: _CHARACTERS - len(_CLIPPED) - 1].rstrip() + f" {_CLIPPED}"


def _json(said: str) -> dict[str, object] | None:
    """An object with a text. Anything else that happens to be JSON is text as it stands."""
    if not said.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "text" in value else None


def _form(said: str) -> dict[str, object] | None:
    """`text=…&level=…`, as curl's --data-urlencode sends it. Its -d calls plain text a form, too: that is text."""
    try:
        pairs = parse_qsl(said, keep_blank_values=True, strict_parsing=True, max_num_fields=2, errors="replace")
    except ValueError:
        return None
    fields: dict[str, object] = dict(pairs)
    return fields if "text" in fields and fields.keys() <= {"text", "level"} else None
