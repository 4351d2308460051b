"""The make-believe Web API refuses what Slack refuses, seen through Slack's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack import ANY_METHOD, Fault, problems_in_message
from bot.sandbox.slack.constants import APP_TOKEN, BOT_USER, TEAM_ID
from bot.sandbox.slack.zone import zone_of_this_machine
from tests.bot.slack_sandbox import (
    RunningSlack,
    buttons,
    menu_field,
    modal_view,
    option,
    plain,
    put,
    refusal,
    running_slack,
    text_field,
)


@pytest.fixture
async def slack() -> AsyncIterator[RunningSlack]:
    async with running_slack() as running:
        yield running


async def post(slack: RunningSlack, text: str = "hello", channel: str = "gpu", **extra: Any) -> str:
    answer = await slack.client().chat_postMessage(channel=slack.channel_id(channel), text=text, **extra)
    return str(answer["ts"])


async def open_modal(slack: RunningSlack, view: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await slack.client().views_open(trigger_id=slack.trigger(), view=view or modal_view())
    opened: dict[str, Any] = answer["view"]
    return opened


# Tokens and methods


async def test_auth_test_tells_who_the_bot_is(slack: RunningSlack) -> None:
    answer = await slack.client().auth_test()
    assert (answer["user_id"], answer["team_id"]) == (BOT_USER, TEAM_ID)


async def test_a_wrong_token_is_refused(slack: RunningSlack) -> None:
    assert await refusal(slack.client("xoxb-other").auth_test()) == "invalid_auth"
    assert await refusal(slack.client(APP_TOKEN).auth_test()) == "not_allowed_token_type"
    assert await refusal(slack.client().apps_connections_open(app_token="xapp-other")) == "invalid_auth"
    status, answer = await put(f"{slack.api}auth.test", {}, "POST")
    assert (status, answer["error"]) == (200, "not_authed")


async def test_an_unknown_method_and_a_missing_argument_are_refused(slack: RunningSlack) -> None:
    assert await refusal(slack.client().api_call("chat.shout")) == "unknown_method"
    assert await refusal(slack.client().api_call("views.open", json={"trigger_id": "x"})) == "invalid_arguments"


async def test_every_call_is_recorded_with_what_came_of_it(slack: RunningSlack) -> None:
    await post(slack, "one")
    await refusal(slack.client().chat_postMessage(channel="C404", text="two"))
    first, second = slack.calls
    assert (first.method, first.args["text"], first.status, first.error) == ("chat.postMessage", "one", 200, None)
    assert (second.args["text"], second.error) == ("two", "channel_not_found")
    assert first.at <= second.at


async def test_forms_are_read_like_json(slack: RunningSlack) -> None:
    form = {"channel": slack.channel_id("gpu"), "text": "t", "blocks": '[{"type": "divider"}]'}
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{slack.api}chat.postMessage", data=form) as response,
    ):
        assert (await response.json())["message"]["blocks"][0]["type"] == "divider"


# Messages


@pytest.mark.parametrize(
    ("channel", "error"),
    [("general", "not_in_channel"), ("private", "channel_not_found"), ("archived", "is_archived")],
)
async def test_without_the_scope_for_public_channels_the_bot_posts_only_where_it_is_a_member(
    slack: RunningSlack, channel: str, error: str
) -> None:
    slack.scopes.discard("chat:write.public")
    assert await refusal(slack.client().chat_postMessage(channel=slack.channel_id(channel), text="t")) == error


async def test_with_the_scope_for_public_channels_the_bot_posts_in_one_that_it_has_not_joined(
    slack: RunningSlack,
) -> None:
    posted = await slack.client().chat_postMessage(channel=slack.channel_id("general"), text="t")
    assert posted["channel"] == slack.channel_id("general")
    private = slack.client().chat_postMessage(channel=slack.channel_id("private"), text="t")
    assert await refusal(private) == "channel_not_found"


async def test_channels_are_addressed_by_id_not_by_name(slack: RunningSlack) -> None:
    assert await refusal(slack.client().chat_postMessage(channel="#gpu", text="t")) == "channel_not_found"


async def test_posting_to_a_user_opens_their_direct_messages(slack: RunningSlack) -> None:
    ada = slack.person("ada")
    answer = await slack.client().chat_postMessage(channel=ada.id, text="psst")
    opened = await slack.client().conversations_open(users=ada.id)
    assert answer["channel"] == opened["channel"]["id"] != ada.id
    assert [message.text for message in ada.dms()] == ["psst"]
    assert slack.person("bo").dms() == []


async def test_bad_blocks_are_refused_with_a_pointer(slack: RunningSlack) -> None:
    blocks = [{"type": "section", "text": plain("")}]
    with pytest.raises(SlackApiError) as caught:
        await slack.client().chat_postMessage(channel=slack.channel_id("gpu"), text="t", blocks=blocks)
    assert caught.value.response["error"] == "invalid_blocks"
    assert "/blocks/0/text/text" in caught.value.response["response_metadata"]["messages"][0]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "t", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "t", "blocks": [{"type": "section", "text": plain("x" * 2900)}] * 5}, "msg_blocks_too_long"),
        ({"text": "t", "metadata": {"event_type": "e"}}, "invalid_metadata_format"),
    ],
)
async def test_bad_content_is_refused(slack: RunningSlack, content: dict[str, Any], error: str) -> None:
    payload = {"channel": slack.channel_id("gpu"), **content}
    assert await refusal(slack.client().api_call("chat.postMessage", json=payload)) == error


async def test_a_thread_hangs_on_its_root_only(slack: RunningSlack) -> None:
    root = await post(slack, "root")
    reply = await post(slack, "reply", thread_ts=root)
    gpu = slack.channel_id("gpu")
    assert (
        await refusal(slack.client().chat_postMessage(channel=gpu, text="t", thread_ts=reply))
        == "cannot_reply_to_message"
    )
    assert await refusal(slack.client().chat_postMessage(channel=gpu, text="t", thread_ts="1.0")) == "thread_not_found"
    ada = slack.person("ada")
    (message,) = ada.messages()
    assert [each.text for each in ada.thread(message)] == ["reply"] == [each.text for each in slack.thread(message)]


async def test_the_bot_edits_only_its_own_messages(slack: RunningSlack) -> None:
    theirs = slack.person("ada").say("mine")
    gpu, client = slack.channel_id("gpu"), slack.client()
    assert await refusal(client.chat_update(channel=gpu, ts=theirs.ts, text="no")) == "cant_update_message"
    assert await refusal(client.chat_delete(channel=gpu, ts=theirs.ts)) == "cant_delete_message"
    assert await refusal(client.chat_update(channel=gpu, ts="1.0", text="no")) == "message_not_found"


async def test_an_edit_replaces_text_and_blocks_and_keeps_metadata(slack: RunningSlack) -> None:
    metadata = {"event_type": "gpu", "event_payload": {"id": "i1"}}
    ts = await post(slack, "before", blocks=buttons("stop"), metadata=metadata)
    await slack.client().chat_update(channel=slack.channel_id("gpu"), ts=ts, text="after")
    (message,) = slack.person("bo").messages()
    assert (message.text, message.blocks, message.metadata) == ("after", [], metadata)
    assert [edit.text for edit in message.edits] == ["before"]


async def test_an_edit_takes_a_tenth_of_the_text_a_post_takes(slack: RunningSlack) -> None:
    ts = await post(slack, "x" * 4_001)
    call = slack.client().chat_update(channel=slack.channel_id("gpu"), ts=ts, text="x" * 4_001)
    assert await refusal(call) == "msg_too_long"


async def test_a_deleted_message_is_gone(slack: RunningSlack) -> None:
    ts = await post(slack)
    await slack.client().chat_delete(channel=slack.channel_id("gpu"), ts=ts)
    assert slack.person("ada").messages() == []
    assert await refusal(slack.client().chat_delete(channel=slack.channel_id("gpu"), ts=ts)) == "message_not_found"


async def test_an_ephemeral_message_is_seen_by_one_person_and_cannot_be_edited(slack: RunningSlack) -> None:
    gpu, ada = slack.channel_id("gpu"), slack.person("ada")
    answer = await slack.client().chat_postEphemeral(channel=gpu, user=ada.id, text="secret")
    assert [each.text for each in ada.ephemerals()] == ["secret"]
    assert "secret" in ada.sees() and "secret" not in slack.person("bo").sees()
    call = slack.client().chat_update(channel=gpu, ts=answer["message_ts"], text="t")
    assert await refusal(call) == "message_not_found"


async def test_an_ephemeral_message_needs_its_reader_in_the_channel(slack: RunningSlack) -> None:
    call = slack.client().chat_postEphemeral(channel=slack.channel_id("gpu"), user="U0STRANGER", text="t")
    assert await refusal(call) == "user_not_in_channel"


async def test_a_permalink_leads_to_a_message_that_exists(slack: RunningSlack) -> None:
    gpu, ts = slack.channel_id("gpu"), await post(slack)
    answer = await slack.client().chat_getPermalink(channel=gpu, message_ts=ts)
    assert answer["permalink"].endswith(f"/archives/{gpu}/p{ts.replace('.', '')}")
    assert await refusal(slack.client().chat_getPermalink(channel=gpu, message_ts="1.0")) == "message_not_found"


async def test_people_are_in_the_zone_that_the_workspace_is_in(slack: RunningSlack) -> None:
    ada = slack.person("ada").id
    utc = (await slack.client().users_info(user=ada))["user"]
    assert (utc["tz"], utc["tz_offset"]) == ("Etc/UTC", 0)
    slack.workspace.zone = ZoneInfo("Asia/Tokyo")
    tokyo = (await slack.client().users_info(user=ada))["user"]
    assert (tokyo["tz"], tokyo["tz_label"], tokyo["tz_offset"]) == ("Asia/Tokyo", "JST", 9 * 3600)


@pytest.mark.parametrize(
    ("variable", "linked", "zone"),
    [
        ("", "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        (":Asia/Tokyo", "/usr/share/zoneinfo/Europe/Berlin", "Asia/Tokyo"),
        ("nonsense", "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/etc/localtime", "/somewhere/else", "Etc/UTC"),
        ("../../etc/passwd", "/somewhere/else", "Etc/UTC"),
    ],
)
def test_the_zone_of_this_machine_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, linked: str, zone: str
) -> None:
    monkeypatch.setenv("TZ", variable)
    (tmp_path / "localtime").symlink_to(linked)
    assert zone_of_this_machine(tmp_path / "localtime").key == zone


async def test_people_and_channels_can_be_looked_up(slack: RunningSlack) -> None:
    guest = (await slack.client().users_info(user=slack.person("guest").id))["user"]
    assert guest["team_id"] != TEAM_ID and guest["is_stranger"]
    general = (await slack.client().conversations_info(channel=slack.channel_id("general")))["channel"]
    assert general["is_member"] is False
    assert await refusal(slack.client().users_info(user="U404")) == "user_not_found"
    private = slack.client().conversations_info(channel=slack.channel_id("private"))
    assert await refusal(private) == "channel_not_found"


async def test_blocks_without_text_are_noted_as_a_problem(slack: RunningSlack) -> None:
    payload = {"channel": slack.channel_id("gpu"), "blocks": buttons("stop")}
    await slack.client().api_call("chat.postMessage", json=payload)
    assert slack.problems == ["chat.postMessage sent blocks without text"]


# Views


async def test_a_trigger_works_once(slack: RunningSlack) -> None:
    trigger = slack.trigger()
    await slack.client().views_open(trigger_id=trigger, view=modal_view())
    call = slack.client().views_open(trigger_id=trigger, view=modal_view())
    assert await refusal(call) == "exchanged_trigger_id"


async def test_a_trigger_dies_after_three_seconds(slack: RunningSlack) -> None:
    alive, dead = slack.trigger(), slack.trigger()
    slack.hands.forward(2.9)
    await slack.client().views_open(trigger_id=alive, view=modal_view())
    slack.hands.forward(0.2)
    assert await refusal(slack.client().views_open(trigger_id=dead, view=modal_view())) == "expired_trigger_id"
    assert await refusal(slack.client().views_open(trigger_id="1.2.3", view=modal_view())) == "invalid_trigger_id"


async def test_a_bad_view_is_refused_and_leaves_the_trigger_unused(slack: RunningSlack) -> None:
    trigger, view = slack.trigger(), modal_view()
    del view["submit"]
    assert await refusal(slack.client().views_open(trigger_id=trigger, view=view)) == "invalid_arguments"
    await slack.client().views_open(trigger_id=trigger, view=modal_view())


async def test_an_update_needs_the_newest_hash(slack: RunningSlack) -> None:
    opened = await open_modal(slack)
    client = slack.client()
    updated = await client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal_view())
    assert updated["view"]["hash"] != opened["hash"]
    stale = client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal_view())
    assert await refusal(stale) == "hash_conflict"
    await client.views_update(view_id=opened["id"], view=modal_view())


async def test_a_closed_view_cannot_be_updated(slack: RunningSlack) -> None:
    opened = await open_modal(slack)
    await (await slack.person("ada").modal()).close()
    assert await refusal(slack.client().views_update(view_id=opened["id"], view=modal_view())) == "not_found"


async def test_an_external_id_is_unique_and_addresses_a_view(slack: RunningSlack) -> None:
    view = modal_view(external_id="launch-1")
    await open_modal(slack, view)
    taken = slack.client().views_open(trigger_id=slack.trigger("bo"), view=view)
    assert await refusal(taken) == "duplicate_external_id"
    await slack.client().views_update(external_id="launch-1", view={**view, "title": plain("Working")})
    assert (await slack.person("ada").modal()).title == "Working"


async def test_three_views_stack_and_a_fourth_is_refused(slack: RunningSlack) -> None:
    top = await open_modal(slack)
    for _ in range(2):
        pushed = await slack.client().views_push(trigger_id=slack.trigger(view=top["id"]), view=modal_view())
        assert pushed["view"]["previous_view_id"] == top["id"]
        top = pushed["view"]
    fourth = slack.client().views_push(trigger_id=slack.trigger(view=top["id"]), view=modal_view())
    assert await refusal(fourth) == "push_limit_reached"


async def test_what_was_typed_survives_an_update_under_the_same_ids(slack: RunningSlack) -> None:
    opened = await open_modal(slack, modal_view(text_field(), menu_field()))
    modal = await slack.person("ada").modal()
    await modal.fill("name", "train-1")
    changed = modal_view(text_field(initial_value="other"), menu_field(initial_option=option("large")))
    await slack.client().views_update(view_id=opened["id"], view=changed)
    assert modal.fields()["name"].value == "train-1"
    # An untouched field has a value too, empty, and it wins over initial_option.
    assert modal.fields()["size"].value is None


async def test_a_new_block_id_takes_the_initial_value(slack: RunningSlack) -> None:
    opened = await open_modal(slack, modal_view(text_field()))
    modal = await slack.person("ada").modal()
    await modal.fill("name", "train-1")
    changed = modal_view(text_field("name-2", initial_value="other"))
    await slack.client().views_update(view_id=opened["id"], view=changed)
    assert modal.fields()["name"].value == "other"


async def test_a_home_tab_is_published_for_one_person(slack: RunningSlack) -> None:
    view = {"type": "home", "blocks": [{"type": "header", "text": plain("Your GPUs")}]}
    ada = slack.person("ada")
    published = (await slack.client().views_publish(user_id=ada.id, view=view))["view"]
    home = ada.home()
    assert home is not None and home.text() == "Your GPUs"
    assert slack.person("bo").home() is None
    again = await slack.client().views_publish(user_id=ada.id, view=view, hash=published["hash"])
    assert again["view"]["id"] == published["id"]
    stale = slack.client().views_publish(user_id=ada.id, view=view, hash=published["hash"])
    assert await refusal(stale) == "hash_conflict"
    wrong = slack.client().views_publish(user_id=ada.id, view=modal_view())
    assert await refusal(wrong) == "invalid_arguments"


# Limits


async def test_too_many_calls_are_told_when_to_come_back() -> None:
    async with running_slack(rate_limits=1.0) as slack:
        ts = await post(slack)
        client, gpu = slack.client(), slack.channel_id("gpu")
        for _ in range(50):
            await client.chat_update(channel=gpu, ts=ts, text="t")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel=gpu, ts=ts, text="t")
        assert caught.value.response.status_code == 429
        wait = int(caught.value.response.headers["Retry-After"])
        slack.hands.forward(wait)
        await client.chat_update(channel=gpu, ts=ts, text="t")
        assert slack.calls_of("chat.update")[-2].status == 429


async def test_posts_are_paced_by_channel_after_a_short_burst() -> None:
    async with running_slack(rate_limits=1.0) as slack:
        for _ in range(5):
            await post(slack)
        assert (
            await refusal(slack.client().chat_postMessage(channel=slack.channel_id("gpu"), text="t")) == "ratelimited"
        )
        await slack.client().chat_postMessage(channel=slack.person("ada").id, text="elsewhere")
        slack.hands.forward(1)
        await post(slack)


async def test_rate_limits_can_be_lifted(slack: RunningSlack) -> None:
    for _ in range(120):
        await slack.client().conversations_info(channel=slack.channel_id("gpu"))
    with pytest.raises(ValueError, match="positive"):
        slack.rate_limits.set_scale(0)


# response_urls


async def test_a_response_url_works_five_times_in_thirty_minutes(slack: RunningSlack) -> None:
    ada = slack.person("ada")
    url = slack.workspace.response_urls.issue(ada.id, slack.channel_id("general"))
    hook = AsyncWebhookClient(url)
    for number in range(5):
        assert (await hook.send(text=f"answer {number}")).body == "ok"
    assert (await hook.send(text="once more")).status_code == 404
    assert len(ada.ephemerals("general")) == 5 and slack.calls[-1].error == "used_url"
    late = slack.workspace.response_urls.issue(ada.id, slack.channel_id("general"))
    slack.hands.forward(30 * 60 + 1)
    assert "expired_url" in (await AsyncWebhookClient(late).send(text="late")).body


async def test_a_response_url_can_publish_replace_and_delete(slack: RunningSlack) -> None:
    ts, ada = await post(slack, "card"), slack.person("ada")
    hook = AsyncWebhookClient(slack.workspace.response_urls.issue(ada.id, slack.channel_id("gpu"), ts))
    await hook.send(text="for all", response_type="in_channel")
    await hook.send(text="new card", replace_original=True)
    assert [message.text for message in slack.person("bo").messages()] == ["new card", "for all"]
    await hook.send_dict({"delete_original": True})
    assert [message.text for message in ada.messages()] == ["for all"]


async def test_a_response_url_refuses_bad_blocks(slack: RunningSlack) -> None:
    url = slack.workspace.response_urls.issue(slack.person("ada").id, slack.channel_id("gpu"))
    answer = await AsyncWebhookClient(url).send(text="t", blocks=[{"type": "alert", "text": plain("no")}])
    assert (answer.status_code, slack.calls[-1].error) == (400, "invalid_blocks")


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault.error("internal_error"), 200, "internal_error"),
        (Fault.rate_limited(7), 429, "ratelimited"),
        (Fault.server_error(503), 503, "internal_error"),
    ],
)
async def test_a_queued_fault_is_met_once(slack: RunningSlack, fault: Fault, status: int, error: str) -> None:
    slack.faults.next("auth.test", fault)
    with pytest.raises(SlackApiError) as caught:
        await slack.client().auth_test()
    assert (caught.value.response.status_code, caught.value.response["error"]) == (status, error)
    await slack.client().auth_test()


async def test_a_standing_fault_is_met_until_it_is_cleared(slack: RunningSlack) -> None:
    slack.faults.always(ANY_METHOD, Fault.error("fatal_error"))
    for _ in range(2):
        assert await refusal(slack.client().auth_test()) == "fatal_error"
    slack.faults.clear()
    await slack.client().auth_test()


async def test_an_answer_can_be_something_else_than_json(slack: RunningSlack) -> None:
    slack.faults.next("auth.test", Fault.not_json())
    with pytest.raises(SlackApiError):
        await slack.client().auth_test()


async def test_a_reset_before_the_effect_posts_nothing_and_one_after_it_posts(slack: RunningSlack) -> None:
    gpu = slack.channel_id("gpu")
    slack.faults.next("chat.postMessage", Fault.reset_before_effect(), Fault.reset_after_effect())
    for expected in ([], ["lost answer"]):
        with pytest.raises(aiohttp.ClientError):
            await slack.client().chat_postMessage(channel=gpu, text="lost answer")
        assert [message.text for message in slack.person("ada").messages()] == expected
    assert [call.status for call in slack.calls] == [0, 0]


async def test_a_hanging_call_ends_with_its_caller_and_has_no_effect(slack: RunningSlack) -> None:
    slack.faults.next("chat.postMessage", Fault.hang())
    client = slack.client()
    client.timeout = 1
    with pytest.raises(TimeoutError):
        await client.chat_postMessage(channel=slack.channel_id("gpu"), text="t")
    assert slack.person("ada").messages() == []


async def test_a_slow_call_takes_effect_although_the_caller_gave_up(slack: RunningSlack) -> None:
    slack.faults.next("chat.postMessage", Fault.slow(1.2))
    client = slack.client()
    client.timeout = 1
    with pytest.raises(TimeoutError):
        await client.chat_postMessage(channel=slack.channel_id("gpu"), text="t")
    await slack.wait_until(lambda: slack.person("ada").messages())


async def test_the_whole_api_can_be_down(slack: RunningSlack) -> None:
    slack.faults.down = True
    with pytest.raises(aiohttp.ClientError):
        await slack.client().auth_test()
    slack.faults.clear()
    await slack.client().auth_test()


# Steering and following


async def test_another_process_can_look_in_and_steer(slack: RunningSlack) -> None:
    root = slack.api.removesuffix("api/")
    await post(slack, "hello")
    fault = {"method": "auth.test", "kind": "error", "code": "account_inactive", "times": 1}
    assert await put(f"{root}_sandbox/faults", fault, "POST") == (200, {"ok": True})
    assert await refusal(slack.client().auth_test()) == "account_inactive"
    _, messages = await put(f"{root}_sandbox/messages?channel=gpu", {}, "GET")
    assert [message["shown"] for message in messages["messages"]] == ["hello"]
    _, calls = await put(f"{root}_sandbox/calls?method=auth.test", {}, "GET")
    assert [call["error"] for call in calls["calls"]] == ["account_inactive"]
    await put(f"{root}_sandbox/bot_url", {"bot_url": "http://127.0.0.1:1"})
    assert slack.bot_url == "http://127.0.0.1:1"
    for path, body in (("faults", {"kind": "sulk"}), ("rate_limits", {"scale": -1}), ("down", {})):
        status, _ = await put(f"{root}_sandbox/{path}", body, "POST" if path == "faults" else "PUT")
        assert status == 400


async def test_a_person_can_type_from_a_terminal(slack: RunningSlack) -> None:
    typed = f"{slack.api.removesuffix('api/')}_sandbox/typed"
    assert await put(typed, {"person": "ada", "text": "hello @bo"}, "POST") == (200, {"ok": True})
    [said] = slack.person("bo").messages()
    assert (said.author, said.text) == (slack.person("ada").id, f"hello <@{slack.person('bo').id}>")
    in_thread = {"person": "bo", "text": "/gpu list", "thread": said.ts}
    assert (await put(typed, in_thread, "POST"))[0] == 200
    assert [each.shown for each in slack.person("bo").ephemerals()] == ["/gpu is not supported in threads. Sorry!"]
    for wrong in ({"person": "eve"}, {"channel": "attic"}, {"channel": "archived"}, {"thread": "1.0"}, {"text": None}):
        assert (await put(typed, {"person": "ada", "text": "x", **wrong}, "POST"))[0] == 400, wrong
    assert (await put(typed, {"text": "x"}, "POST"))[0] == 400


async def test_the_state_can_be_followed(slack: RunningSlack) -> None:
    root = slack.api.removesuffix("api/")
    await open_modal(slack)
    _, state = await put(f"{root}_sandbox/state", {}, "GET")
    assert [view["view"]["callback_id"] for view in state["views"]] == ["form"]
    assert {"ada", "bo", "cy", "guest"} <= {person["name"] for person in state["people"]}
    await post(slack)
    _, later = await put(f"{root}_sandbox/state?after={state['revision']}", {}, "GET")
    assert later["revision"] > state["revision"]


async def test_subscribers_hear_every_change_until_they_leave(slack: RunningSlack) -> None:
    heard: list[str] = []
    leave = slack.subscribe(lambda change: heard.append(change.kind))
    await post(slack)
    leave()
    await post(slack)
    assert heard == ["message_posted", "call_answered"]


async def test_waiting_for_what_never_comes_ends(slack: RunningSlack) -> None:
    with pytest.raises(TimeoutError):
        await slack.wait_until(lambda: slack.person("ada").messages(), timeout=0.01)


async def test_what_is_stored_still_passes_the_rules(slack: RunningSlack) -> None:
    await post(slack, blocks=[{"type": "divider"}, *buttons("a", "b")])
    (message,) = slack.person("ada").messages()
    assert problems_in_message({"text": "t", "blocks": message.blocks}) == []
    assert all(block["block_id"] for block in message.blocks)
