"""The store, on a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from core.adapters.redis import KEEP_ENDED, Store, connect
from core.domain.clock import CLOSE_ENOUGH, steady
from core.domain.errors import NameTaken, RequestTaken, StoreUnavailable, VersionConflict
from core.domain.events import InstanceCreated, InstanceRequested
from core.domain.identity import new_id
from core.domain.instance import Instance, Status
from core.services.outbox import LONGEST_WAIT, Progress
from tests.core.samples import NOON, SECRET, instance, market, product, record_with, request

BEGUN = [InstanceRequested(at=NOON)]
CREATED = [InstanceCreated(at=NOON, novita_id="n-1")]
HOUR, MOMENT = timedelta(hours=1), timedelta(milliseconds=1)


@pytest.fixture
async def other(redis_url: str) -> AsyncIterator[Store]:
    """The store as another process sees it."""
    made = Store(connect(redis_url))
    yield made
    await made.aclose()


async def test_a_record_is_read_back_as_it_was_written_without_its_secrets(store: Store, redis_url: str) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    read = await store.get(written.id)
    assert read is not None
    assert read.request.envs == {}
    assert read == written.model_copy(update={"request": written.request.model_copy(update={"envs": {}})})
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        assert SECRET not in str(await redis.hgetall(f"{{gpu}}:instance:{written.id}"))


async def test_one_request_key_leads_to_one_record_however_many_ask_at_once(store: Store, other: Store) -> None:
    same = [instance(request_key="view:V1") for _ in range(16)]
    answers = await asyncio.gather(
        *((store, other)[n % 2].begin(entry, BEGUN, NOON) for n, entry in enumerate(same)), return_exceptions=True
    )
    winners = [answer[0].id for answer in answers if isinstance(answer, tuple)]
    assert len(winners) == 1
    assert {answer.instance_id for answer in answers if isinstance(answer, RequestTaken)} == set(winners)
    assert [record.id for record in await store.live()] == winners


async def named(store: Store, name: str, *, has_own_name: bool = True) -> Instance:
    record = instance(request=request(name=name), request_key=f"view:{new_id()}")
    return (await store.begin(record, BEGUN, NOON, has_own_name=has_own_name)).instance


async def test_a_name_of_its_own_is_given_to_one_however_many_ask_at_once(store: Store, other: Store) -> None:
    answers = await asyncio.gather(
        *(named((store, other)[n % 2], ("train", "Train")[n % 2]) for n in range(16)), return_exceptions=True
    )
    winners = [answer.id for answer in answers if isinstance(answer, Instance)]
    assert len(winners) == 1
    assert {answer.instance_id for answer in answers if isinstance(answer, NameTaken)} == set(winners)
    assert [record.id for record in await store.live()] == winners


async def test_a_name_is_free_again_when_its_instance_has_ended_and_not_before(store: Store) -> None:
    first = await named(store, "train")
    stopped, _ = await store.commit(first.model_copy(update={"status": Status.STOPPED}), [], NOON)
    with pytest.raises(NameTaken):
        await named(store, "train")
    await store.commit(stopped.model_copy(update={"status": Status.DELETED, "ended_at": NOON}), [], NOON)
    await named(store, "train")


async def test_who_may_share_a_name_neither_is_refused_nor_takes_it_from_its_owner(store: Store) -> None:
    first = await named(store, "train")
    second = await named(store, "train", has_own_name=False)
    await store.commit(second.model_copy(update={"status": Status.DELETED, "ended_at": NOON}), [], NOON)
    with pytest.raises(NameTaken) as taken:
        await named(store, "train")
    assert taken.value.instance_id == first.id


async def test_names_of_records_that_an_older_version_wrote_count_too(store: Store, redis_url: str) -> None:
    first = await named(store, "train")
    async with Redis.from_url(redis_url) as redis:
        await redis.delete("{gpu}:names")
    await store.index_names()
    with pytest.raises(NameTaken) as taken:
        await named(store, "TRAIN")
    assert taken.value.instance_id == first.id


async def test_of_two_changes_made_from_the_same_version_only_one_is_written(store: Store, other: Store) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    await store.commit(record_with(written, novita_status="first"), [], NOON)
    with pytest.raises(VersionConflict):
        await other.commit(record_with(written, novita_status="second"), CREATED, NOON)
    read = await store.get(written.id)
    assert read is not None
    assert read.remote.status == "first"
    assert len(await store.timeline(written.id)) == 1


async def test_only_one_process_at_a_time_may_tell_an_instances_events(store: Store, other: Store) -> None:
    written, telling, _ = await store.begin(instance(), BEGUN, NOON)
    assert telling is not None
    assert await other.due(NOON) == [written.id]
    assert await other.claim(written.id, NOON) is None
    assert (await other.commit(written, CREATED, NOON))[1] is None
    more = await store.finish(written.id, Progress("note", 0), seen=1)
    assert more is not None
    assert [event.type for event in more.events] == ["instance_created"]
    assert await store.finish(written.id, Progress("note", 0), seen=2) is None
    assert await store.due(NOON) == []
    claimed = await other.claim(written.id, NOON)
    assert claimed is not None
    assert claimed.delivery == "note"


async def test_who_lost_the_right_to_tell_is_told_so(store: Store, other: Store, redis_url: str) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:delivering:{written.id}")
    assert await other.claim(written.id, NOON) is not None
    assert await store.save_progress(written.id, Progress("late", 1)) is False
    assert await store.delivery(written.id) == ""


async def test_what_is_put_off_is_not_due_before_its_time(store: Store) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    await store.postpone(written.id, Progress("note", 0), 1, NOON + timedelta(seconds=30))
    assert await store.due(NOON + timedelta(seconds=29)) == []
    assert await store.due(NOON + timedelta(seconds=30)) == [written.id]


async def test_live_records_never_expire_and_ended_ones_are_kept_thirty_days(store: Store, redis_url: str) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    async with Redis.from_url(redis_url) as redis:
        assert await redis.ttl(f"{{gpu}}:instance:{written.id}") == -1
        ended = written.model_copy(update={"status": Status.DELETED, "ended_at": NOON})
        written, _ = await store.commit(ended, CREATED, NOON)
        await store.finish(written.id, Progress("note", 0), seen=2)
        for kind in ("instance", "timeline", "delivery"):
            left = await redis.ttl(f"{{gpu}}:{kind}:{written.id}")
            assert 0 < left <= KEEP_ENDED.total_seconds(), kind
        assert await store.live() == []
        revived = written.model_copy(update={"status": Status.RUNNING, "ended_at": None})
        await store.commit(revived, [], NOON)
        for kind in ("instance", "timeline", "delivery"):
            assert await redis.ttl(f"{{gpu}}:{kind}:{written.id}") == -1, kind
    assert [record.id for record in await store.live()] == [written.id]


async def test_news_that_came_while_one_was_put_off_waits_for_nobody(store: Store, other: Store) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    await other.commit(written, CREATED, NOON)
    await store.postpone(written.id, Progress("note", 0), 1, NOON + timedelta(seconds=30))
    assert await store.due(NOON) == [written.id]
    assert await store.claim(written.id, NOON) is not None
    await store.postpone(written.id, Progress("note", 0), 2, NOON + timedelta(seconds=30))
    assert await store.due(NOON) == [], "all of it was seen"


async def test_what_was_told_is_never_told_again_by_a_note_that_is_late(store: Store) -> None:
    written, *_ = await store.begin(instance(), [*BEGUN, *CREATED], NOON)
    assert await store.save_progress(written.id, Progress("note", 2))
    assert await store.save_progress(written.id, Progress("note", 1))
    await store.postpone(written.id, Progress("note", 1), 2, NOON)
    claimed = await store.claim(written.id, NOON)
    assert claimed is not None
    assert (claimed.first, claimed.events) == (2, [])


async def test_the_right_to_tell_lasts_anew_with_every_sign_that_it_is_used(store: Store, redis_url: str) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    signs: dict[str, Callable[[], Awaitable[object]]] = {
        "note": lambda: store.save_progress(written.id, Progress("note", 0)),
        "look": lambda: store.save_and_read_on(written.id, Progress("note", 0), seen=1),
        "claim": lambda: store.claim(written.id, NOON, is_ours=True),
        "more": lambda: store.finish(written.id, Progress("note", 0), seen=0),
    }
    async with Redis.from_url(redis_url) as redis:
        for name, sign in signs.items():
            await redis.pexpire(f"{{gpu}}:delivering:{written.id}", 10_000)
            assert await sign(), name
            assert await redis.pttl(f"{{gpu}}:delivering:{written.id}") > 10_000, name


async def test_only_its_own_right_is_taken_for_ours(store: Store, other: Store) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    assert await other.claim(written.id, NOON, is_ours=True) is None
    assert await store.claim(written.id, NOON) is None
    assert await store.claim(written.id, NOON, is_ours=True) is not None


async def test_one_that_ends_between_two_looks_is_kept_once(store: Store, redis_url: str) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd("{gpu}:ended", {written.id: NOON.timestamp() * 1000})
    assert [record.id for record in await store.retained(NOON)] == [written.id]


async def test_what_ended_longer_ago_than_it_is_kept_is_listed_no_more(store: Store, redis_url: str) -> None:
    async def end(at: datetime) -> str:
        gone = instance(status=Status.DELETED, ended_at=at, created_at=at)
        return (await store.begin(gone, BEGUN, at))[0].id

    ids = [await end(NOON - KEEP_ENDED), await end(NOON - KEEP_ENDED + MOMENT), await end(NOON)]
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        assert await redis.zrange("{gpu}:ended", 0, -1) == ids[1:]
    assert [record.id for record in await store.ended_since(NOON)] == ids[2:]


async def test_signs_of_life_are_forgotten_when_they_are_old_or_cannot_be(store: Store, redis_url: str) -> None:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        for name, off in (("old", -61), ("late", -59), ("ahead", 59), ("never", 61)):
            at = NOON + timedelta(minutes=off)
            await redis.zadd("{gpu}:processes", {name: at.timestamp() * 1000})
        await store.beat(NOON)
        assert await redis.zrange("{gpu}:processes", 0, -1) == ["late", store.holder, "ahead"]


@pytest.mark.parametrize(("ago", "is_known"), [(timedelta(seconds=30), True), (HOUR, False), (-HOUR, False)])
async def test_what_is_at_novita_is_known_for_a_minute_after_a_look(
    store: Store, redis_url: str, ago: timedelta, is_known: bool
) -> None:
    """A look that lies ahead was by a clock that has been set back since, and may be of any age."""
    async with Redis.from_url(redis_url) as redis:
        seconds, _ = await redis.time()
        await redis.hset("{gpu}:looked", "at", (seconds - int(ago.total_seconds())) * 1000)
    assert (await store.begin(instance(), BEGUN, NOON)).is_novita_looked_at is is_known


async def test_the_stamp_of_a_look_never_goes_back(store: Store, redis_url: str) -> None:
    first = await store.looked(0)
    assert await store.looked(0) >= first
    async with Redis.from_url(redis_url) as redis:
        await redis.hset("{gpu}:looked", "at", first + 3_600_000)
    assert await store.looked(0) == first + 3_600_000


@pytest.mark.parametrize(("commits", "has_gone_back"), [(4, True), (5, True), (6, False), (7, False)])
async def test_a_commit_that_adds_none_to_those_that_were_known_has_met_an_older_state(
    store: Store, redis_url: str, commits: int, *, has_gone_back: bool
) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.hset("{gpu}:looked", "commits", commits)
    store.note_commit(5, commits, clock=1000)
    assert await store.take_gone_back() is has_gone_back
    assert store.is_believed(1000) is not has_gone_back, "what was seen before that is not known any more"
    assert store.is_believed(1001)


async def test_a_commit_whose_answer_was_lost_may_be_repeated(store: Store, redis_url: str) -> None:
    """The server takes the command, and the connection dies before the answer: the second try must not conflict."""
    async with _cutting_proxy(redis_url) as (url, proxy):
        cut = Store(connect(url))
        written, *_ = await cut.begin(instance(), BEGUN, NOON)
        proxy.swallow_next_answer = True
        again, _ = await cut.commit(record_with(written, novita_id="n-1"), CREATED, NOON)
        assert again.version == 2
        assert await cut.claim(written.id, NOON, is_ours=True) is not None, (
            "the swallowed answer took the right to tell"
        )
        assert len(await store.timeline(written.id)) == 2
        await cut.aclose()


async def test_without_redis_every_call_fails_with_one_clear_error() -> None:
    away = Store(connect("redis://127.0.0.1:1/0"))
    with pytest.raises(StoreUnavailable):
        await away.begin(instance(), BEGUN, NOON)
    with pytest.raises(StoreUnavailable):
        await away.live()
    await away.aclose()


async def test_one_process_fetches_the_market_for_all(store: Store, other: Store) -> None:
    assert await store.load_market() is None
    assert await store.claim_refresh() is True
    assert await other.claim_refresh() is False
    await store.save_market(market(product("CN-HK-01")))
    await store.release_refresh()
    assert await other.load_market() == market(product("CN-HK-01"))
    assert await other.market_as_of() == NOON


async def test_a_process_counts_as_living_while_it_gives_signs_of_life(store: Store, other: Store) -> None:
    await store.beat(NOON)
    await other.beat(NOON + timedelta(seconds=10))
    later = NOON + timedelta(seconds=10)
    assert await store.processes_alive_since(NOON, later) == {store.holder, other.holder}
    assert await store.processes_alive_since(NOON + timedelta(seconds=5), later) == {other.holder}


async def test_a_sign_of_life_from_the_future_is_none_until_a_right_one_takes_its_place(store: Store) -> None:
    await store.beat(NOON + timedelta(minutes=20))
    assert await store.processes_alive_since(NOON - timedelta(seconds=20), NOON) == set()
    await store.beat(NOON + timedelta(seconds=1))
    assert await store.processes_alive_since(NOON - timedelta(seconds=20), NOON) == {store.holder}


async def test_what_is_due_further_ahead_than_anything_is_put_off_is_due_now(store: Store) -> None:
    ids = [(await store.begin(instance(), BEGUN, NOON))[0].id for _ in range(3)]
    for instance_id, wait in zip(ids, (LONGEST_WAIT, LONGEST_WAIT + CLOSE_ENOUGH, timedelta(hours=2)), strict=True):
        await store.postpone(instance_id, Progress("note", 0), 1, NOON + wait)
    assert await store.due(NOON) == [ids[2]]
    assert await store.due(NOON - timedelta(milliseconds=1)) == ids[1:]
    assert await store.due(NOON + LONGEST_WAIT) == [ids[0]]


async def test_the_server_says_what_time_it_is_alone_and_with_each_sign_of_life(store: Store) -> None:
    for sample in (await store.time(), await store.beat(NOON)):
        assert abs(sample.said - datetime.now(UTC)) < timedelta(minutes=1)
        assert sample.asked <= sample.heard <= steady()


class _Proxy:
    """Passes bytes to Redis and back; on demand it lets a command through, drops the answer and cuts the line."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self.swallow_next_answer = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._socket)
        back = asyncio.create_task(self._back(upstream_reader, writer))
        while data := await reader.read(65536):
            upstream_writer.write(data)
            await upstream_writer.drain()
        upstream_writer.close()
        await back

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.swallow_next_answer:
                self.swallow_next_answer = False
                break
            writer.write(data)
            await writer.drain()
        writer.close()


class _cutting_proxy:  # noqa: N801 - reads as a word in the test
    def __init__(self, redis_url: str) -> None:
        self._proxy = _Proxy(redis_url.removeprefix("unix://"))

    async def __aenter__(self) -> tuple[str, _Proxy]:
        self._server = await asyncio.start_server(self._proxy.serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"redis://127.0.0.1:{port}/0", self._proxy

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


async def test_of_many_processes_that_ask_at_once_one_is_the_first(store: Store, other: Store) -> None:
    asked = [(store, other)[n % 2].claim_once("Ev1", HOUR) for n in range(16)]
    assert sorted(await asyncio.gather(*asked)) == [False] * 15 + [True]
    assert await other.claim_once("Ev2", HOUR)


async def test_news_beside_the_record_is_added_once_however_often_it_is_sent(store: Store, redis_url: str) -> None:
    written, *_ = await store.begin(instance(), BEGUN, NOON)
    ended = written.model_copy(update={"status": Status.DELETED, "ended_at": NOON})
    written, _ = await store.commit(ended, [], NOON)
    assert await store.finish(written.id, Progress("note", 1), seen=1) is None
    assert await store.due(NOON) == []
    before = await store.get(written.id)
    news, more = InstanceCreated(at=NOON, novita_id="n-1"), InstanceCreated(at=NOON, novita_id="n-2")
    for each in (news, more, news):
        await store.add_news(written.id, each, NOON)
    assert await store.timeline(written.id) == [*BEGUN, news, more]
    assert await store.due(NOON) == [written.id]
    assert await store.get(written.id) == before, "the record stays as it is"
    async with Redis.from_url(redis_url) as redis:
        assert 0 < await redis.ttl(f"{{gpu}}:timeline:{written.id}") <= KEEP_ENDED.total_seconds()


async def test_of_what_there_is_no_record_there_is_no_news(store: Store) -> None:
    await store.add_news("nobody", CREATED[0], NOON)
    assert (await store.timeline("nobody"), await store.due(NOON)) == ([], [])


async def test_what_was_done_once_is_forgotten_after_its_time(store: Store, redis_url: str) -> None:
    assert await store.claim_once("Ev1", HOUR)
    async with Redis.from_url(redis_url) as redis:
        left = await redis.pttl("{gpu}:once:Ev1")
        assert 0 < left <= HOUR.total_seconds() * 1000
        await redis.delete("{gpu}:once:Ev1")
    assert await store.claim_once("Ev1", HOUR)
