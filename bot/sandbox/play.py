"""What every rehearsal stands on: a story with a person in it, waits that end, and changes shown as they come."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.text import Text

from bot.sandbox.children import Trouble
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import Change, Message, Person, View
from bot.sandbox.slack.terminal import Reader, mrkdwn_text, reader_of
from bot.sandbox.stage import Stage
from bot.sandbox.verdict import Claim

T = TypeVar("T")
PATIENCE_SECONDS = 20.0


class Play:
    """`step` says where the story is."""

    def __init__(self, sandbox: Sandbox, stage: Stage) -> None:
        self.step = "The beginning"
        self._sandbox = sandbox
        self._stage = stage
        self._slack = sandbox.slack
        self._ada: Person = sandbox.slack.person("ada")

    async def play(self) -> None:
        """The whole story. Raises Trouble, LookupError or TimeoutError where it is not as it should be."""
        raise NotImplementedError

    def _heading(self, sentence: str) -> None:
        self.step = f"“{sentence}”"
        self._stage.heading(sentence)

    async def _until(self, holds: Callable[[], T | None], otherwise: str) -> T:
        found: T | None = None
        with contextlib.suppress(TimeoutError):
            found = await self._slack.wait_until(holds, PATIENCE_SECONDS)
        if found is None:
            raise Trouble(f"{otherwise}, after {PATIENCE_SECONDS:g} s.")
        return found

    def _judge(self, claims: Iterable[Claim]) -> None:
        self._heading("Was all that true? Looked up at both servers and in the logs:")
        for claim in claims:
            if claim.objections:
                raise Trouble(f"Not so: “{claim.words}” But: {'; '.join(claim.objections)}")
            self._stage.tick(claim.words)

    @contextlib.contextmanager
    def _following(self, kind: str, subject: View | Message) -> Iterator[None]:
        """Shows the subject's headline whenever it says something new, with the seconds since the beginning."""
        began, shown = time.perf_counter(), ""

        def look() -> None:
            nonlocal shown
            headline = _headline(subject, self._reader)
            if headline.plain != shown:
                shown = headline.plain
                self._stage.moment(time.perf_counter() - began, headline)

        def heed(change: Change) -> None:
            if change.kind == kind and change.subject is subject:
                look()

        if isinstance(subject, Message):
            look()
        unsubscribe = self._slack.subscribe(heed)
        try:
            yield
        finally:
            unsubscribe()

    @property
    def _reader(self) -> Reader:
        return reader_of(self._slack.workspace)


async def perform(play: Play) -> None:
    """Plays it from beginning to end. Raises Trouble at the first thing that is not as it should be."""
    try:
        await play.play()
    except (LookupError, TimeoutError) as error:
        raise Trouble(f"{play.step} went wrong: {str(error) or 'it did not happen in time'}.") from error


def _headline(shown: View | Message, reader: Reader) -> Text:
    """The last line of the first section."""
    return mrkdwn_text(str(shown.blocks[0]["text"]["text"]).rpartition("\n")[2], reader)
