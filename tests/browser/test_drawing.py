"""What the page draws of Block Kit, and what it tells a bot of what is done with it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.bot.slack_sandbox import buttons, menu_field, modal_view, option, plain, text_field
from tests.browser.conftest import Scene
from tests.browser.tiny import Json, TinyBot

CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("It will be gone."),
    "confirm": plain("Do it"),
    "deny": plain("Keep it"),
}


def mrkdwn(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def drawn(bare: Scene, tiny: TinyBot, *blocks: Json) -> Any:
    """The message with these blocks, on the page."""
    await tiny.post(list(blocks))
    page = await bare.visitor.visit()
    message = page.locator(".message")
    await message.wait_for()
    return message


async def test_mrkdwn_is_drawn_with_styles_names_and_local_time(bare: Scene, tiny: TinyBot) -> None:
    ada, gpu = bare.slack.person("ada").id, bare.slack.channel_id("gpu")
    text = f"*bold* _it_ ~gone~ `x *y*` <@{ada}> <#{gpu}> <https://example.com|site> a &lt;b&gt; :rocket:\n> said\nnext"
    message = await drawn(bare, tiny, mrkdwn(text), mrkdwn("<!date^1763892000^{date_num} {time}|never>"))
    assert await message.locator("strong", has_text="bold").count() == 1
    assert await message.locator("em").inner_text() == "it"
    assert await message.locator("s").inner_text() == "gone"
    assert await message.locator("code").inner_text() == "x *y*"
    assert await message.locator(".mention").all_inner_texts() == ["@ada", "#gpu"]
    assert await message.locator("blockquote").inner_text() == "said"
    shown = await message.inner_text()
    assert "a <b> 🚀" in shown and "site" in shown
    assert "2025-11-23 19:00" in shown, "10:00 UTC, read in Tokyo"


async def test_words_from_outside_never_become_markup(bare: Scene, tiny: TinyBot) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    escaped = hostile.replace("<", "&lt;").replace(">", "&gt;")
    raw = {"type": "header", "text": plain(hostile)}
    message = await drawn(bare, tiny, mrkdwn(escaped), raw, mrkdwn(f"<https://e.example/|{escaped}>"))
    assert (await message.inner_text()).count(hostile) == 3
    assert await message.locator("img").count() == 0


async def test_every_block_is_drawn_and_an_unknown_one_is_shown_as_such(bare: Scene, tiny: TinyBot) -> None:
    cell = {"type": "raw_text", "text": "in a cell"}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich", "style": {"bold": True}}]}
    message = await drawn(
        bare,
        tiny,
        {"type": "header", "text": plain("A headline")},
        {"type": "divider"},
        {"type": "section", "fields": [plain("left"), plain("right")]},
        {"type": "context", "elements": [plain("small print")]},
        {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a picture"},
        {"type": "rich_text", "elements": [rich]},
        {"type": "table", "rows": [[cell], [cell]]},
        {"type": "plan", "title": "a plan"},
    )
    shown = await message.inner_text()
    for words in ("A headline", "left", "right", "small print", "a picture", "rich", "in a cell"):
        assert words in shown
    assert await message.locator("hr").count() == 1
    assert await message.locator(".unsupported summary").all_inner_texts() == ["This page cannot draw “plan”"]


async def test_a_button_asks_before_it_acts_and_the_bot_hears_only_a_yes(bare: Scene, tiny: TinyBot) -> None:
    await tiny.post(buttons("instance:stop", confirm=CONFIRM))
    page = await bare.visitor.visit()
    await page.get_by_role("button", name="instance:stop").click()
    await page.get_by_role("dialog", name="Sure?").get_by_role("button", name="Keep it").click()
    assert tiny.payloads == []
    await page.get_by_role("button", name="instance:stop").click()
    await page.get_by_role("dialog", name="Sure?").get_by_role("button", name="Do it").click()
    (action,) = (await tiny.told("block_actions"))["actions"]
    assert (action["action_id"], action["value"]) == ("instance:stop", "i1")


async def test_an_edit_keeps_the_focus_and_says_edited(bare: Scene, tiny: TinyBot) -> None:
    ts = await tiny.post(buttons("first", "second"))
    page = await bare.visitor.visit()
    await page.get_by_role("button", name="second").focus()
    channel = bare.slack.channel_id("gpu")
    await tiny.client.chat_update(channel=channel, ts=ts, text="new", blocks=[mrkdwn("new words"), *buttons("second")])
    await page.get_by_text("new words").wait_for()
    await page.get_by_text("(edited)").wait_for()
    assert await page.locator(":focus").inner_text() == "second"


async def open_form(bare: Scene, tiny: TinyBot, *blocks: Json, **extra: Any) -> Any:
    """A modal with these blocks, opened by a command; gives the browser's page."""
    page = await bare.visitor.visit()
    await page.get_by_placeholder("Message #gpu").fill("/gpu create")
    await page.keyboard.press("Enter")
    await bare.slack.wait_until(lambda: tiny.payloads)
    view = modal_view(*blocks, **extra)
    await tiny.client.views_open(trigger_id=tiny.payloads[0]["trigger_id"], view=view)
    await page.get_by_role("dialog", name="A form").wait_for()
    return page


async def test_a_form_sends_what_was_typed_and_chosen(bare: Scene, tiny: TinyBot) -> None:
    choices = {"type": "radio_buttons", "action_id": "kind", "options": [option("spot"), option("demand")]}
    many = {"type": "multi_static_select", "action_id": "many", "options": [option("a1"), option("b2"), option("c3")]}
    where = {"type": "conversations_select", "action_id": "where", "default_to_current_conversation": True}
    page = await open_form(
        bare,
        tiny,
        text_field(),
        menu_field(),
        {"type": "input", "block_id": "kind", "label": plain("Kind"), "element": choices},
        {"type": "input", "block_id": "many", "label": plain("Many"), "element": many},
        {"type": "input", "block_id": "where", "label": plain("Where"), "element": where},
    )
    await page.get_by_label("Name").fill("typed")
    await page.get_by_role("combobox", name="Size").click()
    await page.get_by_role("option", name="LARGE").click()
    await page.get_by_label("DEMAND").check()
    for name in ("A1", "C3"):
        await page.get_by_role("combobox", name="Many").click()
        await page.get_by_role("option", name=name).click()
    await page.get_by_role("button", name="Create", exact=True).click()
    values = (await tiny.told("view_submission"))["view"]["state"]["values"]
    assert values["name"]["name"]["value"] == "typed"
    assert values["size"]["size"]["selected_option"]["value"] == "large"
    assert values["kind"]["kind"]["selected_option"]["value"] == "demand"
    assert [each["value"] for each in values["many"]["many"]["selected_options"]] == ["a1", "c3"]
    assert values["where"]["where"]["selected_conversation"] == bare.slack.channel_id("gpu")
    await page.get_by_role("dialog").wait_for(state="hidden")


async def test_an_update_of_the_form_keeps_what_is_being_typed_and_the_caret(bare: Scene, tiny: TinyBot) -> None:
    page = await open_form(bare, tiny, text_field(), menu_field())
    await page.get_by_label("Name").fill("half name")
    for _ in range(4):
        await page.keyboard.press("ArrowLeft")
    view = bare.slack.workspace.views.stack(bare.slack.person("ada").id)[0]
    news = modal_view(text_field(), menu_field(options=("tiny",)), mrkdwn("≈ $1"))
    news["blocks"][1]["block_id"] = "size:2"
    await tiny.client.views_update(view_id=view.id, view=news)
    await page.get_by_text("≈ $1").wait_for()
    await page.keyboard.type("a ")
    assert await page.get_by_label("Name").input_value() == "half a name"


async def test_a_menu_that_searches_asks_the_bot(bare: Scene, tiny: TinyBot) -> None:
    def answer(payload: Json) -> web.Response:
        typed = payload.get("value", "")
        return web.json_response({"options": [option(f"{typed}-1"), option(f"{typed}-2")]}) if typed else web.Response()

    element = {"type": "external_select", "action_id": "find", "min_query_length": 2}
    page = await open_form(
        bare, tiny, {"type": "input", "block_id": "find", "label": plain("Find"), "element": element}
    )
    tiny.answer = answer
    await page.get_by_role("combobox", name="Find").click()
    await page.get_by_text("Keep typing to search").wait_for()
    await page.keyboard.type("ab")
    await page.get_by_role("option", name="AB-2").wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Create", exact=True).click()
    values = (await tiny.told("view_submission"))["view"]["state"]["values"]
    assert values["find"]["find"]["selected_option"]["value"] == "ab-2"


async def test_a_bot_that_breaks_on_submit_leaves_the_form_with_slacks_own_line(bare: Scene, tiny: TinyBot) -> None:
    page = await open_form(bare, tiny, text_field())
    tiny.answer = lambda _: web.Response(status=500)
    await page.get_by_label("Name").fill("typed")
    await page.get_by_role("button", name="Create", exact=True).click()
    await page.get_by_text("We had some trouble connecting").wait_for()
    assert await page.get_by_label("Name").input_value() == "typed"


async def test_escape_closes_the_form_and_the_bot_hears_of_it(bare: Scene, tiny: TinyBot) -> None:
    page = await open_form(bare, tiny, text_field(), notify_on_close=True)
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")
    assert (await tiny.told("view_closed"))["is_cleared"] is False


async def test_a_published_home_is_a_tab_of_the_app(bare: Scene, tiny: TinyBot) -> None:
    ada = bare.slack.person("ada").id
    home = {"type": "home", "blocks": [mrkdwn("*Your* instances"), *buttons("refresh")[1:]]}
    await tiny.client.views_publish(user_id=ada, view=home)
    page = await bare.visitor.visit()
    await page.get_by_role("button", name="gpu-bot").click()
    await page.get_by_role("tab", name="Home").wait_for()
    await page.get_by_text("Your instances").wait_for()
    await page.get_by_role("button", name="refresh").click()
    assert (await tiny.told("block_actions"))["view"]["type"] == "home"


async def test_an_address_that_names_nobody_leads_to_ada(bare: Scene) -> None:
    page = await bare.visitor.visit("#zed/C0NOWHERE")
    await page.get_by_role("button", name="Be somebody else").get_by_text("Ada Lovelace").wait_for()
    await page.get_by_placeholder("Message #gpu").wait_for()


async def test_news_marks_a_channel_and_a_call_by_name_counts(bare: Scene, tiny: TinyBot) -> None:
    page = await bare.visitor.visit()
    await page.get_by_role("button", name="general").click()
    await tiny.post([mrkdwn(f"<@{bare.slack.person('ada').id}> look")])
    gpu = page.locator("#sidebar button", has_text="gpu").first
    await gpu.locator(".count", has_text="1").wait_for()
    assert "unread" in (await gpu.get_attribute("class"))
    await gpu.click()
    await page.get_by_text("look").wait_for()
    await page.get_by_role("button", name="general").click()
    await page.get_by_placeholder("Message #general").wait_for()
    assert await gpu.locator(".count").count() == 0, "it has been read"
