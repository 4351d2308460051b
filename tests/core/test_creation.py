"""The one gate to a new instance: every rule is in force at every door, one that nobody has thought of yet included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from core.domain.base import PROGRAM, Actor, BillingMode
from core.domain.errors import GpuBotError, InvalidRequest, KeyOutlived, NotAllowed, NovitaUnclear, StoreUnavailable
from core.domain.policy import Policy
from core.domain.request import ENV_LIMIT, HOOK_VARIABLE, draft_of
from core.domain.validation import Limits
from core.services.creation import AGAIN, API, FORM, LINE, Creation, Door, Entry, Rules
from tests.bot.redis_line import RedisLine
from tests.core.processes import AllOpen, Process, Unwatched, process
from tests.core.samples import ADA, TurnedClock, request

FAULT_HANG = Fault.hang(has_effect=False)
FIFTH = Door(name="fifth")
DOORS = [FORM, LINE, AGAIN, API, FIFTH]
STRANGER = Actor(user="U0GUEST", team="T0OTHER")
WANTED = replace(draft_of(request()), envs={"TOKEN": "t"})
LIMITS = Limits(default_lease=timedelta(hours=8), max_lease=timedelta(hours=72))
POLICY = Policy(home_team="T0HOME", allowed_channels=("C0GPU", "C0MUTE"), max_lease=timedelta(hours=72))

every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


@pytest.fixture
async def gate(web: Process) -> AsyncIterator[Creation]:
    background = Unwatched()
    await web.catalog.get_template(str(WANTED.template_id))
    yield replace(
        web.creation,
        channels=AllOpen(C0MUTE="is_archived"),
        background=background,
        rules=Rules(lambda: POLICY, LIMITS, default_region="CN-HK-01"),
    )
    await asyncio.gather(*background.tasks)


def entry(door: Door, key: str = "key:1", actor: Actor = ADA, **changes: Any) -> Entry:
    return Entry(draft=replace(WANTED, **changes), actor=actor, door=door, key=key)


@every_door
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "two words"}, "name"),
        ({"name": None}, "name"),
        ({"gpu_num": 9}, "gpu_num"),
        ({"gpu_num": None}, "gpu_num"),
        ({"rootfs_size": 9}, "rootfs_size"),
        ({"billing_mode": None}, "billing_mode"),
        ({"region": "\n"}, "region"),
        ({"lease": timedelta(hours=72, seconds=1)}, "lease"),
        ({"lease": timedelta(seconds=59)}, "lease"),
        ({"lease": None, "no_end": True}, "lease"),
        ({"webhook_url": "https://127.0.0.1/hook"}, "webhook_url"),
        ({"webhook_url": "http://example.com/hook"}, "webhook_url"),
        ({"envs": {HOOK_VARIABLE: "x"}}, "envs"),
        ({"envs": {f"A{n}": "x" for n in range(ENV_LIMIT)}}, "envs"),
        ({"template_id": None}, "template_id"),
        ({"template_id": "999999"}, "template_id"),
        ({"product_name": None}, "product_name"),
        ({"product_name": "Abacus"}, "product_name"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_told_by_field_at_every_door_and_nothing_is_made(
    gate: Creation, web: Process, sandbox: SandboxNovita, door: Door, changes: dict[str, Any], field: str
) -> None:
    for ask in (gate.begin, gate.check):
        with pytest.raises(InvalidRequest) as refused:
            await ask(entry(door, **changes))
        assert set(refused.value.problems) == {field}
    assert await web.store.live() == []
    assert sandbox.calls_of("create") == []


@every_door
async def test_all_that_is_wrong_is_told_at_once_and_what_could_not_be_read_comes_first(
    gate: Creation, door: Door
) -> None:
    wrong = entry(door, name="", template_id="999999", product_name="Abacus", region="\n")
    with pytest.raises(InvalidRequest) as refused:
        await gate.begin(replace(wrong, unread={"name": "Unreadable.", "envs": "Line 2: unreadable."}))
    problems = refused.value.problems
    assert set(problems) == {"name", "template_id", "product_name", "region", "envs"}
    assert (problems["name"], problems["envs"]) == ("Unreadable.", "Line 2: unreadable.")
    assert refused.value.unknown == {"product_name", "template_id"}


@every_door
async def test_what_has_no_price_now_cannot_be_had_at_any_door(gate: Creation, web: Process, door: Door) -> None:
    market = await web.catalog.get_market()
    only_on_demand = [
        each.model_copy(update={"prices": {BillingMode.ON_DEMAND: each.prices[BillingMode.ON_DEMAND]}})
        for each in market.products
        if BillingMode.ON_DEMAND in each.prices
    ]
    web.catalog.market = market.model_copy(update={"products": tuple(only_on_demand)})
    with pytest.raises(InvalidRequest) as refused:
        await gate.begin(entry(door))
    assert set(refused.value.problems) == {"billing_mode"}
    assert await web.store.live() == []


@every_door
@pytest.mark.parametrize(
    ("actor", "changes", "field"),
    [(STRANGER, {}, ""), (Actor(user="U0ADA"), {}, ""), (ADA, {"channel": "C0OTHER"}, "channel")],
    ids=["another workspace", "no workspace", "another channel"],
)
async def test_who_may_not_is_refused_at_every_door(
    gate: Creation, web: Process, door: Door, actor: Actor, changes: dict[str, Any], field: str
) -> None:
    for ask in (gate.begin, gate.check):
        with pytest.raises(NotAllowed) as refused:
            await ask(entry(door, actor=actor, **changes))
        assert refused.value.field == field
    assert await web.store.live() == []


@every_door
async def test_for_somebody_from_elsewhere_nothing_is_asked_or_found(
    gate: Creation, sandbox: SandboxNovita, door: Door
) -> None:
    await gate.begin(entry(door))
    before = len(sandbox.calls)
    with pytest.raises(NotAllowed):
        await gate.begin(entry(door, actor=STRANGER, template_id="999999"))
    assert len(sandbox.calls) == before


@every_door
async def test_a_channel_is_chosen_unless_the_door_says_otherwise(gate: Creation, door: Door) -> None:
    open_to_all = replace(gate, rules=Rules(lambda: Policy(home_team="T0HOME"), LIMITS))
    if door in (AGAIN, API):
        assert (await open_to_all.begin(entry(door, channel=None))).request.channel is None
        return
    with pytest.raises(InvalidRequest) as refused:
        await open_to_all.begin(entry(door, channel=None))
    assert set(refused.value.problems) == {"channel"}


@every_door
async def test_a_silent_channel_is_refused_where_nobody_has_been_told_of_it_before(gate: Creation, door: Door) -> None:
    silent = entry(door, channel="C0MUTE")
    if door in (LINE, AGAIN):
        assert (await gate.check(silent)).obstacle == "is_archived"
        assert not (await gate.begin(silent)).is_repeat
        return
    with pytest.raises(InvalidRequest) as refused:
        await gate.begin(silent)
    assert refused.value.problems == {"channel": "The bot cannot write there: is_archived."}


@every_door
async def test_a_name_means_one_machine_at_every_door(gate: Creation, web: Process, door: Door) -> None:
    await gate.begin(entry(FORM))
    assert (await gate.check(entry(door))).request.name == "train-2"
    if door is AGAIN:
        assert (await gate.begin(entry(door, key="key:2"))).instance.request.name == "train-2"
        return
    with pytest.raises(InvalidRequest, match="train-2 is free") as refused:
        await gate.begin(entry(door, key="key:2"))
    assert set(refused.value.problems) == {"name"}
    assert len(await web.store.live()) == 1
    program = await gate.begin(entry(door, key="key:3", actor=PROGRAM))
    assert program.instance.request.name == "train-1"


@every_door
async def test_one_key_leads_to_one_instance_whatever_has_become_of_what_it_asked_for(
    gate: Creation, sandbox: SandboxNovita, door: Door
) -> None:
    first = await gate.begin(entry(door))
    again = await gate.begin(entry(door))
    stricter = replace(gate, rules=Rules(lambda: Policy(home_team="T0HOME", allowed_channels=("C0X",)), LIMITS))
    repeats = [again, await gate.begin(entry(door, product_name="Abacus")), await stricter.begin(entry(door))]
    assert {(each.is_repeat, each.instance.id) for each in repeats} == {(True, first.instance.id)}
    await asyncio.gather(*(gate.finish(each) for each in (first, *repeats)))
    assert len(sandbox.creates) == 1
    assert (await gate.begin(entry(door, key="", name="other"))).instance.id != first.instance.id
    assert (await gate.begin(entry(door, key="", name="more"))).is_repeat is False


async def test_a_key_whose_instance_is_long_gone_is_refused(gate: Creation, web: Process) -> None:
    first = await gate.begin(entry(API, actor=PROGRAM))
    await web.store._redis.delete(f"{{gpu}}:instance:{first.instance.id}")
    for name in ("train-1", "no name"):
        with pytest.raises(KeyOutlived):
            await gate.begin(entry(API, actor=PROGRAM, name=name))


@every_door
async def test_without_the_store_nothing_is_begun_and_a_wrong_field_is_still_told_to_people(
    gate: Creation, web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock, door: Door
) -> None:
    async with RedisLine(redis_url) as line:
        cut = process(sandbox, line.url, clock)
        cut.catalog.market = await web.catalog.get_market()
        await cut.catalog.get_template(str(WANTED.template_id))
        blind = replace(gate, catalog=cut.catalog, records=cut.store, launcher=cut.launcher)
        await line.down()
        with pytest.raises(StoreUnavailable):
            await blind.begin(entry(door))
        with pytest.raises(InvalidRequest):
            await blind.begin(entry(door, gpu_num=9))
        with pytest.raises(StoreUnavailable):  # It may be a repeat, and then nothing is wrong with it.
            await blind.begin(entry(door, gpu_num=9, actor=PROGRAM))
        await line.up()
        await cut.close()
    assert sandbox.calls_of("create") == []
    assert await web.store.live() == []


@every_door
async def test_a_template_of_which_novita_says_nothing_holds_up_no_person(
    gate: Creation, sandbox: SandboxNovita, door: Door
) -> None:
    sandbox.fail_all(FAULT_HANG, "template")
    begun = gate.begin(entry(door, template_id="107673"))
    if door is API:
        with pytest.raises(GpuBotError):
            await begun
    else:
        assert not (await begun).is_repeat
    sandbox.clear_faults()


async def test_prices_that_are_not_at_hand_are_not_waited_for_by_the_form(gate: Creation) -> None:
    class Slow:
        async def get_market(self) -> Any:
            await asyncio.Event().wait()

        def __getattr__(self, name: str) -> Any:
            return getattr(gate.catalog, name)

    with pytest.raises(NovitaUnclear):
        await replace(gate, catalog=Slow()).begin(entry(FORM))


@every_door
async def test_only_who_writes_by_hand_may_write_a_part_and_leave_out_what_the_installation_knows(
    gate: Creation, door: Door
) -> None:
    written = entry(door, product_name="4090", region=None, lease=None)
    if door is API:
        begun = (await gate.begin(written)).request
        assert (begun.product_name, begun.region) == ("RTX 4090 24GB", "CN-HK-01")
        assert begun.lease == timedelta(hours=8)
        return
    with pytest.raises(InvalidRequest) as refused:
        await gate.begin(written)
    assert set(refused.value.problems) == {"product_name", "lease"}
    assert (await gate.begin(entry(door, region=None))).request.region is None


async def test_what_several_things_could_be_meant_by_is_unclear_and_not_unknown(gate: Creation) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gate.begin(entry(API, product_name="RTX"))
    assert "Several fit" in refused.value.problems["product_name"]
    assert refused.value.unknown == set()


@every_door
async def test_the_persons_next_form_begins_with_what_they_chose_themselves(
    gate: Creation, web: Process, door: Door
) -> None:
    for actor, key in ((ADA, "key:1"), (PROGRAM, "key:2")):
        await gate.begin(entry(door, key=key, actor=actor))
    await asyncio.gather(*gate.background.tasks)  # type: ignore[attr-defined]
    used = await web.store.last_used(ADA)
    assert (used is not None) is (door in (FORM, LINE))
    assert await web.store.last_used(PROGRAM) is None


async def test_the_price_is_that_of_where_it_will_be_tried(gate: Creation) -> None:
    quote = await gate.check(entry(FORM, region="XX-YY-01"))
    assert quote.unlisted == "XX-YY-01"
    launch = await gate.begin(entry(FORM, region="XX-YY-01"))
    assert launch.offers == quote.offers
    assert launch.instance.intent.unlisted_region == "XX-YY-01"
    assert {each.product_name for each in quote.offers} == {WANTED.product_name}
