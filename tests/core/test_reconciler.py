"""The worker's looks at Novita."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.sandbox.novita import Endpoint, Fault, SandboxNovita
from core.domain.absence import UNLISTED_FOR
from core.domain.errors import NovitaRefused
from core.domain.instance import Status
from core.services.alarms import AlarmKind
from core.services.reconciler import LOOK
from tests.core.processes import Process, process
from tests.core.samples import ADA, NOON, TurnedClock, instance, request


@pytest.fixture
def worker(web: Process) -> Process:
    return web


async def test_an_instance_is_followed_until_it_runs_and_its_endpoints_are_told(
    worker: Process, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    record = await worker.record(made.id)
    assert record.status is Status.RUNNING
    assert [endpoint.port for endpoint in record.remote.endpoints] == [8188, 9000]
    assert worker.told.types[-1] == "instance_running"
    assert worker.told.types.count("instance_running") == 1


async def test_a_look_reads_pages_and_asks_for_one_instance_only_when_it_changed(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    for number in range(101):
        await worker.made(f"view:{number}")
    await worker.looks(clock, 90)
    before = len(sandbox.calls)
    await worker.looks(clock, 10)
    assert [call.endpoint for call in sandbox.calls[before:]] == [Endpoint.INSTANCES] * 2


@pytest.mark.parametrize("status", ["pulling", "exited"])
async def test_a_failed_image_is_told_with_novitas_own_message(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock, status: str
) -> None:
    made = await worker.made()
    assert made.remote.id
    sandbox.show_status(made.remote.id, status, ("pullFailed", "image pull failed: unauthorized"))
    await worker.looks(clock, 30)
    record = await worker.record(made.id)
    assert record.status is Status.FAILED
    assert record.failure is not None
    assert record.failure.message == "image pull failed: unauthorized"
    assert worker.told.types.count("instance_failed") == 1


@pytest.mark.parametrize(("others", "seconds"), [(1, 40), (0, 610)])
async def test_one_that_vanished_is_deleted_when_that_lasts_and_longer_when_nothing_else_is_shown(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock, others: int, seconds: int
) -> None:
    made = await worker.made()
    rest = [await worker.made(f"view:other-{n}") for n in range(others)]
    await worker.looks(clock, 90)
    sandbox.vanish(made.remote.id or "")
    await worker.looks(clock, seconds - 10)
    assert (await worker.record(made.id)).status is Status.RUNNING
    await worker.looks(clock, 10)
    assert (await worker.record(made.id)).status is Status.DELETED
    assert worker.told.types.count("instance_deleted") == 1
    assert {(await worker.record(each.id)).status for each in rest} <= {Status.RUNNING}


async def test_a_listing_that_shows_none_of_several_changes_nothing_and_the_admins_hear(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = [await worker.made(f"view:{n}") for n in range(2)]
    await worker.looks(clock, 90)
    before = [await worker.record(each.id) for each in made]
    sandbox.show_nothing()
    await worker.looks(clock, 700)
    await worker.looks(clock, 2900, each=50)
    assert [await worker.record(each.id) for each in made] == before
    [alarm] = await worker.alarms.standing()
    assert (alarm.kind, alarm.facts) == (AlarmKind.ALL_ABSENT, {"instances": "2"})
    sandbox.show_nothing(nothing=False)
    await worker.looks(clock, 10)
    assert await worker.alarms.standing() == []
    assert [await worker.record(each.id) for each in made] == before


async def test_a_short_absence_of_the_only_one_changes_nothing(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    before = await worker.record(made.id)
    sandbox.show_nothing()
    await worker.looks(clock, 120)
    sandbox.show_nothing(nothing=False)
    await worker.looks(clock, 10)
    after = await worker.record(made.id)
    assert after.model_copy(update={"version": before.version}) == before


async def test_what_is_seen_after_it_was_called_deleted_keeps_its_lease(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    before = await worker.record(made.id)
    sandbox.show_nothing()
    await worker.looks(clock, 700)
    assert (await worker.record(made.id)).status is Status.DELETED
    sandbox.show_nothing(nothing=False)
    await worker.looks(clock, 10)
    after = await worker.record(made.id)
    assert (after.status, after.lease.ends_at, after.billed) == (Status.RUNNING, before.lease.ends_at, before.billed)
    assert worker.told.types[-2:] == ["instance_deleted", "instance_back"]


@pytest.mark.parametrize("fault", [Fault.refused(401, "UNAUTHORIZED"), Fault.refused(403, "FORBIDDEN")])
async def test_a_key_that_is_refused_changes_nothing(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock, fault: Fault
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    before = await worker.record(made.id)
    sandbox.fail_all(fault)
    for _ in range(100):
        with pytest.raises(NovitaRefused):
            await worker.looks(clock, 10)
    assert await worker.record(made.id) == before


async def test_a_defect_of_one_instance_stops_no_other_and_is_heard_while_it_lasts(
    worker: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    """One whose lease lies beyond the calendar cannot come up on its record."""
    made, other = await worker.made(), await worker.made("view:other")
    endless = made.request.model_copy(update={"lease": timedelta.max})
    await worker.unit_of_work.update(made, lambda i: (i.model_copy(update={"request": endless}), ()))
    elsewhere = process(sandbox, redis_url, clock)
    await worker.looks(clock, 80)
    assert (await worker.record(other.id)).status is Status.RUNNING
    [alarm] = await worker.alarms.standing()
    assert (alarm.kind, alarm.subject) == (AlarmKind.NOT_TENDED, f"{made.id} look")
    assert (alarm.facts["instance"], alarm.facts["why"]) == (made.id, "OverflowError")
    assert worker.told.types.count("not_tended") == 1
    await worker.unit_of_work.update(made, lambda i: (i.model_copy(update={"request": made.request}), ()))
    await elsewhere.looks(clock, 10)
    await elsewhere.close()
    assert await worker.alarms.standing() == []
    assert (await worker.record(made.id)).status is Status.RUNNING


async def test_a_new_instance_that_is_not_listed_yet_is_not_asked_for_before_its_time(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    listed, made = await worker.made(), await worker.made("view:V2")
    sandbox.vanish(made.remote.id or "")
    clock.instant += UNLISTED_FOR
    await worker.reconciler.run_once()
    assert sandbox.calls_of(Endpoint.INSTANCE) == []
    clock.turn(milliseconds=1)
    await worker.reconciler.run_once()
    [asked] = sandbox.calls_of(Endpoint.INSTANCE)
    assert asked.query["instanceId"] == made.remote.id
    assert (await worker.record(listed.id)).absence.since is None


async def test_what_is_stopped_and_deleted_in_the_console_is_noticed(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    sandbox.stop_instance(made.remote.id or "")
    await worker.looks(clock, 30)
    assert (await worker.record(made.id)).status is Status.STOPPED
    sandbox.delete_instance(made.remote.id or "")
    await worker.looks(clock, 620)
    assert (await worker.record(made.id)).status is Status.DELETED


async def test_a_listing_that_fails_changes_nothing(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    sandbox.fail_next("instances", Fault.server_error(), times=3)
    with pytest.raises(Exception, match="502"):
        await worker.looks(clock, 10)
    assert await worker.record(made.id) == made


async def test_an_intent_whose_process_died_is_said_to_be_in_doubt_then_given_up_after_ten_minutes(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    launch = await worker.begin(request(), owner=ADA, key="view:V1")
    await worker.looks(clock, 20)
    assert (await worker.record(launch.instance.id)).launch.in_doubt_since is not None
    await worker.looks(clock, 560)
    assert (await worker.record(launch.instance.id)).status is Status.CREATING
    await worker.looks(clock, 60)
    record = await worker.record(launch.instance.id)
    assert record.status is Status.FAILED
    assert worker.told.types == ["instance_requested", "launch_interrupted", "instance_failed"]
    assert sandbox.creates == []


@pytest.mark.parametrize(
    ("in_doubt", "after", "is_given_up"),
    [
        (None, timedelta(minutes=10), False),
        (None, timedelta(minutes=10, milliseconds=1), True),
        (5, timedelta(minutes=15), False),
        (5, timedelta(minutes=15, milliseconds=1), True),
    ],
)
async def test_a_launch_is_given_up_ten_minutes_after_the_doubt_began(
    worker: Process, clock: TurnedClock, in_doubt: int | None, after: timedelta, *, is_given_up: bool
) -> None:
    doubt = None if in_doubt is None else NOON + timedelta(minutes=in_doubt)
    record = instance(in_doubt_since=doubt)
    await worker.store.begin(record, [], NOON)
    clock.instant = NOON + after
    await worker.reconciler.run_once()
    assert ((await worker.record(record.id)).status is Status.FAILED) is is_given_up


async def test_a_look_that_is_noted_as_still_to_come_was_none(worker: Process, clock: TurnedClock) -> None:
    """A clock that was ahead noted it: what is seen now has not just happened."""
    made = await worker.made()
    clock.turn(days=1)
    await worker.store.note_success(LOOK, clock.now() + timedelta(hours=1))
    await worker.reconciler.run_once()
    running_at = (await worker.record(made.id)).running_at
    assert running_at is not None
    assert running_at < clock.now() - timedelta(hours=23)


async def test_an_intent_whose_process_still_lives_is_left_alone(worker: Process, clock: TurnedClock) -> None:
    launch = await worker.begin(request(), owner=ADA, key="view:V1")
    for _ in range(6):
        await worker.store.beat(clock.now())
        await worker.looks(clock, 10)
    assert (await worker.record(launch.instance.id)).launch.in_doubt_since is None


async def test_an_instance_that_appears_after_its_launch_was_given_up_is_put_on_its_record(
    worker: Process, clock: TurnedClock
) -> None:
    launch = await worker.begin(request(), owner=ADA, key="view:V1")
    await worker.looks(clock, 640)
    assert (await worker.record(launch.instance.id)).status is Status.FAILED
    answer = await worker.novita.create(
        launch.instance.novita_name, launch.offers[0], request(), await worker.catalog.get_template("101")
    )
    await worker.looks(clock, 10)
    record = await worker.record(launch.instance.id)
    assert (record.remote.id, record.status) == (answer, Status.STARTING)


async def test_instances_of_others_are_never_touched(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    offers = (await worker.begin(request(), owner=ADA, key="view:V1")).offers
    template = await worker.catalog.get_template("101")
    for name in ("somebody-else", "box-012345678i", "plain"):
        await worker.novita.create(name, offers[0], request(), template)
    await worker.looks(clock, 60)
    assert len(await worker.store.live()) == 1
    assert await worker.store.made_outside() == 3
    assert {machine.status(clock.now().timestamp()) for machine in sandbox.instances.values()} == {"running"}


async def test_looks_that_overlap_tell_each_event_once(
    worker: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    other = process(sandbox, redis_url, clock)
    await worker.made()
    for _ in range(9):
        clock.turn(seconds=10)
        await asyncio.gather(worker.reconciler.run_once(), other.reconciler.run_once(), worker.reconciler.run_once())
    await worker.quiet()
    await other.close()
    told = worker.told.types + other.told.types
    assert told.count("instance_running") == 1
