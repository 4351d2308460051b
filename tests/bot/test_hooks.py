"""What a machine posts to its own address: it reaches its own thread as plain text, and nothing else of it goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.sandbox.novita.programs import hook_of
from bot.sandbox.novita.steering import obey
from bot.sandbox.sandbox import free_port
from bot.sandbox.slack import Message
from core.domain.events import InstanceStopped, MachineReported
from core.domain.instance import Instance, Standstill, Status
from core.domain.request import HOOK_VARIABLE
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import all_of_redis, all_said, everything_logged, found_in, secrets_of
from tests.bot.redis_line import RedisLine
from tests.bot.scenarios import change, in_thread, launched, running, seen, started_again, told
from tests.patience import PATIENCE_SECONDS, examples, patience

PUBLIC_URL = "https://bot.example.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answered:
    status: int
    text: str


class Machine:
    """A program on an instance, as near to curl as can be; it reaches the webs by their ports."""

    def __init__(self, house: House, made: Instance) -> None:
        self.house = house
        order = house.novita.instances[str(made.remote.id)].order
        self.hook = hook_of(order)
        self.path = urlsplit(self.hook).path

    async def post(self, body: Any, port: int | None = None, *, path: str = "", **more: Any) -> Answered:
        return await self.call("POST", port, path=path, data=body, **{"headers": FORM, **more})

    async def call(self, method: str, port: int | None = None, *, path: str = "", **more: Any) -> Answered:
        url = f"http://127.0.0.1:{port or self.house.port}{path or self.path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, **more) as answer:
            return Answered(answer.status, await answer.text())


@asynccontextmanager
async def reporting(redis_url: str, **options: Any) -> AsyncIterator[tuple[House, Machine, Instance, Message]]:
    """A running instance with an address of its own, a program on it, and its card."""
    async with open_house(redis_url, public_url=PUBLIC_URL, **options) as house:
        made, card = await running(house)
        await in_thread(house, card, "is running")
        yield house, Machine(house, made), made, card


async def test_what_a_machine_posts_to_the_address_it_was_given_is_a_reply_in_its_thread(redis_url: str) -> None:
    port = free_port()
    async with open_house(redis_url, port=port, public_url=f"http://127.0.0.1:{port}") as house:
        made, card = await running(house)
        other, other_card = await running(house, name="train-2")
        assert await house.novita.report(str(made.remote.id), "epoch 3, loss 0.21") == 200
        reply = await in_thread(house, card, "epoch 3, loss 0.21")
        assert "🖥️ *train-1* says" in reply.shown
        assert "epoch 3" in reply.text
        assert await house.novita.report(str(other.remote.id), "hello") == 200
        await in_thread(house, other_card, "hello")
        assert "hello" not in "".join(each.shown for each in house.slack.thread(card))


async def test_a_person_at_the_sandbox_can_let_a_program_report(redis_url: str) -> None:
    port = free_port()
    async with open_house(redis_url, port=port, public_url=f"http://127.0.0.1:{port}") as house:
        made, card = await running(house)
        order = {"id": made.remote.id, "do": "report", "text": "from the drawer", "level": "done"}
        assert obey(house.novita, "instance", json.dumps(order).encode()).status == 200
        assert house.slack.person("ada").id in (await in_thread(house, card, "from the drawer")).shown
        house.novita.stop_instance(str(made.remote.id))
        assert obey(house.novita, "instance", json.dumps(order).encode()).status == 409, "nothing runs on it"


async def test_an_instance_without_an_address_has_nowhere_to_report_to(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        order = {"id": made.remote.id, "do": "report"}
        answer = obey(house.novita, "instance", json.dumps(order).encode())
        assert (answer.status, "no address" in str(answer.text)) == (409, True)


async def test_done_and_error_call_the_owner_and_info_does_not(redis_url: str) -> None:
    async with reporting(redis_url) as (house, machine, _, card):
        ada = f"<@{house.slack.person('ada').id}>"
        for level, shown in (("info", "says"), ("done", "says that it is done"), ("error", "reports an error")):
            body = json.dumps({"text": f"it is {level}", "level": level})
            assert await machine.post(body) == Answered(200, "posted\n")
            reply = await in_thread(house, card, f"it is {level}")
            assert f"*train-1* {shown}\n" in f"{reply.shown}\n"
            assert (ada in reply.shown) == (level != "info")


WICKED = "<!channel> <@U0SANDBOX2> <#C0X> <https://evil.example|x> @here www.evil.example *b* `c` &lt;!here&gt; :x:"


async def test_nothing_that_a_machine_says_can_call_or_link(redis_url: str) -> None:
    async with reporting(redis_url) as (house, machine, _, card):
        assert (await machine.post(WICKED.encode())).status == 200
        reply = await in_thread(house, card, "evil")
        [head, words] = reply.blocks
        assert "evil" not in json.dumps(head)
        assert words["elements"] == [{"type": "rich_text_quote", "elements": [{"type": "text", "text": WICKED}]}]
        for dangerous in ("<", ">", "@h", "@U", "://", "www.evil", "evil.example"):
            assert dangerous not in reply.text
        assert "loss 0.21" not in reply.text
        await machine.post(b"loss 0.21 at 3:45")
        assert "loss 0.21 at 3:45" in (await in_thread(house, card, "loss 0.21")).text


async def test_a_report_leaves_the_card_alone(redis_url: str) -> None:
    async with reporting(redis_url) as (house, machine, made, card):
        edits = len(card.edits)
        for number in range(3):
            await machine.post(f"epoch {number}")
            await in_thread(house, card, f"epoch {number}")
        assert len(card.edits) == edits
        assert house.slack.person("ada").messages("gpu") == [card]
        house.novita.stop_instance(str(made.remote.id))
        await seen(house, made, "is stopped")
        assert (await machine.post(b"from nowhere")).status == 200, "stopped, it still has its address"


async def test_a_report_that_comes_right_behind_a_change_does_not_hide_it_from_the_card(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        made = await launched(house)
        _, card = await seen(house, made, "is starting")
        now = house.base.clock.now()
        stopped = InstanceStopped(at=now, novita_status="exited", cause=None)
        report = MachineReported(at=now, text="the last word")
        facts = {"status": Status.STOPPED, "standstill": Standstill(since=now)}
        await change(house, made, lambda i: (i.model_copy(update=facts), [stopped, report]))
        await in_thread(house, card, "the last word")
        assert "is stopped" in card.shown
        edits = len(card.edits)
        await change(house, made, lambda i: (i, [report.model_copy(update={"text": "one more"})]))
        await in_thread(house, card, "one more")
        assert len(card.edits) == edits


async def test_beyond_twenty_a_minute_they_are_counted_over_all_webs_and_summed_up_by_a_worker(redis_url: str) -> None:
    async with reporting(redis_url, webs=2) as (house, machine, made, card):
        answers = [await machine.post(f"line {n}", house.ports[n % 2]) for n in range(25)]
        assert [answer.status for answer in answers] == [200] * 20 + [202] * 5
        assert answers[-1].text.startswith("counted")
        async with Redis.from_url(redis_url) as redis:
            await redis.zadd("{gpu}:left_out", {made.id: 0})  # the minute is over
        await in_thread(house, card, "and 5 more messages in that minute, not shown")
        said = [reply.shown.splitlines()[-1] for reply in house.slack.thread(card)]
        assert [line for line in said if line.startswith("line")] == [f"line {n}" for n in range(20)]


async def test_whoever_does_not_know_the_address_learns_nothing(redis_url: str) -> None:
    async with reporting(redis_url) as (house, machine, made, card):
        replies = len(house.slack.thread(card))
        _, _, id_, token = machine.path.split("/")
        wrong = [
            f"/hooks/{id_}/{token[:-1]}",
            f"/hooks/{id_}/{token.swapcase()}",
            f"/hooks/{id_}/{made.hook.digest}",
            f"/hooks/0000000000/{token}",
            f"/hooks/{id_}%3A*/{token}",
            f"/hooks/%00%ff/{token}%ed%a0%80",
        ]
        answers = {await machine.post(b"x", path=path) for path in wrong}
        assert [answer.status for answer in answers] == [404]
        assert token not in next(iter(answers)).text
        usage = {await machine.call("GET", path=path) for path in (*wrong, machine.path)}
        assert [answer.status for answer in usage] == [200]
        assert "curl" in next(iter(usage)).text
        assert (await machine.call("PUT", data=b"x")).status == 405
        assert len(house.slack.thread(card)) == replies


async def test_bad_input_gets_a_sentence(redis_url: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 1024

    async with reporting(redis_url) as (house, machine, _, card):
        replies = len(house.slack.thread(card))
        bad: list[tuple[int, dict[str, Any]]] = [
            (400, {"data": b""}),
            (400, {"data": b'{"text": "x", "level": "fatal"}'}),
            (400, {"data": aiohttp.FormData({"text": "x"}, default_to_multipart=True)}),
            (413, {"data": b"x" * (16 * 1024 + 1)}),
            (413, {"data": endless()}),
            (415, {"data": b"\x1f\x8b", "headers": {"Content-Encoding": "gzip"}}),
        ]
        for status, call in bad:
            answer = await machine.call("POST", **call)
            assert answer.status == status, answer
            assert answer.text.endswith(".\n") or "curl" in answer.text
            assert "Traceback" not in answer.text
        assert len(house.slack.thread(card)) == replies
        assert (await machine.post(b"x" * 16 * 1024)).status == 200
        assert (await in_thread(house, card, "(clipped)")).shown.endswith("x … (clipped)")


async def test_the_address_ends_with_the_instance(redis_url: str) -> None:
    async with reporting(redis_url) as (house, machine, made, card):
        await house.slack.person("ada").click(card, "instance:delete")
        await seen(house, made, "is deleted")
        answer = await machine.post(b"a last word")
        assert (answer.status, "ended" in answer.text) == (410, True)


async def test_without_redis_the_answer_is_503_and_a_program_may_try_again(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, reporting(redis_url) as (house, machine, _, card):
        async with house.another_web(redis_url=SecretStr(line.url)) as port:
            assert (await machine.post(b"before", port)).status == 200
            await line.down()
            answer = await machine.post(b"lost", port)
            assert answer == Answered(503, "The bot's memory does not answer. Try again in a minute.\n")
            await line.up()
            async with patience():
                while (await machine.post(b"after", port)).status != 200:
                    pass
        await in_thread(house, card, "after")
        assert "lost" not in "".join(reply.shown for reply in house.slack.thread(card))


async def test_with_slack_away_reports_are_taken_and_told_later_in_order(redis_url: str) -> None:
    async with reporting(redis_url) as (house, machine, _, card):
        house.slack.faults.down = True
        for number in range(5):
            assert (await machine.post(f"epoch {number}")).status == 200
        house.slack.faults.clear()
        await in_thread(house, card, "epoch 4")
        said = [reply.shown.splitlines()[-1] for reply in house.slack.thread(card)]
        assert [line for line in said if line.startswith("epoch")] == [f"epoch {n}" for n in range(5)]


async def test_the_address_shows_up_nowhere_but_at_novita(redis_url: str) -> None:
    with everything_logged("json") as log:
        async with reporting(redis_url) as (house, machine, _, card):
            await machine.post(b"epoch 3")
            await in_thread(house, card, "epoch 3")
            await machine.post(b"")
            await machine.post(b"x", path=machine.path + "/more")
            await machine.call("GET", headers={"Content-Length": "x"})
            assert "variable" not in card.shown
    token = machine.hook.rpartition("/")[2]
    assert token in secrets_of(house.slack, house.novita)
    for text in (log.getvalue(), all_said(house.slack), all_of_redis(redis_url)):
        assert "train-1" in text or "instance_create" in text, "it was really looked at"
        assert found_in(text, secrets_of(house.slack, house.novita)) == set()


async def test_started_again_an_instance_gets_another_address_and_nobody_is_asked_for_it(redis_url: str) -> None:
    async with reporting(redis_url) as (house, _, made, card):
        house.novita.reclaim(str(made.remote.id))
        await seen(house, made, "is stopped")
        news = await in_thread(house, card, "was taken back by Novita")
        await started_again(house, "ada", news)
        await told(house, "ada", "is being created: its own card")
        await house.novita.wait_until(lambda: len(house.novita.creates) == 2)
        hooks = {env["value"] for body in house.novita.creates for env in body["envs"] if env["key"] == HOOK_VARIABLE}
        assert len(hooks) == 2
        assert made.intent.env_names == ()


async def test_without_a_public_address_instances_are_given_none(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        made = await launched(house)
        assert HOOK_VARIABLE not in json.dumps(house.novita.creates)
        assert made.hook.digest == ""


async def test_whatever_is_sent_there_the_answer_is_no_5xx(redis_url: str) -> None:
    async with reporting(redis_url) as (_, machine, _, _):
        loop = asyncio.get_running_loop()

        @given(
            st.binary(max_size=400) | st.text(max_size=200).map(str.encode),
            st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded", "x/y;z", "é", ""]),
        )
        @hypothesis_settings(max_examples=examples(30))
        def fuzz(body: bytes, content_type: str) -> None:
            call = machine.post(body, headers={"Content-Type": content_type})
            answer = asyncio.run_coroutine_threadsafe(call, loop).result(PATIENCE_SECONDS)
            assert answer.status in (200, 202, 400)
            assert "Traceback" not in answer.text

        await asyncio.to_thread(fuzz)
