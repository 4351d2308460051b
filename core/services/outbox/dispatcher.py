"""The dispatcher: tells the notifiers what is in the outbox, and goes on where a process that died has left off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import structlog

from core.domain.backoff import pause
from core.domain.clock import Clock, is_ahead
from core.domain.errors import StoreUnavailable, StoreWrongKind
from core.domain.instance import Instance
from core.services.alarms import AlarmKind, Alarms
from core.services.concurrency import end_all
from core.services.outbox.delivery import Claim, DeliveryRun, NotifierState, Progress, read_delivery_state, state_of
from core.services.outbox.notifier import LONGEST_WAIT, Abandoned, AnyNotifier, RetryLater, Stuck
from core.services.outbox.ports import OutboxStore
from core.telemetry import request_id

log = structlog.get_logger(__name__)

_PARALLEL = 24
"""Instances told at the same time by one process, and calls of one notifier."""

_AFTER_THE_ANSWER_SECONDS = 0.003
"""Whoever committed a change is about to answer a person who waits: that goes first, then the news."""

_LOOK_SECONDS, _LONGEST_LOOK_SECONDS = 0.25, 1.0
"""How often it is looked for news while a notifier takes its time: the others need not wait for it."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=2)
_FIRST_SLOW_WAIT, _LONGEST_SLOW_WAIT = timedelta(seconds=2), timedelta(minutes=30)
"""While nobody can be told: soon at first, since what is in the way may be mended at once, as by an invitation."""
_LONGEST_ASKED = timedelta(minutes=5)
"""As long as anybody's `Retry-After` may hold up a story; then it is asked again."""
_TRIES_AFTER_A_DEFECT = 8
"""How often an event is tried that fails for a reason of our own, before it is passed over, of which admins hear."""


class Dispatcher:
    """Tells the events of instances to the notifiers: what happened it is handed, or finds in the outbox."""

    def __init__(self, outbox: OutboxStore, notifiers: Iterable[AnyNotifier], clock: Clock) -> None:
        self._outbox = outbox
        self._notifiers = tuple(notifiers)
        self._clock = clock
        self._alarms = Alarms(outbox, clock)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._in_line: set[str] = set()
        self._turns = asyncio.Semaphore(_PARALLEL)
        self._calls = {each.name: asyncio.Semaphore(_PARALLEL) for each in self._notifiers}

    def start(self, instance_id: str, claim: Claim | None) -> None:
        """Begins to tell an instance's events. Without the right to it, asks for that first: a telling of this process
        may be just ending, and must not be taken for one that goes on."""
        if instance_id in self._running:
            self._again.add(instance_id)
        else:
            task = asyncio.create_task(self._tell_all(instance_id, claim), name=f"tell {instance_id}")
            self._running[instance_id] = task
            self._in_line.add(instance_id)

    async def sweep(self) -> int:
        """Tells what is due and nobody is telling; returns how many instances that were.

        Raises StoreUnavailable; one whose keys hold something else keeps none of the others waiting.
        """
        ids = [id_ for id_ in await self._outbox.due(self._clock.now()) if id_ not in self._running]
        claimed = 0
        for instance_id in ids:
            if len(self._in_line) >= _PARALLEL:
                break  # A claim runs out: it is made when there is time to use it.
            try:
                claim = await self._outbox.claim(instance_id, self._clock.now())
            except StoreWrongKind as error:
                log.error("not_claimed", instance_id=instance_id, error=str(error))
                continue
            if claim is not None:
                claimed += 1
                self.start(instance_id, claim)
        return claimed

    async def settled(self, instance_id: str) -> None:
        """Waits until nothing of this instance is being told in this process."""
        running = self._running.get(instance_id)
        if running is not None:
            await asyncio.wait({running})

    async def drain(self, patience: timedelta) -> None:
        """Waits until nothing is being told in this process, at most `patience`; what is left stays in the outbox."""
        if self._running:
            await asyncio.wait(set(self._running.values()), timeout=patience.total_seconds())

    async def _tell_all(self, instance_id: str, claim: Claim | None) -> None:
        """Tells one instance's events until there are no more, or one has to wait."""
        has_to_wait, turn = self._turns.locked(), False
        try:
            await asyncio.sleep(_AFTER_THE_ANSWER_SECONDS)
            turn = await self._turns.acquire()
            if claim is None or has_to_wait or instance_id in self._again:
                claim = await self._claim(instance_id)
            while claim is not None:
                await self._tell(claim)
                claim = await self._claim(instance_id) if instance_id in self._again else None
        except* StoreUnavailable as group:
            log.warning("telling_interrupted", instance_id=instance_id, error=str(group.exceptions[0]))
        except* Exception as group:
            log.error("telling_broke", instance_id=instance_id, exc_info=group)
        finally:
            self._again.discard(instance_id)
            del self._running[instance_id]
            if turn:
                self._let_others_go_first(instance_id)
            self._in_line.discard(instance_id)

    def _let_others_go_first(self, instance_id: str) -> None:
        """Gives its turn away, once: a notifier that hangs with one instance must not hold up all the others."""
        if instance_id in self._in_line:
            self._in_line.discard(instance_id)
            self._turns.release()

    async def _claim(self, instance_id: str) -> Claim | None:
        """The right to tell, with everything that has happened by now."""
        self._again.discard(instance_id)
        return await self._outbox.claim(instance_id, self._clock.now(), is_ours=True)

    async def _tell(self, claim: Claim) -> None:
        """Tells what there is, and what comes meanwhile: each notifier at its own pace, and none waits for another."""
        request_id.resume(claim.instance.id, claim.instance.intent.request_id)
        delivery, states = read_delivery_state(claim.delivery), {}
        for each in self._notifiers:
            progress = delivery.by.setdefault(each.name, NotifierState())
            progress.cursor = max(progress.cursor, claim.first)
            states[each.name] = state_of(each, progress, claim.card)
        run = DeliveryRun(claim.instance, claim.first, list(claim.events), delivery, states, pause=_LOOK_SECONDS)
        lanes: dict[str, asyncio.Task[bool]] = {}
        try:
            while more := await self._next(run, lanes):
                run.grow(more)
        finally:
            await end_all(lanes.values())

    async def _next(self, run: DeliveryRun, lanes: dict[str, asyncio.Task[bool]]) -> Claim | None:
        """Keeps the lanes going until there is news; None when all is told or put off, or the right to tell is lost."""
        while True:
            for each in self._notifiers:
                if each.name not in lanes and self._has_to_hear(run, run.delivery.by[each.name]):
                    lanes[each.name] = asyncio.create_task(self._tell_to(each, run))
            if not lanes:
                return await self._close(run)
            done, _ = await asyncio.wait(lanes.values(), timeout=run.pause, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._let_others_go_first(run.instance.id)
                run.pause = min(2 * run.pause, _LONGEST_LOOK_SECONDS)
                async with run.turn:
                    return await self._outbox.save_and_read_on(*self._reached(run), run.end)
            finished = {name: lanes.pop(name) for name, lane in list(lanes.items()) if lane in done}
            if any(lane.result() is False for lane in finished.values()):
                return None

    async def _close(self, run: DeliveryRun) -> Claim | None:
        """Gives back the right to tell, unless there is more to tell now."""
        # Of those there are now: one that was taken away while it waited would be due for ever, and hear nothing.
        present = [run.delivery.by[each.name] for each in self._notifiers]
        waits = [progress.due for progress in present if progress.due and progress.cursor < run.end]
        if waits:
            await self._outbox.postpone(*self._reached(run), run.end, min(waits))
            return None
        return await self._outbox.finish(*self._reached(run), run.end)

    def _reached(self, run: DeliveryRun) -> tuple[str, Progress]:
        return run.instance.id, run.progress(self._notifiers)

    def _has_to_hear(self, run: DeliveryRun, progress: NotifierState) -> bool:
        has_to_wait = progress.due is not None and is_ahead(progress.due, LONGEST_WAIT, self._clock.now())
        return progress.cursor < run.end and not has_to_wait

    async def _tell_to(self, notifier: AnyNotifier, run: DeliveryRun) -> bool:
        """Tells one notifier what it has not heard. False when the right to tell was lost to another process."""
        progress = run.delivery.by[notifier.name]
        while self._has_to_hear(run, progress):
            if progress.ended:
                progress.cursor = run.end
                break
            latest = progress.cursor == run.end - 1
            try:
                event = run.events[progress.cursor - run.first]
                async with self._calls[notifier.name]:
                    state = await notifier.deliver(run.instance, event, run.states[notifier.name], latest=latest)
            except Abandoned as error:
                await self._give_up(notifier, run.instance, progress, error)
                continue
            except Exception as error:  # noqa: BLE001 - whatever a notifier does, the others and the record are untouched
                await self._put_off(notifier, run.instance, progress, error)
                if isinstance(error, RetryLater) and error.state is not None:
                    run.states[notifier.name] = error.state
                    if not await self._noted(run):
                        return False
                continue
            run.states[notifier.name] = state
            progress.cursor, progress.tries, progress.due = progress.cursor + 1, 0, None
            if progress.stuck:
                await self._alarms.quiet(AlarmKind.NOT_TOLD, run.instance.id)
                progress.stuck = False
            if not latest and not await self._noted(run):
                return False
        return True

    async def _noted(self, run: DeliveryRun) -> bool:
        async with run.turn:
            return await self._outbox.save_progress(*self._reached(run))

    async def _give_up(
        self, notifier: AnyNotifier, instance: Instance, progress: NotifierState, error: Abandoned
    ) -> None:
        log.warning("notifier_gave_up", notifier=notifier.name, instance_id=instance.id, why=str(error))
        if error.news is not None:
            await self._outbox.add_news(instance.id, error.news, self._clock.now())
            self.start(instance.id, None)
        elif not error.is_wished:
            await self._alarms.sound(AlarmKind.WEBHOOK_REFUSED, notifier.name, {"why": str(error)})
        progress.ended, progress.due = True, None

    async def _put_off(
        self, notifier: AnyNotifier, instance: Instance, progress: NotifierState, error: Exception
    ) -> None:
        """Sets when it is tried again, and calls the admins where that helps nobody."""
        progress.tries += 1
        progress.due = self._clock.now() + _wait_after(progress.tries, error)
        if isinstance(error, RetryLater):
            log.warning(
                "not_told", notifier=notifier.name, instance_id=instance.id, why=str(error), tries=progress.tries
            )
            if isinstance(error, Stuck):
                await self._alarms.sound(AlarmKind.NOT_TOLD, instance.id, _facts(instance, str(error)))
                progress.stuck = True
            return
        log.error("notifier_broke", notifier=notifier.name, instance_id=instance.id, exc_info=error)
        if progress.tries >= _TRIES_AFTER_A_DEFECT:
            log.error("event_passed_over", notifier=notifier.name, instance_id=instance.id, place=progress.cursor)
            await self._alarms.sound(AlarmKind.PASSED_OVER, instance.id, _facts(instance, type(error).__name__))
            progress.cursor, progress.tries, progress.due = progress.cursor + 1, 0, None


def _wait_after(tries: int, error: Exception) -> timedelta:
    if isinstance(error, Stuck):
        return pause(tries, _FIRST_SLOW_WAIT, _LONGEST_SLOW_WAIT)
    asked = error.retry_after if isinstance(error, RetryLater) else None
    if asked is None:
        return pause(tries, _FIRST_WAIT, _LONGEST_WAIT)
    # At once is a wish for one time: again and again it would be a loop without a pause.
    return min(asked if tries == 1 else max(asked, _FIRST_WAIT), _LONGEST_ASKED)


def _facts(instance: Instance, why: str) -> dict[str, str]:
    return {"name": instance.request.name, "why": why}
