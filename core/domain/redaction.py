"""Secrets in text that quotes them, found by value, by the variable's name or by their looks, and hidden (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import quote

SHORTEST_SECRET = 4
"""Characters. Shorter values are no secrets, and hiding every `1` makes a text unreadable."""

MASK = "***"

_LONGEST_TEXT = 4_000
"""Characters that are looked through; the rest is left out, for it would be shown to nobody."""

_QUOTE = r"(?:\\*[\"'`“”‘’]|&quot;|&#3[49];|%22|%27)"
_EQUALS = r"(?:=>|:=|[?+]?=|%3D|\\u003d|&#61;)"
_SIGN = rf"(?:{_EQUALS}|->|:|>|%3A|\\u003a)"
_VALUE = rf"(?:\b|(?<=%22))val(?:ue)?\w*{_QUOTE}?"
_STARTS_A_WORD = r"(?:(?<![A-Za-z0-9_])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=-e))"
_STARTS_A_KEY = r"(?:(?<![A-Za-z])|(?<=\\[nrt]))"
_SHORT_NAME = 3
"""Names of so many letters also stand in the middle of ordinary words."""

_ENDS = frozenset(",;)}]&<|")
"""What stands behind a quoted value that is over."""

_GOES_ON = """
is was were has had not invalid rejected refused denied failed failure error errors cannot could missing unknown
unauthorized forbidden expired required unsupported exceeded image container manifest
"""
_ORDINARY = frozenset(_GOES_ON.split())
"""Words that go on with the sentence behind a value without quotes: all others may still belong to it."""

_TELLING_NAME = (
    r"[A-Za-z0-9_]{0,40}(?:TOKEN|SECRET|PASSW(?:OR)?D|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)[A-Za-z0-9_]{0,40}"
)
"""Names of variables that tell by themselves that their values are secrets."""

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(://)(?=[^\s\"'<>]*:)[^\s\"'<>]*@"), rf"\1{MASK}@"),
    (re.compile(r"(?<![^\s\"'(=,])[^\s/:@\"']+:[^\s/@\"']+@(?!sha\d+:)(?=[A-Za-z0-9])"), f"{MASK}@"),
    (re.compile(r"\b(Bearer|Basic)(\s+|%20|\+)(?=\S*\d|\S{20,})[^\s\"',;]{6,}", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(r"((?:/|%2F)hooks(?:/|%2F)[0-9a-z]{4,20}(?:/|%2F))[\w-]{8,}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"{_STARTS_A_KEY}(?:hf|r8)_(?=\w*[A-Z0-9])\w{{8,}}"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}sk-(?:(?=[\w-]*\d)[\w-]{{8,}}|[\w-]{{16,}})"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}(?:sk|pk|rk)_\w{{8,}}"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}(?:gh[pousr]|github_pat|npm|whsec|dckr_pat)_[\w-]{{8,}}"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}(?:xox[a-z]|xapp|glpat|pypi)-[\w-]{{6,}}"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}(?:AKIA|ASIA)[A-Z0-9]{{12,}}"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}AIza[\w-]{{16,}}"), MASK),
    (re.compile(rf"{_STARTS_A_KEY}eyJ[\w-]{{6,}}(?:\.[\w-]*){{0,4}}"), MASK),
    (re.compile(r"(?<![A-Za-z0-9])(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])(?=[A-Za-z]*\d)[A-Za-z0-9]{28,}"), MASK),
)
"""How keys of well-known services and other secrets look, and what takes their place. The last one: a long word of
small letters, capitals and digits, which digests of images (hexadecimal) are not."""


def encodings_of(secrets: Iterable[str]) -> list[str]:
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


def without_known_secrets(text: str) -> str:
    """The text without what looks like a secret, and without the values of variables whose names say that they are."""
    text = text[:_LONGEST_TEXT]
    named = {found.upper() for found in re.findall(_TELLING_NAME, text, re.IGNORECASE)}
    text = _Names.of(named, told_by_equals=True).hidden_in(text) if named else text
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def without_values(text: str, names: Iterable[str]) -> str:
    """The text without the values of the variables of these names, as shells, JSON, YAML, Docker and URLs write them.

    A value in quotes ends with them. One without may go on after a blank, so that it ends where an ordinary sentence
    goes on: rather a word too much is hidden than one too few. Without a name in it the text stays as it is.
    """
    known = {name for name in names if name}
    return _Names.of(known).hidden_in(text[:_LONGEST_TEXT]) if known else text


class _Names:
    """Variables whose values are to be found. With `told_by_equals` a colon alone does not say that a value follows."""

    def __init__(self, names: Iterable[str], *, told_by_equals: bool) -> None:
        anyone = "|".join(map(_as_written, sorted(names, key=len, reverse=True)))
        sign = rf"{_EQUALS}|{_QUOTE}\s*{_SIGN}" if told_by_equals else rf"{_QUOTE}?\s*{_SIGN}"
        beside = rf"{_QUOTE}\s*,\s*(?!{_QUOTE}?(?:val|type))|\s+(?={_QUOTE})"
        self._pairs = re.compile(
            rf"(?:{anyone})[^{{}}]{{0,80}}?{_VALUE}\s*(?:{_SIGN}\s*|is\s+|(?={_QUOTE}))", re.IGNORECASE
        )
        self._direct = re.compile(
            rf"(?:{anyone})\s*(?:(?:{sign})\s*|{beside})"
            rf"|(?:(?-i:\bENV)|\bsetenv|\bset -\w+)\s+(?:{anyone})\s+(?=[^\s=])",
            re.IGNORECASE,
        )
        self._behind = re.compile(
            rf"(?:\b(?:for|of|in|to)\s+(?:\w+\s+){{0,3}}|(?:\b|(?<=%22))(?:key|name|variable|env\w*){_QUOTE}?\s*{_SIGN}\s*)"
            rf"{_QUOTE}?(?:{anyone})",
            re.IGNORECASE,
        )

    @classmethod
    def of(cls, names: Iterable[str], *, told_by_equals: bool = False) -> _Names:
        return _names(frozenset(names), told_by_equals)

    def hidden_in(self, text: str) -> str:
        text = self._hidden_before(text)
        for pattern in (self._pairs, self._direct):
            text = _hidden_after(text, pattern)
        return text

    def _hidden_before(self, text: str) -> str:
        """Of `{"value": "…", "key": "NAME"}` and `the value "…" of NAME`."""
        parts, at = list[str](), 0
        for found in self._behind.finditer(text):
            value = _VALUE_BEGINS.search(text, at, found.start())
            if value is not None and (hidden := text[value.end() : found.start()].strip()) and hidden != MASK:
                parts += [text[at : value.end()], f"{MASK} "]
                at = found.start()
        return "".join([*parts, text[at:]])


_HIDDEN_BEFORE = re.compile(rf"{re.escape(MASK)}(?=[\s{re.escape(''.join(sorted(_ENDS)))}]|$)")
_VALUE_BEGINS = re.compile(rf"{_VALUE}\s*(?:{_SIGN})?\s*", re.IGNORECASE)


@lru_cache(maxsize=256)
def _names(names: frozenset[str], told_by_equals: bool) -> _Names:
    return _Names(names, told_by_equals=told_by_equals)


def _as_written(name: str) -> str:
    """A name also with its underscores escaped; a short one only where a word begins."""
    escaped = r"(?:\\*_|%5F)".join(map(re.escape, name.split("_")))
    return f"{_STARTS_A_WORD}(?-i:{escaped})" if len(name) <= _SHORT_NAME else escaped


def _hidden_after(text: str, pattern: re.Pattern[str]) -> str:
    """What begins behind each match is hidden as far as it may reach."""
    parts, at = list[str](), 0
    while (found := pattern.search(text, at)) is not None:
        end = _value_end(text, found.end())
        if end > found.end():
            parts += [text[at : found.end()], MASK]
        else:
            parts.append(text[at : found.end()])
        at = end
    return "".join([*parts, text[at:]])


def _value_end(text: str, start: int) -> int:
    """Where a value that begins at `start` is over, at the latest."""
    if _HIDDEN_BEFORE.match(text, start):
        return start + len(MASK)
    at = _word_end(text, start)
    return at if _opening(text, start) else _sentence_begins(text, at)


def _word_end(text: str, start: int) -> int:
    """Behind a word, in which quotes may hold blanks and a backslash takes away a blank's meaning."""
    at, was_quoted = start, False
    while at < len(text) and not text[at].isspace():
        if was_quoted and text[at] in _ENDS:
            break
        opened = _opening(text, at)
        if opened is not None:
            at = _closing(text, at, opened.group())
        else:
            at += 2 if text[at] == "\\" else 1
        was_quoted = opened is not None
    return min(at, len(text))


_opening: Callable[[str, int], re.Match[str] | None] = re.compile(_QUOTE).match
_CLOSES = {"“": "”", "‘": "’"}


def _closing(text: str, at: int, opened: str) -> int:
    """Behind the quote that closes the one at `at`; the text's end when none does.

    Inside JSON that stands inside JSON a quote has backslashes itself, and one of the value's has more.
    """
    mark, depth = opened.lstrip("\\"), len(opened) - len(opened.lstrip("\\"))
    mark = _CLOSES.get(mark, mark)
    place = at + len(opened)
    while (place := text.find(mark, place)) >= 0:
        before = text[at + len(opened) : place]
        slashes = len(before) - len(before.rstrip("\\"))
        if mark[0] == "%" or mark[0] == "&":
            is_closed = not before.upper().endswith("%5C")
        else:
            is_closed = slashes >= depth and (slashes - depth) % (2 * (depth + 1)) == 0
        place += len(mark)
        if is_closed:
            return place
    return len(text)


def _sentence_begins(text: str, at: int) -> int:
    """The place, from `at` on, where a word begins that belongs to no value; the text's end when there is none."""
    for word in re.finditer(r"\S+", text[at:]):
        if word.group().strip(".,:;!?()[]{}\"'").casefold() in _ORDINARY:
            return at + word.start() - 1
    return len(text)
