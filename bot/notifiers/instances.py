"""Tells an instance's story in Slack: one headline card, edited in place, and replies in its thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED, SlackErrorKind
from bot.slack.identity import Identity
from bot.views.blocks import Message
from bot.views.card import card, retired_card
from bot.views.private import private_notice, twice_notice
from bot.views.thread import reply
from core.domain.base import NOBODY, PROGRAM
from core.domain.clock import Clock
from core.domain.events import Event, MachineReported, PhaseChanged, ReportsLeftOut
from core.domain.instance import Instance
from core.services.outbox import Memo, RetryLater, Stuck

_SAID_BY_MACHINES = (MachineReported, ReportsLeftOut)
"""Nothing on the card follows from them."""

CARD = "gpu_instance"
"""The `event_type` of a card's metadata, which holds the instance's id."""

_SEEN_FOR = timedelta(minutes=5)
"""A card that was posted or edited within this time is taken to be there still."""

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
        """Tells one event. Raises NotDelivered when Slack is away or asks to wait, Stuck when somebody has to mend it.

        Both also when the story has a new place: that is remembered before anything is posted there.
        """
        try:
            message = reply(instance, event, admins=self._admins)
            memo = await self._with_card(instance, event, memo, latest=latest, is_followed=message is not None)
            return memo if message is None else await self._reply(instance, message, memo)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is SlackErrorKind.AWAY:
                raise RetryLater(f"Slack: {slack_errors.error_code(error)}", slack_errors.retry_after(error)) from error
            raise Stuck(f"Slack: {slack_errors.error_code(error)}") from error

    async def redraw(self, instance: Instance, memo: Memo) -> None:
        """Draws the card as it should be now, with no news to tell. A failure is logged: the next event draws it."""
        try:
            await self._update_card(instance, memo)
        except CALL_FAILED as error:
            log.warning("card_not_redrawn", instance_id=instance.id, error=slack_errors.error_code(error))

    async def retire(self, instance: Instance, memo: Memo, channel: str, ts: str) -> None:
        """A second card of the same instance, made when Slack's answer to the first was lost, or left where the story
        was before: it says where the story goes on, and loses its buttons. A failure is logged."""
        address = self._identity.permalink(memo.get("channel", ""), memo.get("ts", ""))
        try:
            await self._call("chat.update", retired_card(instance, address), channel=channel, ts=ts)
        except CALL_FAILED as error:
            log.warning("card_not_retired", instance_id=instance.id, error=slack_errors.error_code(error))

    async def _with_card(
        self, instance: Instance, event: Event, memo: Memo, *, latest: bool, is_followed: bool
    ) -> Memo:
        """The card as it should be now: edited for the latest of several events, never for what a machine says.

        `stale` is remembered when an edit was left to the latest event, and that may be one of a machine's. A card that
        was not looked at for a while is edited all the same: nobody reads a reply under one that was deleted.
        """
        if not self._has_place(instance, memo):
            return _noted(await self._open(instance, memo), is_followed)
        if not memo["ts"]:
            return memo
        is_stale = "stale" in memo or not isinstance(event, _SAID_BY_MACHINES)
        if (latest and is_stale) or self._is_long_unseen(memo):
            return await self._edited(instance, event, memo)
        return memo | ({"stale": "yes"} if is_stale else {})

    def _has_place(self, instance: Instance, memo: Memo) -> bool:
        """Whether there is a card, or nowhere that one was wanted: only a program can wish for that."""
        return bool(memo.get("ts")) or ("ts" in memo and _is_told_nowhere(instance))

    def _is_long_unseen(self, memo: Memo) -> bool:
        seen = int(memo.get("seen", "0"))
        return not timedelta() <= self._clock.now() - datetime.fromtimestamp(seen, UTC) < _SEEN_FOR

    async def _open(self, instance: Instance, memo: Memo) -> Memo:
        """Posts the card where it was asked for or, when that place is closed to the bot, to the owner.

        When Slack's answer is lost, the card may be there all the same: the one that is posted next says so.
        """
        try:
            return await self._open_anywhere(instance, memo)
        except CALL_FAILED as error:
            if not slack_errors.may_be_done(error):
                raise
            raise RetryLater(f"Slack: {slack_errors.error_code(error)}", None, {**memo, "twice": "yes"}) from error

    async def _open_anywhere(self, instance: Instance, memo: Memo) -> Memo:
        if instance.request.channel is None:
            return await self._open_privately(instance, "", memo)
        try:
            return await self._post_card(instance, instance.request.channel, memo)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            return await self._open_privately(instance, slack_errors.error_code(error), memo)

    async def _open_privately(self, instance: Instance, why: str, memo: Memo) -> Memo:
        """Tells the story to the owner, with a word on why not in the channel and what to do about it.

        Raises Stuck when a program asked for a channel that is closed, since it reads no messages, and when the owner
        takes none either.
        """
        if _is_told_nowhere(instance):
            return {"channel": "", "ts": ""}
        if instance.owner == PROGRAM:
            raise Stuck(f"Slack: {why}, and the HTTP API can be told nothing here")
        try:
            return await self._post_card(instance, instance.owner.user, memo, why)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            where = f"{why} in its channel, " if why else ""
            raise Stuck(f"Slack: {where}{slack_errors.error_code(error)} in a direct message to its owner") from error

    async def _edited(self, instance: Instance, event: Event, memo: Memo) -> Memo:
        """The memo once the card shows how it is now, or as much of that as has to be."""
        try:
            await self._update_card(instance, memo)
        except CALL_FAILED as error:
            kind, word = slack_errors.kind_of(error), slack_errors.error_code(error)
            is_passing = isinstance(event, PhaseChanged)
            if kind is SlackErrorKind.LOST and not (is_passing and word == "edit_window_closed"):
                log.warning("card_lost", instance_id=instance.id, error=word)
                raise self._moved(await self._renewed(instance, memo)) from error
            if kind is SlackErrorKind.CLOSED or is_passing:
                # The reply finds out whether the place is closed. The next event edits the card anyway; a busy Slack
                # must not hold up what matters.
                log.info("card_edit_skipped", instance_id=instance.id, error=word)
                return {**memo, "stale": "yes"}
            raise
        return {name: known for name, known in memo.items() if name != "stale"} | {"seen": self._stamp()}

    async def _update_card(self, instance: Instance, memo: Memo) -> None:
        if memo["ts"]:
            message = self._card(instance, memo)
            await self._call("chat.update", message, channel=memo["channel"], ts=memo["ts"])

    async def _renewed(self, instance: Instance, memo: Memo) -> Memo:
        """A new card in the place of one that is gone."""
        try:
            return await self._post_card(instance, memo["channel"], {}, memo.get("why", ""))
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            return await self._open_privately(instance, slack_errors.error_code(error), {})

    async def _reply(self, instance: Instance, message: Message, memo: Memo) -> Memo:
        if not memo["ts"]:
            return memo
        try:
            await self._post(memo["channel"], message, thread_ts=memo["ts"])
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is SlackErrorKind.LOST:
                raise self._moved(await self._renewed(instance, memo)) from error
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            raise self._moved(await self._open_privately(instance, slack_errors.error_code(error), {})) from error
        return memo

    def _moved(self, memo: Memo) -> RetryLater:
        """Where the story goes on is remembered before anything else is posted there."""
        return RetryLater("the story has a new place", timedelta(), memo)

    async def _post_card(self, instance: Instance, channel: str, memo: Memo, why: str = "") -> Memo:
        payload = {"instance_id": instance.id, "request_id": instance.intent.request_id}
        metadata = {"event_type": CARD, "event_payload": payload}
        known = {**({"why": why} if why else {}), **({"twice": "yes"} if "twice" in memo else {})}
        answer = await self._post(channel, self._card(instance, known), metadata=metadata)
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"]), "seen": self._stamp(), **known}

    def _card(self, instance: Instance, memo: Memo) -> Message:
        """The card; with a notice on top when it stands where it was not meant to be, or may stand there twice."""
        message = card(instance, self._clock.now())
        notices = [private_notice(instance, memo["why"], self._identity.bot_user)] if "why" in memo else []
        notices += [twice_notice()] if "twice" in memo else []
        text = "\n".join(each.text for each in (*notices, message))
        return Message(text, [block for each in (*notices, message) for block in each.blocks])

    def _stamp(self) -> str:
        return str(int(self._clock.now().timestamp()))

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
            if slack_errors.kind_of(error) is not SlackErrorKind.MALFORMED:
                raise
            log.error("blocks_refused", method=method, error=slack_errors.error_code(error))
            plain = {"text": message.text[:3900], "blocks": []}
            answer = await self._client.api_call(method, json={**plain, **arguments})
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        return data


def _is_told_nowhere(instance: Instance) -> bool:
    """What nobody owns is told to the admins as an alarm, until it has an owner."""
    return instance.owner == NOBODY or (instance.owner == PROGRAM and instance.request.channel is None)


def _noted(memo: Memo, is_followed: bool) -> Memo:
    """The memo of a new card; when a reply is to follow it, raises NotDelivered so that the card is noted before."""
    if is_followed and memo["ts"]:
        raise RetryLater("the card comes first", timedelta(), memo)
    return memo
