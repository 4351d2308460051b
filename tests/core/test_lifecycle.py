"""Orders and leases, against the make-believe Novita and a real Redis."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from core.domain.base import Actor, BillingMode
from core.domain.errors import InvalidRequest, NoSuchInstance, NotAllowed
from core.domain.events import InstanceStopped, LeaseReminder, OrderFailed, OrderStuck
from core.domain.instance import Instance, Status, StopReason
from core.domain.order import OrderOutcome, Verb
from core.domain.policy import Policy
from core.domain.request import LeaseEnd
from core.services.alarms import AlarmKind
from core.services.lifecycle import possible
from tests.core.processes import Process, process
from tests.core.samples import ADA, TurnedClock, record_with, request

POLICY = Policy(home_team="T0HOME", admins=("U0CY",))
BO, CY, GUEST = (Actor(user=user, team=team) for user, team in (("U0BO", "T0HOME"), ("U0CY", "T0HOME"), ("U0G", "T0X")))


@pytest.fixture
def boot_seconds() -> float:
    return 20


async def _running(web: Process, clock: TurnedClock, **changes: Any) -> Instance:
    made = await web.made(**changes)
    await web.works(clock, 30)
    record = await web.record(made.id)
    assert record.status is Status.RUNNING
    return record


async def _order(web: Process, verb: Verb, record: Instance, actor: Actor = ADA) -> Instance:
    ordered = await web.lifecycle.order(verb, record.id, actor, POLICY)
    return await web.lifecycle.carry_out(ordered.instance)


def _events(web: Process, kind: type) -> list[object]:
    return [event for event in web.told.events if isinstance(event, kind)]


async def test_an_instance_is_stopped_started_and_deleted_and_each_is_only_believed_when_seen(
    web: Process, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    assert (await _order(web, Verb.STOP, record)).status is Status.STOPPING
    await web.works(clock, 30)
    stopped = await web.record(record.id)
    assert (stopped.status, stopped.order, stopped.lease.ends_at) == (Status.STOPPED, None, None)
    assert _events(web, InstanceStopped)[0].reason is StopReason.ASKED  # type: ignore[attr-defined]
    await _order(web, Verb.START, stopped)
    await web.works(clock, 30)
    started = await web.record(record.id)
    assert started.status is Status.RUNNING
    assert started.lease.ends_at is not None, "the lease begins anew"
    await _order(web, Verb.DELETE, started)
    await web.works(clock, 60)
    assert (await web.record(record.id)).status is Status.DELETED


async def test_only_the_owner_and_admins_may_give_orders(web: Process, clock: TurnedClock) -> None:
    record = await _running(web, clock)
    for stranger in (BO, GUEST, Actor(user="U0CY", team="T0X")):
        with pytest.raises(NotAllowed):
            await web.lifecycle.order(Verb.STOP, record.id, stranger, POLICY)
        with pytest.raises(NotAllowed):
            await web.lifecycle.extend(record.id, timedelta(hours=1), stranger, POLICY)
        with pytest.raises(NotAllowed):
            await web.lifecycle.connect(record.id, stranger, POLICY)
    assert (await _order(web, Verb.STOP, record, CY)).status is Status.STOPPING
    with pytest.raises(NoSuchInstance):
        await web.lifecycle.order(Verb.STOP, "0000000000", ADA, POLICY)


async def test_many_clicks_at_once_give_one_order_and_all_but_one_hear_that_it_is_under_way(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    other = process(sandbox, redis_url, clock)
    orders = await asyncio.gather(
        *((web, other)[n % 2].lifecycle.order(Verb.STOP, record.id, (ADA, CY)[n % 2], POLICY) for n in range(8))
    )
    await other.close()
    first = [ordered for ordered in orders if not ordered.is_repeat]
    assert len(first) == 1
    await web.lifecycle.carry_out(first[0].instance)
    await web.works(clock, 30)
    assert len(sandbox.calls_of("stop")) == 1


@pytest.mark.parametrize("verb", [Verb.START])
async def test_what_makes_no_sense_now_is_refused_with_a_sentence(web: Process, clock: TurnedClock, verb: Verb) -> None:
    record = await _running(web, clock)
    assert verb not in possible(record)
    with pytest.raises(InvalidRequest, match="cannot start now: it is running"):
        await web.lifecycle.order(verb, record.id, ADA, POLICY)


@pytest.mark.parametrize(
    "fault", [Fault.server_error(), Fault.reset(has_effect=True), Fault.refused(400, "REQUEST", "invalid state change")]
)
async def test_a_stop_that_fails_is_sent_again_until_novita_shows_it_done(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock, fault: Fault
) -> None:
    record = await _running(web, clock)
    sandbox.fail_next("stop", fault, times=3)
    await _order(web, Verb.STOP, record)
    await web.works(clock, 600)
    assert (await web.record(record.id)).status is Status.STOPPED
    assert {machine.status(clock.now().timestamp()) for machine in sandbox.instances.values()} == {"exited"}


async def test_an_order_whose_process_died_is_carried_out_by_a_worker(web: Process, clock: TurnedClock) -> None:
    record = await _running(web, clock)
    await web.lifecycle.order(Verb.STOP, record.id, ADA, POLICY)
    await web.works(clock, 60)
    assert (await web.record(record.id)).status is Status.STOPPED


async def test_a_start_without_a_free_gpu_is_said_to_be_so_and_can_be_asked_again(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    await _order(web, Verb.STOP, record)
    await web.works(clock, 30)
    sandbox.out_of_stock_at_create(record.launch.offer.region.name if record.launch.offer else "")
    after = await _order(web, Verb.START, await web.record(record.id))
    await web.quiet()
    assert (after.status, after.order) == (Status.STOPPED, None)
    failed = _events(web, OrderFailed)[0]
    assert isinstance(failed, OrderFailed)
    assert (failed.is_final, failed.why.reason) == (True, "INSUFFICIENT_RESOURCE")
    assert Verb.START in possible(after)


async def test_a_delete_of_what_is_gone_already_is_a_success_once_that_is_certain(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    sandbox.vanish(record.remote.id or "")
    assert (await _order(web, Verb.DELETE, record)).order is not None
    await web.works(clock, 60)
    after = await web.record(record.id)
    assert after.status is Status.DELETED
    assert after.last_order is not None
    assert after.last_order.outcome is OrderOutcome.DONE
    assert not _events(web, OrderFailed)


async def test_a_restart_is_announced_when_it_is_done_and_keeps_the_lease(web: Process, clock: TurnedClock) -> None:
    record = await _running(web, clock)
    await _order(web, Verb.RESTART, record)
    await web.works(clock, 120)
    after = await web.record(record.id)
    assert (after.status, after.order, after.lease.ends_at) == (Status.RUNNING, None, record.lease.ends_at)
    assert web.told.types.count("instance_running") == 2


async def test_the_owner_is_reminded_once_an_hour_and_once_a_quarter_before_the_end_then_it_is_stopped(
    web: Process, clock: TurnedClock
) -> None:
    record = await _running(web, clock, lease=timedelta(hours=2))
    await web.works(clock, 2 * 3600 + 240, each=120)
    reminders = [event.minutes for event in web.told.events if isinstance(event, LeaseReminder)]
    assert reminders == [60, 15]
    assert (await web.record(record.id)).status is Status.STOPPED
    stopped = _events(web, InstanceStopped)[0]
    assert isinstance(stopped, InstanceStopped)
    assert stopped.reason is StopReason.LEASE


async def test_a_lease_that_was_to_end_in_deletion_deletes(web: Process, clock: TurnedClock) -> None:
    record = await _running(web, clock, lease=timedelta(hours=1), lease_end=LeaseEnd.DELETE)
    await web.works(clock, 3480, each=120)
    await web.works(clock, 300, each=60)
    assert (await web.record(record.id)).status is Status.DELETED


async def test_an_extension_moves_the_end_and_reminds_anew_but_never_beyond_the_longest_lease(
    web: Process, clock: TurnedClock
) -> None:
    record = await _running(web, clock, lease=timedelta(hours=1))
    await web.works(clock, 600, each=60)
    after = await web.lifecycle.extend(record.id, timedelta(hours=4), ADA, POLICY)
    assert record.lease.ends_at is not None
    assert after.lease.ends_at == record.lease.ends_at + timedelta(hours=4)
    far = await web.lifecycle.extend(record.id, timedelta(days=30), ADA, POLICY)
    assert far.lease.ends_at == clock.now() + timedelta(hours=72)
    assert far.lease.reminded == ()


async def test_no_lease_means_no_end(web: Process, clock: TurnedClock) -> None:
    record = await _running(web, clock, lease=None)
    await web.works(clock, 3600 * 100, each=3600 * 4)
    assert (await web.record(record.id)).status is Status.RUNNING
    with pytest.raises(InvalidRequest):
        await web.lifecycle.extend(record.id, timedelta(hours=1), ADA, POLICY)


async def test_two_workers_and_a_repeated_look_remind_and_stop_once(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    other = process(sandbox, redis_url, clock)
    record = await _running(web, clock, lease=timedelta(hours=1))
    for _ in range(70):
        clock.turn(seconds=60)
        await asyncio.gather(web.reconciler.run_once(), other.reconciler.run_once())
        await asyncio.gather(web.lifecycle.run_due(), other.lifecycle.run_due(), web.lifecycle.run_due())
    await web.quiet()
    await other.close()
    told = web.told.types + other.told.types
    assert told.count("lease_reminder") == 1, "an hour is too short for the reminder at 60 minutes"
    assert told.count("instance_stopped") == 1
    assert (await web.record(record.id)).status is Status.STOPPED


async def test_while_novita_is_away_the_owner_hears_that_the_stop_fails_until_it_is_certain(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock, lease=timedelta(hours=1))
    sandbox.fail_all(Fault.server_error(), "stop")
    await web.works(clock, 2 * 3600, each=120)
    failures = [event for event in web.told.events if isinstance(event, OrderFailed)]
    assert len(failures) >= 3
    assert not any(event.is_final for event in failures)
    assert (await web.record(record.id)).status is Status.RUNNING
    sandbox.clear_faults()
    await web.works(clock, 900, each=60)
    assert (await web.record(record.id)).status is Status.STOPPED


async def test_a_stopped_instance_reminds_of_its_disk_every_week(web: Process, clock: TurnedClock) -> None:
    record = await _running(web, clock)
    await _order(web, Verb.STOP, record)
    await web.works(clock, 3600, each=600)
    await web.works(clock, 86_400 * 15, each=43_200)
    assert web.told.types.count("disk_reminder") == 2


async def test_a_spot_notice_is_told_once_and_what_follows_is_called_a_reclaim(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    sandbox.give_spot_notice(record.remote.id or "", in_seconds=3600)
    await web.works(clock, 60)
    noticed = await web.record(record.id)
    assert noticed.spot.reclaim_at is not None
    assert web.told.types.count("spot_notice") == 1
    sandbox.reclaim(record.remote.id or "")
    await web.works(clock, 30)
    stopped = _events(web, InstanceStopped)[0]
    assert isinstance(stopped, InstanceStopped)
    assert stopped.reason is StopReason.RECLAIMED
    assert (await web.record(record.id)).standstill.reason is StopReason.RECLAIMED


async def test_a_reclaim_without_a_notice_is_one_by_what_novita_says_then(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    sandbox.reclaim(record.remote.id or "")
    await web.works(clock, 30)
    taken = await web.record(record.id)
    assert taken.standstill.reason is StopReason.RECLAIMED
    assert web.told.types.count("spot_notice") == 0
    sandbox.start_instance(record.remote.id or "")
    await web.works(clock, 300)
    again = await web.record(record.id)
    assert (again.status, again.standstill.reason) == (Status.RUNNING, None)


@pytest.mark.parametrize(
    ("billing", "reason"),
    [(BillingMode.SPOT, StopReason.PROBABLY_RECLAIMED), (BillingMode.ON_DEMAND, StopReason.ELSEWHERE)],
)
async def test_a_stop_that_nobody_asked_the_bot_for_is_said_to_be_that(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock, billing: BillingMode, reason: StopReason
) -> None:
    record = await _running(web, clock, billing_mode=billing)
    sandbox.stop_instance(record.remote.id or "")
    await web.works(clock, 30)
    stopped = _events(web, InstanceStopped)[0]
    assert isinstance(stopped, InstanceStopped)
    assert stopped.reason is reason


async def test_connection_data_is_read_fresh_and_kept_nowhere(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    _, connection = await web.lifecycle.connect(record.id, ADA, POLICY)
    assert connection.ssh_command.startswith("ssh ")
    password = connection.ssh_password.get_secret_value()
    assert password in sandbox.secrets
    assert password not in repr(connection)
    assert password not in (await web.record(record.id)).model_dump_json()


async def test_one_clock_ends_no_lease_and_the_lease_ends_once_another_agrees(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock, lease=timedelta(hours=4))
    clock.turn(hours=5)
    sandbox.clock_ahead = -5 * 3600
    await web.works(clock, 60)
    held = await web.record(record.id)
    assert (held.status, held.order, held.lease.reminded) == (Status.RUNNING, None, ())
    assert [(a.kind, a.subject) for a in await web.alarms.standing()] == [(AlarmKind.CLOCKS_APART, "Novita")]
    sandbox.clock_ahead = 0
    await web.works(clock, 60)
    assert (await web.record(record.id)).status is Status.STOPPED
    assert await web.alarms.standing() == []


async def test_while_clocks_differ_what_people_order_is_done_all_the_same(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    sandbox.clock_ahead = 3600
    await web.lifecycle.order(Verb.STOP, record.id, ADA, POLICY)
    await web.works(clock, 60)
    assert (await web.record(record.id)).status is Status.STOPPED


async def test_what_was_seen_by_a_clock_two_hours_ahead_goes_on_as_usual_once_it_is_set_right(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    clock.turn(hours=2)
    record = await _running(web, clock, lease=timedelta(hours=1))
    clock.turn(hours=-2)
    sandbox.boot_at_once(record.remote.id or "")
    await web.reconciler.run_once()
    await web.lifecycle.run_due()
    put_right = await web.record(record.id)
    assert put_right.running_at == clock.now()
    assert put_right.lease.ends_at == clock.now() + timedelta(hours=1)
    await web.works(clock, 3600 + 120, each=60)
    assert (await web.record(record.id)).status is Status.STOPPED


async def test_a_worker_that_was_away_for_a_day_ends_the_lease_at_once_and_reminds_of_nothing(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    launch = await web.begin(request(lease=timedelta(hours=4)), owner=ADA, key="view:V1")
    await web.launcher.finish(launch)
    clock.turn(hours=24)
    await web.reconciler.run_once()
    record = await web.record(launch.instance.id)
    assert record.running_at is not None
    assert record.running_at - clock.now() < timedelta(hours=-23)
    await web.works(clock, 60)
    stopped = await web.record(record.id)
    assert stopped.status is Status.STOPPED
    assert _events(web, LeaseReminder) == []
    assert len(sandbox.calls_of("stop")) == 1


async def test_an_instance_that_never_comes_up_is_asked_about_and_then_deleted(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    launch = await web.begin(request(), owner=ADA, key="view:V1")
    answer = await web.launcher.finish(launch)
    sandbox.show_status(answer.novita_instance_id or "", "pulling")
    await web.works(clock, 2 * 3600 + 60, each=330)
    asked = await web.record(launch.instance.id)
    assert asked.startup.ends_at is not None
    assert sandbox.calls_of("delete") == []
    await web.lifecycle.extend(asked.id, timedelta(hours=1), ADA, POLICY)
    await web.works(clock, 3600 + 1800, each=300)
    assert (await web.record(asked.id)).status is Status.STARTING
    await web.works(clock, 3600, each=300)
    assert (await web.record(asked.id)).status is Status.DELETED
    assert sandbox.calls_of("delete")


async def test_six_hours_of_failing_then_an_hour_of_health_ends_with_it_stopped(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock, lease=timedelta(hours=1))
    sandbox.fail_all(Fault.server_error(), "stop")
    await web.works(clock, 2 * 3600, each=60)
    await web.works(clock, 5 * 3600, each=300)
    standing = await web.record(record.id)
    assert standing.status is Status.RUNNING
    assert standing.order is not None
    assert standing.order.failures > 43
    [alarm] = await web.alarms.standing()
    assert (alarm.kind, alarm.subject, alarm.facts["order"]) == (AlarmKind.ORDER_STUCK, record.id, "stop")
    [stuck] = _events(web, OrderStuck)
    assert isinstance(stuck, OrderStuck)
    assert timedelta(minutes=30) <= stuck.at - stuck.since <= timedelta(minutes=36)
    sandbox.clear_faults()
    await web.works(clock, 3600, each=300)
    after = await web.record(record.id)
    assert (after.status, after.order) == (Status.STOPPED, None)
    assert after.last_order is not None
    assert after.last_order.outcome is OrderOutcome.DONE
    assert await web.alarms.standing() == []


async def test_a_stop_that_novita_takes_and_never_does_is_told_to_be_stuck(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    await _order(web, Verb.STOP, record)
    sandbox.show_status(record.remote.id or "", "running")
    for _ in range(32):
        await web.works(clock, 60, each=60)
        sandbox.show_status(record.remote.id or "", "running")
    assert len(_events(web, OrderStuck)) == 1
    assert [alarm.kind for alarm in await web.alarms.standing()] == [AlarmKind.ORDER_STUCK]
    assert len(sandbox.calls_of("stop")) > 20


@pytest.mark.parametrize("verb", [Verb.START, Verb.RESTART, Verb.STOP, Verb.DELETE])
@pytest.mark.parametrize(("retry_after", "waits"), [("20", 20), (None, 15), ("86400", 300)])
async def test_what_novita_puts_off_is_tried_again_when_it_says(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock, verb: Verb, retry_after: str | None, waits: int
) -> None:
    record = await _running(web, clock)
    if verb is Verb.START:
        await _order(web, Verb.STOP, record)
        await web.works(clock, 30)
    sandbox.fail_next(verb.value, Fault.rate_limited(retry_after))
    put_off = await _order(web, verb, record)
    assert put_off.order is not None
    assert (put_off.order.sent, put_off.order.failures, put_off.order.taken) == (1, 1, 0)
    await web.works(clock, waits - 1, each=waits - 1)
    assert len(sandbox.calls_of(verb.value)) == 1
    await web.works(clock, 1, each=1)
    assert len(sandbox.calls_of(verb.value)) == 2
    await web.works(clock, 60)
    after = await web.record(record.id)
    assert after.status is {Verb.STOP: Status.STOPPED, Verb.DELETE: Status.DELETED}.get(verb, Status.RUNNING)
    assert not _events(web, OrderFailed)


async def test_a_start_that_novita_puts_off_for_long_has_an_end(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    await _order(web, Verb.STOP, record)
    await web.works(clock, 30)
    sandbox.fail_all(Fault.rate_limited("60"), "start")
    await _order(web, Verb.START, record)
    await web.works(clock, 1740, each=60)
    assert (await web.record(record.id)).order is not None
    await web.works(clock, 400, each=60)
    after = await web.record(record.id)
    assert after.order is None
    assert after.last_order is not None
    assert (after.last_order.outcome, after.last_order.reason) == (OrderOutcome.FAILED, "RATE_LIMIT_EXCEEDED")


async def test_a_start_that_novita_takes_and_never_does_has_an_end(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    record = await _running(web, clock)
    await _order(web, Verb.STOP, record)
    await web.works(clock, 30)
    sandbox.show_status(record.remote.id or "", "exited")
    await _order(web, Verb.START, record)
    for _ in range(60):
        sandbox.show_status(record.remote.id or "", "exited")
        await web.works(clock, 10)
    after = await web.record(record.id)
    assert len(sandbox.calls_of("start")) == 3
    assert after.last_order is not None
    assert (after.status, after.order, after.last_order.reason) == (Status.STOPPED, None, "NO_EFFECT")


async def test_a_delete_at_once_holds_until_novita_shows_it_and_it_is_gone(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    """Novita shows a new instance twelve seconds late; until then it knows of none to delete."""
    sandbox.show_late(12)
    launch = await web.begin(request(), owner=ADA, key="view:V1")
    await web.launcher.finish(launch)
    clock.turn(seconds=0.1)
    asked = await _order(web, Verb.DELETE, await web.record(launch.instance.id))
    assert asked.order is not None
    await web.works(clock, 10, each=1)
    assert (await web.record(asked.id)).order is not None
    await web.works(clock, 120, each=5)
    assert (await web.record(asked.id)).status is Status.DELETED
    assert {machine.status(clock.now().timestamp()) for machine in sandbox.instances.values()} == {""}
    assert "order_failed" not in web.told.types
    assert web.told.types.count("instance_deleted") == 1


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.DELETE])
async def test_an_order_outlives_an_absence_that_was_believed(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock, verb: Verb
) -> None:
    record = await _running(web, clock)
    sandbox.show_nothing()
    await _order(web, verb, record)
    await web.works(clock, 900)
    assert (await web.record(record.id)).status is Status.DELETED
    sandbox.show_nothing(nothing=False)
    await web.works(clock, 10)
    back = await web.record(record.id)
    assert back.lease.ends_at == record.lease.ends_at or back.order is not None
    await web.works(clock, 420)
    after = await web.record(record.id)
    assert after.status is (Status.STOPPED if verb is Verb.STOP else Status.DELETED)


async def test_a_defect_of_one_instance_keeps_no_lease_of_another_from_ending(web: Process, clock: TurnedClock) -> None:
    """One whose data was kept until the calendar's first hour breaks the reckoning."""
    broken = await _running(web, clock)
    await _order(web, Verb.STOP, broken)
    launch = await web.begin(request(name="train-2", lease=timedelta(hours=1)), owner=ADA, key="view:V2")
    await web.launcher.finish(launch)
    await web.works(clock, 30)
    first_hour = datetime.min.replace(tzinfo=UTC)
    await web.unit_of_work.update(await web.record(broken.id), lambda i: (record_with(i, data_until=first_hour), ()))
    await web.works(clock, 3700, each=60)
    assert (await web.record(launch.instance.id)).status is Status.STOPPED
    kinds = {alarm.kind: alarm.subject for alarm in await web.alarms.standing()}
    assert kinds[AlarmKind.NOT_TENDED] == f"{broken.id} tend"


@pytest.mark.parametrize("is_exact", [False, True])
async def test_an_extension_that_loses_against_a_stop_is_refused_and_changes_nothing(
    web: Process, clock: TurnedClock, is_exact: bool
) -> None:
    """Both read the same record; the stop is written first."""
    record = await _running(web, clock)
    real = web.lifecycle._records.get

    async def and_then_it_is_stopped(instance_id: str) -> Instance | None:
        found = await real(instance_id)
        web.lifecycle._records.get = real  # type: ignore[method-assign]
        await web.lifecycle.order(Verb.STOP, record.id, ADA, POLICY)
        return found

    web.lifecycle._records.get = and_then_it_is_stopped  # type: ignore[method-assign]
    move = web.lifecycle.end_at if is_exact else web.lifecycle.extend_until
    with pytest.raises(InvalidRequest, match="cannot be extended now: a stop is under way"):
        await move(record.id, clock.now() + timedelta(hours=20), ADA, POLICY)
    assert (await web.record(record.id)).lease.ends_at == record.lease.ends_at
