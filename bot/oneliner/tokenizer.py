"""A command's text as Slack sends it, split into words: entities and `<…|label>` undone, quotes and `key=` read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.slack import typed
from bot.slack.typed import LIMIT, without_markup

_DOUBLE, _SINGLE = typed.DOUBLE_QUOTES, typed.SINGLE_QUOTES
_ESCAPED = re.compile(r"\\u(10[0-9a-f]{4}|[0-9a-f]{1,5});|\\(.)", re.DOTALL)
_BRACKETS = "()[]{}"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command. A quoted one may hold anything; a key is followed by its value."""

    text: str
    is_quoted: bool = False
    is_key: bool = False

    @property
    def is_bare(self) -> bool:
        return not (self.is_quoted or self.is_key)


class Tokenizer:
    """Splits texts in which `keys` may stand before `=` or `:`. It takes time in proportion to the text."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._word = re.compile(
            rf"[-–—]{{0,2}}(?P<key>{'|'.join(sorted(keys, key=len, reverse=True))})\s*[=:＝：]"
            rf"|[{_DOUBLE}](?P<double>(?:[^{_DOUBLE}\\]|\\.)*+)[{_DOUBLE}]"
            rf"|[{_SINGLE}](?P<single>[^{_SINGLE}]*+)[{_SINGLE}]"
            rf"|(?P<bare>(?:\\[{_DOUBLE}]|[^\s,;，；{_DOUBLE}])++)",
            re.IGNORECASE | re.DOTALL,
        )

    def split(self, text: str) -> list[Word]:
        """The words of a text that Slack sent, as far as the limit."""
        found = self._word.finditer(without_markup(text)[:LIMIT])
        return [word for one in found if (word := _word_of(one))]


def quote(text: str) -> str:
    """The text in quotes, so that it is one word, on one line, and the same with and without Slack's escaping."""
    plain = re.sub(rf"[{_DOUBLE}\\]", r"\\\g<0>", text)
    hidden = re.sub(r"<|&(?=(?:amp|lt|gt);)", _hidden, plain)
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):x};" for char in hidden) + '"'


def excess(text: str) -> int:
    """How many of the characters that were typed are beyond the limit."""
    return max(0, len(without_markup(text)) - LIMIT) if len(text) > LIMIT else 0


def _word_of(found: re.Match[str]) -> Word | None:
    if (key := found["key"]) is not None:
        return Word(key.lower(), is_key=True)
    if (double := found["double"]) is not None:
        return Word(_ESCAPED.sub(_unescaped, double), is_quoted=True)
    if (single := found["single"]) is not None:
        return Word(single, is_quoted=True)
    bare = unicodedata.normalize("NFKC", found["bare"]).strip(_BRACKETS + _SINGLE)
    bare = bare.rstrip(".:!?。" + _BRACKETS + _SINGLE)
    return Word(bare) if bare else None


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[2]


def _hidden(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):x};"
