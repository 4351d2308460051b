"""The sandbox's page as other sites, other people and a careless caller meet it: over HTTP, without a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.novita import Endpoint, Fault, NovitaCall, SandboxNovita
from bot.sandbox.page import Page, set_opening_scene
from bot.sandbox.page.cloud import CALLS_SHOWN, shown_calls
from bot.sandbox.page.server import STATIC
from bot.sandbox.page.showing import has_desktop
from bot.sandbox.slack import Message, SandboxSlack
from bot.sandbox.slack.constants import BOT_USER, SLACKBOT
from core.adapters.settings import REGION_PRIORITY
from tests.bot.slack_sandbox import buttons, modal_view, text_field
from tests.core.samples import TurnedClock
from tests.patience import PATIENCE_SECONDS, SOON_SECONDS, patience
from tests.served import served_at

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}


@dataclass
class Desk:
    """The page, served, over a Slack without a bot and a Novita that is not served."""

    slack: SandboxSlack
    novita: SandboxNovita
    http: aiohttp.ClientSession
    address: str = ""
    clock: TurnedClock = field(default_factory=TurnedClock)

    async def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        async with self.http.get(self.address + path, headers=headers) as response:
            return response.status, await response.text()

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Json]:
        raw = json.dumps(body or {})
        async with self.http.post(self.address + path, data=raw, headers={**JSON, **headers}) as response:
            told = await response.text()
            return response.status, json.loads(told) if response.content_type == "application/json" else {"text": told}

    async def do(self, person: str, deed: str, **body: Any) -> tuple[int, Json]:
        return await self.post(f"/people/{person}/{deed}", body)

    @asynccontextmanager
    async def watching(self, person: str, *, drawer: bool = False) -> AsyncIterator[Sight]:
        async with self.http.ws_connect(f"{self.address}/live") as socket:
            await socket.send_json({"person": person, "drawer": drawer})
            yield Sight(socket)


class Sight:
    """What a page has been told, put together as the page does it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.parts: Json = {}
        self.patches: list[Json] = []

    async def until(self, holds: Callable[[Json], Any]) -> Json:
        async with patience():
            while not (self.parts and holds(self.parts)):
                await self.step()
        return self.parts

    async def step(self) -> Json:
        patch = await self.socket.receive_json()
        self.patches.append(patch)
        if patch["begins"]:
            self.parts = {}
        for name in patch["gone"]:
            del self.parts[name]
        self.parts |= patch["set"]
        return dict(patch)

    def texts(self) -> list[str]:
        return [part["text"] for name, part in sorted(self.parts.items()) if name.startswith("message/")]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = TurnedClock()
    slack, novita = SandboxSlack(), SandboxNovita(clock=lambda: clock.now().timestamp())
    async with aiohttp.ClientSession() as http:
        found = Desk(slack, novita, http, clock=clock)
        page = Page(found)
        found.address = await page.start(0)
        yield found
        await page.stop()


def whisper(slack: SandboxSlack, text: str, to: str) -> None:
    """A message that only one person sees."""
    channel, ts = slack.channel_id("gpu"), slack.workspace.new_ts()
    slack.workspace.post(Message(channel, ts, BOT_USER, text, [], visible_to=slack.person(to).id))


# Who may come in


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "[::1]", "127.0.0.1:x"])
async def test_another_host_name_is_refused_as_a_rebound_one_would_be(desk: Desk, host: str) -> None:
    assert (await desk.get(Host=host))[0] == 403
    assert (await desk.post("/people/ada/open_home", Host=host))[0] == 403


async def test_localhost_and_forwarded_ports_are_this_machine(desk: Desk) -> None:
    assert (await desk.get(Host="localhost:4040"))[0] == 200
    assert (await desk.get(Host="127.0.0.1"))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
    ids=str,
)
async def test_another_site_changes_nothing(desk: Desk, headers: dict[str, str]) -> None:
    body = {"channel": desk.slack.channel_id("gpu"), "text": "forged"}
    assert (await desk.post("/people/ada/write", body, **headers))[0] == 403
    assert (await desk.post("/novita/latency", {"seconds": 9}, **headers))[0] == 403
    assert desk.slack.person("ada").messages() == []
    assert desk.novita.latency == 0


async def test_another_site_cannot_listen(desk: Desk) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await desk.http.ws_connect(f"{desk.address}/live", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403


async def test_the_page_itself_may_write_and_listen(desk: Desk) -> None:
    own = {"Origin": desk.address, "Sec-Fetch-Site": "same-origin"}
    body = {"channel": desk.slack.channel_id("gpu"), "text": "mine"}
    assert (await desk.post("/people/ada/write", body, **own))[0] == 200
    async with desk.http.ws_connect(f"{desk.address}/live", headers={"Origin": desk.address}) as socket:
        await socket.send_json({"person": "ada"})
        assert (await socket.receive_json())["begins"] is True


async def test_every_answer_forbids_other_hosts_and_being_framed(desk: Desk) -> None:
    for path in ("/", "/static/main.js", "/static/style.css"):
        async with desk.http.get(desk.address + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'self'; ") and "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy and "*" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["../server.py", "..%2Fserver.py", "%2e%2e/server.py", "main.py", ".", ""])
async def test_only_its_own_files_are_served(desk: Desk, name: str) -> None:
    assert (await desk.get(f"/static/{name}"))[0] == 404


async def test_the_page_names_no_other_host_and_never_writes_markup() -> None:
    for path in STATIC.iterdir():
        text = path.read_text()
        assert "innerHTML" not in text and "insertAdjacentHTML" not in text, path.name
        assert 'src="http' not in text and "url(http" not in text and "@import" not in text, path.name


# What one sees


async def test_each_sees_only_their_own_private_messages_direct_messages_and_forms(desk: Desk) -> None:
    slack = desk.slack
    whisper(slack, "for ada", "ada")
    slack.workspace.post(
        Message(slack.workspace.direct_messages(slack.person("ada").id).id, "1.000001", BOT_USER, "dm", [])
    )
    slack.workspace.views.open(slack.person("ada").id, modal_view())
    slack.workspace.views.publish(slack.person("ada").id, {"type": "home", "blocks": []})
    slack.person("ada").say("for all")
    async with desk.watching("ada") as ada, desk.watching("bo") as bo:
        seen = await ada.until(lambda parts: parts["views"])
        assert sorted(ada.texts()) == ["dm", "for ada", "for all"]
        assert len(seen["views"]) == 1 and seen["home"]
        seen = await bo.until(lambda parts: "me" in parts)
        assert bo.texts() == ["for all"]
        assert seen["views"] == [] and seen["home"] is None


async def test_a_guest_sees_shared_channels_only_and_a_colleague_no_private_one(desk: Desk) -> None:
    desk.slack.person("ada").say("secret", "private")
    names = {}
    for who in ("ada", "bo", "guest"):
        async with desk.watching(who) as sight:
            parts = await sight.until(lambda parts: "channels" in parts)
            names[who] = {each["name"] for each in parts["channels"] if not each["is_direct"]}
            assert ("secret" in sight.texts()) == (who == "ada")
    assert names == {
        "ada": {"gpu", "general", "private", "archived"},
        "bo": {"gpu", "general", "archived"},
        "guest": {"gpu"},
    }


async def test_only_what_changed_is_told_again(desk: Desk) -> None:
    desk.slack.person("bo").say("old")
    async with desk.watching("ada") as sight:
        await sight.until(lambda parts: "me" in parts)
        desk.slack.person("bo").say("new")
        patch = await sight.step()
        assert [part["text"] for part in patch["set"].values()] == ["new"]
        message = desk.slack.person("ada").messages()[-1]
        desk.slack.workspace.delete(message)
        patch = await sight.step()
        assert (patch["set"], patch["gone"]) == ({}, [f"message/{message.channel}/{message.ts}"])


async def test_being_somebody_else_begins_anew(desk: Desk) -> None:
    whisper(desk.slack, "for ada", "ada")
    async with desk.watching("ada") as sight:
        await sight.until(lambda parts: "me" in parts)
        await sight.socket.send_json({"person": "bo"})
        parts = await sight.until(lambda parts: parts["me"]["name"] == "bo")
        assert sight.patches[-1]["begins"] and sight.texts() == []
        assert parts["me"]["id"] == desk.slack.person("bo").id


@pytest.mark.parametrize("wish", ["{}", "no JSON", '{"person": "nobody"}', '{"person": "gpu-bot"}'])
async def test_a_wish_that_makes_no_sense_ends_the_connection(desk: Desk, wish: str) -> None:
    async with desk.http.ws_connect(f"{desk.address}/live") as socket:
        await socket.send_str(wish)
        await socket.receive(timeout=PATIENCE_SECONDS)
        assert socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_pages_that_are_still_open_do_not_hold_up_the_end(desk: Desk) -> None:
    page = Page(desk)
    address = await page.start(0)
    async with desk.http.ws_connect(f"{address}/live") as socket:
        await socket.send_json({"person": "ada"})
        await socket.receive_json()
        async with asyncio.timeout(SOON_SECONDS):
            await page.stop()


# What one does


async def test_what_is_written_reaches_all_and_cannot_be_markup(desk: Desk) -> None:
    assert (await desk.do("bo", "write", channel=desk.slack.channel_id("gpu"), text="<!channel> & hi"))[0] == 200
    (message,) = desk.slack.person("ada").messages()
    assert (message.author, message.text) == (desk.slack.person("bo").id, "&lt;!channel&gt; &amp; hi")


async def test_a_reply_stands_in_its_thread(desk: Desk) -> None:
    gpu = desk.slack.channel_id("gpu")
    root = desk.slack.person("ada").say("root")
    await desk.do("bo", "write", channel=gpu, text="reply", thread=root.ts)
    assert [each.text for each in desk.slack.thread(root)] == ["reply"]
    assert (await desk.do("bo", "write", channel=gpu, text="reply", thread="1.0"))[0] == 409


async def test_a_command_of_nobody_is_answered_by_slack_alone(desk: Desk) -> None:
    assert (await desk.do("ada", "write", channel=desk.slack.channel_id("gpu"), text="/jira x"))[0] == 200
    assert "/jira is not a valid command" in desk.slack.person("ada").sees()
    assert desk.slack.person("bo").sees() == ""


@pytest.mark.parametrize("line", ["/gpu list", "/gpu", "/jira x"])
async def test_no_command_is_taken_in_a_thread(desk: Desk, line: str) -> None:
    """Slack's client says so to the person, and sends nothing to anybody."""
    root = desk.slack.person("bo").say("root")
    status, told = await desk.do("ada", "write", channel=root.channel, text=line, thread=root.ts)
    assert (status, told) == (200, {})
    [notice] = desk.slack.person("ada").ephemerals()
    assert notice.shown == f"{line.split()[0]} is not supported in threads. Sorry!"
    assert (notice.author, notice.thread_ts) == (SLACKBOT, root.ts)
    assert desk.slack.thread(root) == [], "nobody else sees that"


async def test_people_who_are_named_are_called(desk: Desk) -> None:
    channel = desk.slack.channel_id("gpu")
    await desk.do("ada", "write", channel=channel, text="@bo, ask @ada's friend <@U1> me@bo.org @bobby @nobody")
    [said] = desk.slack.person("bo").messages()
    bo, ada = desk.slack.person("bo").id, desk.slack.person("ada").id
    assert said.text == f"<@{bo}>, ask <@{ada}>'s friend &lt;@U1&gt; me@bo.org @bobby @nobody"


async def test_where_the_bot_is_no_member_slack_says_so_instead_of_telling_it(desk: Desk) -> None:
    await desk.do("ada", "write", channel=desk.slack.channel_id("general"), text="hello @gpu-bot")
    [notice] = desk.slack.person("ada").ephemerals()
    assert (notice.author, "not in this channel" in notice.shown) == (SLACKBOT, True)


@pytest.mark.parametrize(("who", "channel"), [("ada", "archived"), ("bo", "private"), ("guest", "general")])
async def test_nobody_writes_where_they_could_not(desk: Desk, who: str, channel: str) -> None:
    status, told = await desk.do(who, "write", channel=desk.slack.channel_id(channel), text="x")
    assert status == 409 and told["error"]


async def test_nobody_clicks_what_they_do_not_see(desk: Desk) -> None:
    channel, ts = desk.slack.channel_id("gpu"), desk.slack.workspace.new_ts()
    ada = desk.slack.person("ada").id
    desk.slack.workspace.post(Message(channel, ts, BOT_USER, "", buttons("instance:stop"), visible_to=ada))
    click = {"channel": channel, "ts": ts, "action_id": "instance:stop", "value": "i1"}
    assert await desk.do("bo", "click", **click) == (409, {"error": "this message is gone"})


async def test_nobody_acts_in_another_ones_form(desk: Desk) -> None:
    view = desk.slack.workspace.views.open(desk.slack.person("ada").id, modal_view(text_field()))
    assert (await desk.do("bo", "fill", view=view.id, action_id="name", text="x"))[0] == 409
    assert (await desk.do("bo", "close", view=view.id))[0] == 409
    assert (await desk.do("ada", "fill", view=view.id, action_id="name", text="x"))[0] == 200
    assert view.state["name"]["name"]["value"] == "x"
    assert (await desk.do("ada", "close", view=view.id))[0] == 200
    assert (await desk.do("ada", "fill", view=view.id, action_id="name", text="x"))[0] == 409


async def test_an_empty_required_field_is_refused_without_asking_the_bot(desk: Desk) -> None:
    view = desk.slack.workspace.views.open(desk.slack.person("ada").id, modal_view(text_field()))
    assert await desk.do("ada", "submit", view=view.id) == (200, {"outcome": "refused"})
    async with desk.watching("ada") as sight:
        parts = await sight.until(lambda parts: parts["views"])
        assert parts["views"][0]["errors"] == {"name": "Please complete this required field."}


async def test_a_bot_that_is_away_is_said_plainly(desk: Desk) -> None:
    gpu = desk.slack.channel_id("gpu")
    assert (await desk.do("ada", "write", channel=gpu, text="/gpu create"))[0] == 503


async def test_a_bot_that_fails_is_trouble_and_no_error_of_the_page(desk: Desk) -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.Response(status=500)

    await desk.slack.start()
    async with served_at("POST", "/slack/events", fail) as desk.slack.bot_url:
        status, told = await desk.do("ada", "write", channel=desk.slack.channel_id("gpu"), text="/gpu create")
        assert (status, told) == (200, {"trouble": "answered HTTP 500"})
    await desk.slack.stop()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/people/nobody/write", {}, 404),
        ("/people/gpu-bot/write", {"channel": "C0GPU00001", "text": "x"}, 404),
        ("/people/ada/fly", {}, 404),
        ("/people/ada/write", {}, 400),
        ("/people/ada/write", {"channel": "C0GPU00001", "text": ""}, 400),
        ("/people/ada/write", {"channel": "C0GPU00001", "text": "x" * 13_000}, 400),
        ("/people/ada/write", {"channel": "C0GPU00001", "text": "x", "more": 1}, 400),
        ("/people/ada/write", {"channel": "C0NOWHERE1", "text": "x"}, 409),
        ("/people/ada/press", {"view": "V1", "action_id": "x"}, 409),
        ("/people/ada/click", {"channel": "C0GPU00001", "ts": "1.0", "action_id": "x"}, 409),
        ("/novita/fly", {}, 404),
        ("/novita/latency", {"seconds": "long"}, 400),
        ("/novita/instance", {"id": "none", "do": "reclaim"}, 404),
        ("/scenes/fly", {}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_breaks(
    desk: Desk, path: str, body: Json, status: int
) -> None:
    found, told = await desk.post(path, body)
    assert found == status and told["error"]


# The drawer


def order(desk: Desk, name: str) -> Json:
    shelf = next(shelf for shelf in desk.novita.shelves if shelf.has_room)
    wanted = {"productId": shelf.product.id, "clusterId": shelf.cluster.id, "gpuNum": 1, "rootfsSize": 60}
    return {**wanted, "name": name, "imageUrl": "docker.io/a/b:1", "kind": "gpu", "billingMode": "spot"}


async def test_a_closed_drawer_costs_nothing_and_an_open_one_shows_no_secret(desk: Desk) -> None:
    machine = desk.novita.create_instance({**order(desk, "one"), "envs": [{"key": "TOKEN", "value": "hidden-value"}]})
    async with desk.watching("ada") as sight:
        parts = await sight.until(lambda parts: "me" in parts)
        assert not [name for name in parts if name.startswith("novita/")]
    async with desk.watching("ada", drawer=True) as sight:
        parts = await sight.until(lambda parts: f"novita/machine/{machine.id}" in parts)
        told = json.dumps(parts)
        for secret in (*desk.novita.secrets, machine.ssh_password, desk.novita.api_key, "hidden-value"):
            assert secret not in told


async def test_a_status_that_only_time_changed_is_told_too(desk: Desk) -> None:
    machine = desk.novita.create_instance(order(desk, "one"))
    name = f"novita/machine/{machine.id}"
    async with desk.watching("ada", drawer=True) as sight:
        await sight.until(lambda parts: parts.get(name, {}).get("status") == "toCreate")
        desk.clock.turn(seconds=60)
        await sight.until(lambda parts: parts[name]["status"] == "running")


async def test_a_call_is_told_as_it_comes_and_as_it_ends(desk: Desk) -> None:
    await desk.novita.start()
    desk.novita.fail_next("create", Fault.rate_limited("2"))
    async with desk.watching("ada", drawer=True) as sight:
        url = f"{desk.novita.base_url}/gpu-instance/openapi/v1/gpu/instance/create"
        async with desk.http.post(url, json=order(desk, "one")) as response:
            assert response.status == 429
        parts = await sight.until(lambda parts: parts.get("novita/call/000000", {}).get("status") == 429)
        assert parts["novita/call/000000"]["subject"].startswith("cn-hongkong-1 ")
        assert "Authorization" not in json.dumps(parts)
    await desk.novita.stop()


def test_orders_stay_in_sight_however_many_looks_follow() -> None:
    def call(method: str) -> NovitaCall:
        return NovitaCall(method, "/", Endpoint.CREATE, 0.0, {})

    calls = [call("POST"), *[call("GET")] * CALLS_SHOWN, *[call("POST")] * CALLS_SHOWN, *[call("GET")] * CALLS_SHOWN]
    assert shown_calls(calls) == list(range(CALLS_SHOWN + 1, 3 * CALLS_SHOWN + 1))
    assert shown_calls(calls[:2]) == [0, 1] and shown_calls([]) == []


async def test_at_the_opening_each_gpus_first_region_refuses_and_another_has_it(desk: Desk) -> None:
    set_opening_scene(desk.novita)
    for product in {shelf.product.name for shelf in desk.novita.shelves}:
        shelves = [shelf for shelf in desk.novita.shelves if shelf.product.name == product and shelf.stock != "none"]
        sold_in = {shelf.cluster.name.split(" ")[0] for shelf in shelves}
        regions = [name for name in REGION_PRIORITY if name in sold_in]
        refusing = {shelf.cluster.name.split(" ")[0] for shelf in shelves if shelf.refuses_create}
        assert refusing == {regions[0]}, product
        assert len(regions) > 1, product


async def test_one_stroke_makes_everything_available_again(desk: Desk) -> None:
    set_opening_scene(desk.novita)
    desk.novita.close_region("EU-GB-01")
    assert (await desk.post("/scenes/everything_in_stock"))[0] == 200
    assert all(shelf.has_room for shelf in desk.novita.shelves)


async def test_an_image_breaks_and_is_mended(desk: Desk) -> None:
    image = "docker.io/a/b:1"
    for broken, status in ((True, "exited"), (False, "running")):
        assert (await desk.post("/novita/image", {"image": image, "broken": broken}))[0] == 200
        machine = desk.novita.create_instance(order(desk, "one"))
        desk.clock.turn(seconds=60)
        assert machine.status(desk.novita.clock()) == status


# Where it is served


@pytest.mark.parametrize(
    ("platform", "environment", "found"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, False),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, False),
    ],
)
def test_a_browser_opens_only_where_its_window_is_seen(platform: str, environment: dict[str, str], found: bool) -> None:
    assert has_desktop(platform, environment) is found


async def test_a_port_that_is_taken_gives_way_to_a_free_one(desk: Desk) -> None:
    taken = int(desk.address.rpartition(":")[2])
    page = Page(desk)
    address = await page.start(taken)
    assert address != desk.address
    async with desk.http.get(address) as response:
        assert response.status == 200 and "gpu-bot sandbox" in await response.text()
    await page.stop()
