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
from bot.views.card import card as card_message
from bot.views.card import retired_card
from bot.views.private import private_notice, twice_notice
from bot.views.thread import reply
from core.domain.base import NOBODY, PROGRAM
from core.domain.card import Card
from core.domain.clock import Clock
from core.domain.events import Event, MachineReported, PhaseChanged, ReportsLeftOut
from core.domain.instance import Instance
from core.services.outbox import RetryLater, Stuck

_SAID_BY_MACHINES = (MachineReported, ReportsLeftOut)
"""Nothing on the card follows from them."""

CARD = "gpu_instance"
"""The `event_type` of a card's metadata, which holds the instance's id."""

_SEEN_FOR = timedelta(minutes=5)
"""A card that was posted or edited within this time is taken to be there still."""

log = structlog.get_logger(__name__)


class SlackNotifier:
    """One of the dispatcher's notifiers. What it remembers of an instance is its card, which roots the thread.

    In each telling the one post that cannot be taken back comes last, so that a repetition repeats nothing else.
    """

    name = "slack"
    state = Card

    def __init__(self, client: AsyncWebClient, identity: Identity, clock: Clock, *, admins: Sequence[str] = ()) -> None:
        """`admins` are called, beside the owner, where money runs on against a wish."""
        self._client = client
        self._identity = identity
        self._clock = clock
        self._admins = admins

    async def deliver(self, instance: Instance, event: Event, state: Card, *, latest: bool) -> Card:
        """Tells one event. Raises RetryLater when Slack is away or asks to wait, Stuck when somebody has to mend it.

        RetryLater also when the story has a new place: that is remembered before anything is posted there.
        """
        try:
            message = reply(instance, event, admins=self._admins)
            card = await self._with_card(instance, event, state, latest=latest, is_followed=message is not None)
            return card if message is None else await self._reply(instance, message, card)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is SlackErrorKind.AWAY:
                raise RetryLater(f"Slack: {slack_errors.error_code(error)}", slack_errors.retry_after(error)) from error
            raise Stuck(f"Slack: {slack_errors.error_code(error)}") from error

    async def redraw(self, instance: Instance, card: Card) -> None:
        """Draws the card as it should be now, with no news to tell. A failure is logged: the next event draws it."""
        try:
            await self._update_card(instance, card)
        except CALL_FAILED as error:
            log.warning("card_not_redrawn", instance_id=instance.id, error=slack_errors.error_code(error))

    async def retire(self, instance: Instance, card: Card, channel: str, ts: str) -> None:
        """A second card of the same instance, made when Slack's answer to the first was lost, or left where the story
        was before: it says where the story goes on, and loses its buttons. A failure is logged."""
        address = self._identity.permalink(card.channel, card.ts or "")
        try:
            await self._call("chat.update", retired_card(instance, address), channel=channel, ts=ts)
        except CALL_FAILED as error:
            log.warning("card_not_retired", instance_id=instance.id, error=slack_errors.error_code(error))

    async def _with_card(
        self, instance: Instance, event: Event, card: Card, *, latest: bool, is_followed: bool
    ) -> Card:
        """The card as it should be now: edited for the latest of several events, never for what a machine says.

        It is `stale` when an edit was left to the latest event, and that may be one of a machine's. A card that was not
        looked at for a while is edited all the same: nobody reads a reply under one that was deleted.
        """
        if not self._has_place(instance, card):
            return _noted(await self._open(instance, card), is_followed)
        if not card.ts:
            return card
        is_stale = card.stale or not isinstance(event, _SAID_BY_MACHINES)
        if (latest and is_stale) or self._is_long_unseen(card):
            return await self._edited(instance, event, card)
        return card.model_copy(update={"stale": is_stale})

    def _has_place(self, instance: Instance, card: Card) -> bool:
        """Whether there is a card, or nowhere that one was wanted: only a program can wish for that."""
        return bool(card.ts) or (card.ts is not None and _is_told_nowhere(instance))

    def _is_long_unseen(self, card: Card) -> bool:
        return not timedelta() <= self._clock.now() - datetime.fromtimestamp(card.seen, UTC) < _SEEN_FOR

    async def _open(self, instance: Instance, card: Card) -> Card:
        """Posts the card where it was asked for or, when that place is closed to the bot, to the owner.

        When Slack's answer is lost, the card may be there all the same: the one that is posted next says so.
        """
        try:
            return await self._open_anywhere(instance, card)
        except CALL_FAILED as error:
            if not slack_errors.may_be_done(error):
                raise
            twice = card.model_copy(update={"twice": True})
            raise RetryLater(f"Slack: {slack_errors.error_code(error)}", None, twice) from error

    async def _open_anywhere(self, instance: Instance, card: Card) -> Card:
        if instance.request.channel is None:
            return await self._open_privately(instance, "", card)
        try:
            return await self._post_card(instance, instance.request.channel, twice=card.twice)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            return await self._open_privately(instance, slack_errors.error_code(error), card)

    async def _open_privately(self, instance: Instance, why: str, card: Card) -> Card:
        """Tells the story to the owner, with a word on why not in the channel and what to do about it.

        Raises Stuck when a program asked for a channel that is closed, since it reads no messages, and when the owner
        takes none either.
        """
        if _is_told_nowhere(instance):
            return Card(ts="")
        if instance.owner == PROGRAM:
            raise Stuck(f"Slack: {why}, and the HTTP API can be told nothing here")
        try:
            return await self._post_card(instance, instance.owner.user, twice=card.twice, why=why)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            where = f"{why} in its channel, " if why else ""
            raise Stuck(f"Slack: {where}{slack_errors.error_code(error)} in a direct message to its owner") from error

    async def _edited(self, instance: Instance, event: Event, card: Card) -> Card:
        """The card once it shows how it is now, or as much of that as has to be."""
        try:
            await self._update_card(instance, card)
        except CALL_FAILED as error:
            kind, word = slack_errors.kind_of(error), slack_errors.error_code(error)
            is_passing = isinstance(event, PhaseChanged)
            if kind is SlackErrorKind.LOST and not (is_passing and word == "edit_window_closed"):
                log.warning("card_lost", instance_id=instance.id, error=word)
                raise self._moved(await self._renewed(instance, card)) from error
            if kind is SlackErrorKind.CLOSED or is_passing:
                # The reply finds out whether the place is closed. The next event edits the card anyway; a busy Slack
                # must not hold up what matters.
                log.info("card_edit_skipped", instance_id=instance.id, error=word)
                return card.model_copy(update={"stale": True})
            raise
        return card.model_copy(update={"stale": False, "seen": self._stamp()})

    async def _update_card(self, instance: Instance, card: Card) -> None:
        if card.ts:
            await self._call("chat.update", self._drawn(instance, card), channel=card.channel, ts=card.ts)

    async def _renewed(self, instance: Instance, card: Card) -> Card:
        """A new card in the place of one that is gone."""
        try:
            return await self._post_card(instance, card.channel, why=card.why)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            return await self._open_privately(instance, slack_errors.error_code(error), Card())

    async def _reply(self, instance: Instance, message: Message, card: Card) -> Card:
        if not card.ts:
            return card
        try:
            await self._post(card.channel, message, thread_ts=card.ts)
        except CALL_FAILED as error:
            if slack_errors.kind_of(error) is SlackErrorKind.LOST:
                raise self._moved(await self._renewed(instance, card)) from error
            if slack_errors.kind_of(error) is not SlackErrorKind.CLOSED:
                raise
            raise self._moved(await self._open_privately(instance, slack_errors.error_code(error), Card())) from error
        return card

    def _moved(self, card: Card) -> RetryLater:
        """Where the story goes on is remembered before anything else is posted there."""
        return RetryLater("the story has a new place", timedelta(), card)

    async def _post_card(self, instance: Instance, channel: str, *, twice: bool = False, why: str = "") -> Card:
        payload = {"instance_id": instance.id, "request_id": instance.intent.request_id}
        metadata = {"event_type": CARD, "event_payload": payload}
        card = Card(twice=twice, why=why, seen=self._stamp())
        answer = await self._post(channel, self._drawn(instance, card), metadata=metadata)
        return card.model_copy(update={"channel": str(answer["channel"]), "ts": str(answer["ts"])})

    def _drawn(self, instance: Instance, card: Card) -> Message:
        """The card; with a notice on top when it stands where it was not meant to be, or may stand there twice."""
        message = card_message(instance, self._clock.now())
        notices = [private_notice(instance, card.why, self._identity.bot_user)] if card.why else []
        notices += [twice_notice()] if card.twice else []
        text = "\n".join(each.text for each in (*notices, message))
        return Message(text, [block for each in (*notices, message) for block in each.blocks])

    def _stamp(self) -> int:
        return int(self._clock.now().timestamp())

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


def _noted(card: Card, is_followed: bool) -> Card:
    """A new card; when a reply is to follow it, raises RetryLater so that it is written down before."""
    if is_followed and card.ts:
        raise RetryLater("the card comes first", timedelta(), card)
    return card
