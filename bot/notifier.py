"""Tells an instance's story in Slack: one headline card, edited in place, and replies in its thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import faults
from bot.faults import CALL_FAILED, Kind
from bot.identity import Identity
from bot.views.blocks import Message
from bot.views.card import card
from bot.views.private import private_notice
from bot.views.thread import reply
from core.clock import Clock
from core.events import Event, MachineReported, PhaseChanged, ReportsLeftOut
from core.models import PROGRAM, Instance
from core.outbox import GivenUp, Memo, NotDelivered

_SAID_BY_MACHINES = (MachineReported, ReportsLeftOut)
"""Nothing on the card follows from them."""

log = structlog.get_logger(__name__)


class SlackNotifier:
    """One of the outbox's notifiers. Its memo holds the channel and the `ts` of the card, which roots the thread.

    In each telling the one post that cannot be taken back comes last, so that a repetition repeats nothing else.
    """

    name = "slack"

    def __init__(self, client: AsyncWebClient, identity: Identity, clock: Clock, *, admins: Sequence[str] = ()) -> None:
        """`admins` are called, beside the owner, where money runs on against a wish."""
        self._client = client
        self._identity = identity
        self._clock = clock
        self._admins = admins

    async def tell(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        """Tells one event. Raises NotDelivered when Slack is away or asks to wait."""
        try:
            memo = await self._with_card(instance, event, memo, latest=latest)
            message = reply(instance, event, admins=self._admins)
            return memo if message is None else await self._reply(instance, message, memo)
        except CALL_FAILED as error:
            if faults.kind_of(error) is Kind.REFUSED:
                raise
            raise NotDelivered(f"Slack: {faults.word_of(error)}", faults.retry_after(error)) from error

    async def redraw(self, instance: Instance, memo: Memo) -> None:
        """Draws the card as it should be now, with no news to tell. A failure is logged: the next event draws it."""
        try:
            await self._update_card(instance, memo)
        except CALL_FAILED as error:
            log.warning("card_not_redrawn", instance_id=instance.id, error=faults.word_of(error))

    async def _with_card(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        """The card as it should be now: edited for the latest of several events, never for what a machine says.

        `stale` is remembered when an edit was left to the latest event, and that may be one of a machine's.
        """
        if "ts" not in memo:
            return await self._open(instance)
        is_stale = "stale" in memo or not isinstance(event, _SAID_BY_MACHINES)
        if not latest:
            return memo | ({"stale": "yes"} if is_stale else {})
        if is_stale:
            await self._edit_card(instance, event, memo)
        return {name: known for name, known in memo.items() if name != "stale"}

    async def _open(self, instance: Instance) -> Memo:
        """Posts the card where it was asked for or, when that place is closed to the bot, to the owner."""
        if instance.request.channel is None:
            return await self._open_privately(instance, "")
        try:
            return await self._post_card(instance, instance.request.channel)
        except CALL_FAILED as error:
            if faults.kind_of(error) is not Kind.CLOSED:
                raise
            return await self._open_privately(instance, faults.word_of(error))

    async def _open_privately(self, instance: Instance, why: str) -> Memo:
        """Tells the story to the owner, with a word on why not in the channel and what to do about it.

        Raises GivenUp when a program asked for a channel that is closed: it reads no messages.
        """
        if instance.owner == PROGRAM and why:
            raise GivenUp(f"Slack: {why}, and the HTTP API can be told nothing here")
        if instance.owner == PROGRAM:
            return {"channel": "", "ts": ""}
        try:
            return await self._post_card(instance, instance.owner.user, why)
        except CALL_FAILED as error:
            if faults.kind_of(error) is not Kind.CLOSED:
                raise
            log.error("nowhere_to_tell", instance_id=instance.id, channel=why, direct=faults.word_of(error))
            return {"channel": "", "ts": ""}

    async def _edit_card(self, instance: Instance, event: Event, memo: Memo) -> None:
        try:
            await self._update_card(instance, memo)
        except CALL_FAILED as error:
            kind = faults.kind_of(error)
            if kind in (Kind.LOST, Kind.CLOSED):
                log.warning("card_not_edited", instance_id=instance.id, error=faults.word_of(error))
            elif isinstance(event, PhaseChanged):
                # The next event edits the card anyway; a busy Slack must not hold up what matters.
                log.info("card_edit_skipped", instance_id=instance.id, error=faults.word_of(error))
            else:
                raise

    async def _update_card(self, instance: Instance, memo: Memo) -> None:
        if memo["ts"]:
            message = self._card(instance, memo.get("why", ""))
            await self._call("chat.update", message, channel=memo["channel"], ts=memo["ts"])

    async def _reply(self, instance: Instance, message: Message, memo: Memo) -> Memo:
        if not memo["ts"]:
            return memo
        try:
            await self._post(memo["channel"], message, thread_ts=memo["ts"])
        except CALL_FAILED as error:
            if faults.kind_of(error) is Kind.LOST:
                await self._post(memo["channel"], message)
                return memo
            if faults.kind_of(error) is not Kind.CLOSED:
                raise
            # Where the story goes on is remembered before anything else is posted there.
            moved = await self._open_privately(instance, faults.word_of(error))
            raise NotDelivered("the story moves to the owner", timedelta(), moved) from error
        return memo

    async def _post_card(self, instance: Instance, channel: str, why: str = "") -> Memo:
        payload = {"instance_id": instance.id, "request_id": instance.request_id}
        metadata = {"event_type": "gpu_instance", "event_payload": payload}
        answer = await self._post(channel, self._card(instance, why), metadata=metadata)
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"]), **({"why": why} if why else {})}

    def _card(self, instance: Instance, why: str) -> Message:
        """The card; with a notice on top when it stands where it was not meant to be."""
        message = card(instance, self._clock.now())
        if not why:
            return message
        notice = private_notice(instance, why, self._identity.bot_user)
        return Message(f"{notice.text}\n{message.text}", [*notice.blocks, *message.blocks])

    async def _post(self, channel: str, message: Message, **more: Any) -> Mapping[str, Any]:
        return await self._call("chat.postMessage", message, channel=channel, unfurl_links=False, **more)

    async def _call(self, method: str, message: Message, **more: Any) -> Mapping[str, Any]:
        """Sends a message; when Slack dislikes its blocks, the plain text, so that no defect in drawing hides news."""
        arguments = {"unfurl_media": False, **more} if method == "chat.postMessage" else more
        try:
            answer = await self._client.api_call(
                method, json={"text": message.text, "blocks": message.blocks, **arguments}
            )
        except CALL_FAILED as error:
            if faults.kind_of(error) is not Kind.MALFORMED:
                raise
            log.error("blocks_refused", method=method, error=faults.word_of(error), exc_info=error)
            plain = {"text": message.text[:3900], "blocks": []}
            answer = await self._client.api_call(method, json={**plain, **arguments})
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        return data
