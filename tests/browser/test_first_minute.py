"""What a first visitor does at the page, with the real bot behind it."""

from __future__ import annotations

import itertools
from typing import Any

from tests.browser.conftest import Scene


async def create_form(page: Any) -> Any:
    """The create modal, opened by the hint in the empty channel."""
    await page.get_by_role("button", name="Type it for me").click()
    await page.keyboard.press("Enter")
    modal = page.get_by_role("dialog", name="Create a GPU instance")
    await modal.get_by_role("combobox", name="GPU", exact=True).wait_for()
    return modal


async def choose(page: Any, field: str, option: str) -> None:
    await page.get_by_role("combobox", name=field, exact=True).click()
    await page.get_by_role("option", name=option).first.click()


async def fill_in(page: Any, modal: Any) -> None:
    await choose(page, "GPU", "RTX 4090")
    await modal.get_by_text("AS-SGP-02 first, then CN-HK-01").wait_for()
    await modal.get_by_role("combobox", name="Template").click()
    await page.keyboard.type("comf")
    await page.get_by_role("option", name="ComfyUI").click()


async def create(page: Any, name: str) -> None:
    modal = await create_form(page)
    await modal.get_by_label("Name").fill(name)
    await fill_in(page, modal)
    await modal.get_by_role("button", name="Create", exact=True).click()
    await page.get_by_role("heading", name="Created", exact=True).wait_for()


async def test_a_new_user_creates_a_gpu_by_clicking_and_typing_and_sees_the_fallback_and_the_thread(
    scene: Scene,
) -> None:
    page = await scene.visitor.visit()
    await create(page, "first-one")
    outcome = page.get_by_role("dialog", name="Created")
    await outcome.get_by_text("AS-SGP-02: no free GPU there right now").wait_for()
    await outcome.get_by_role("button", name="Open the thread").click()
    await outcome.wait_for(state="hidden")
    thread = page.get_by_role("complementary", name="Thread")
    await thread.get_by_text("first-one is created.").wait_for()
    await thread.get_by_text("CN-HK-01: created").wait_for()
    await thread.get_by_text("first-one is running.").wait_for()
    card = page.locator("#messages .message")
    await card.get_by_text("Came up today at").wait_for()
    assert await card.count() == 1, "one card, edited in place"
    assert await card.get_by_text("2 replies").is_visible()


async def test_a_wrong_name_is_refused_under_its_field_and_what_was_typed_stays(scene: Scene) -> None:
    page = await scene.visitor.visit()
    modal = await create_form(page)
    await fill_in(page, modal)
    await modal.get_by_label("Name").fill("not a name!")
    await modal.get_by_role("button", name="Create", exact=True).click()
    field = modal.locator(".input", has=page.get_by_label("Name"))
    await field.get_by_role("alert").get_by_text("letters, digits").wait_for()
    assert await modal.get_by_label("Name").input_value() == "not a name!"
    assert "ComfyUI" in await modal.get_by_role("combobox", name="Template").input_value()
    assert scene.novita.creates == []
    await modal.get_by_label("Name").fill("a-name")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Created", exact=True).wait_for()
    assert len(scene.novita.creates) == 1


async def test_a_guest_of_another_workspace_is_refused_and_nobody_else_sees_it(scene: Scene) -> None:
    page = await scene.visitor.visit("#guest")
    await page.get_by_placeholder("Message #gpu").fill("/gpu create")
    await page.keyboard.press("Enter")
    refusal = page.locator(".message.private")
    await refusal.get_by_text("Only visible to you").wait_for()
    assert "members of the workspace" in await refusal.inner_text()
    assert await page.get_by_role("button", name="general").count() == 0, "a guest sees only what is shared"
    ada = await scene.visitor.visit("#ada")
    await ada.get_by_role("button", name="Type it for me").wait_for()
    assert await ada.locator(".message").count() == 0
    assert not await page.get_by_role("dialog").is_visible()


async def test_a_whole_create_needs_no_mouse(scene: Scene) -> None:
    page = await scene.visitor.visit()
    await page.get_by_placeholder("Message #gpu").focus()
    await page.keyboard.type("/gp")
    await page.get_by_role("option", name="/gpu create").wait_for()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    modal = page.get_by_role("dialog", name="Create a GPU instance")
    await modal.get_by_role("combobox", name="GPU", exact=True).and_(page.locator(":focus")).wait_for()
    await page.keyboard.type("4090")
    await page.keyboard.press("Enter")
    await modal.get_by_text("AS-SGP-02 first").wait_for()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.get_by_role("option").nth(1).wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Escape")
    assert await modal.is_visible(), "Escape in an open list closes only the list"
    await page.keyboard.type("vllm")
    await page.keyboard.press("Enter")
    chosen = modal.get_by_role("combobox", name="Template")
    await page.wait_for_function("node => node.value.startsWith('vLLM')", arg=await chosen.element_handle())
    await modal.get_by_label("Name").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Created", exact=True).wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")


async def test_a_colleague_sees_the_card_change_without_reloading_and_none_of_the_form(scene: Scene) -> None:
    ada, bo = await scene.visitor.visit("#ada"), await scene.visitor.visit("#bo")
    await ada.bring_to_front()
    await create(ada, "watched")
    await bo.get_by_text("watched is starting").or_(bo.get_by_text("watched is running")).first.wait_for()
    await bo.get_by_text("watched is running").wait_for()
    assert not await bo.get_by_role("dialog").is_visible()


async def test_the_drawer_takes_a_region_away_and_shows_the_calls_that_follow(scene: Scene) -> None:
    page = await scene.visitor.visit()
    await page.get_by_role("button", name="Novita", exact=True).click()
    drawer = page.get_by_role("complementary", name="Novita")
    await drawer.get_by_role("button", name="Everything in stock").click()
    await scene.novita.wait_until(lambda: all(shelf.has_room for shelf in scene.novita.shelves))
    await drawer.get_by_label("All of AS-SGP-02").select_option("refuses at create")
    await drawer.get_by_label("All of CN-HK-01").select_option("refuses at create")
    await scene.novita.wait_until(
        lambda: not any(shelf.has_room for shelf in scene.novita.shelves if shelf.cluster.is_called("CN-HK-01"))
    )
    await create(page, "third-choice")
    await page.keyboard.press("Escape")
    calls = drawer.locator(".calls li")
    assert await calls.count() == 3
    assert await calls.locator("text=400 INSUFFICIENT_RESOURCE").count() == 2
    assert "oc-au-1" in await calls.first.inner_text()
    machine = drawer.locator(".machine", has_text="third-choice")
    await machine.locator(".state.running").wait_for()
    await machine.get_by_role("button").click()
    await page.get_by_role("menuitem", name="Reclaim it now").click()
    await page.locator("#messages").get_by_text("third-choice is stopped").wait_for()


async def test_it_fits_into_900_pixels_with_thread_or_drawer_open(scene: Scene) -> None:
    page = await scene.visitor.visit()
    await page.set_viewport_size({"width": 900, "height": 700})
    await create(page, "narrow")
    await page.keyboard.press("Escape")
    for name in ("1 reply", "Novita"):
        await page.get_by_role("button", name=name).first.click()
        await page.get_by_role("complementary").first.wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") == 900


async def test_a_colleagues_click_on_stop_is_refused_and_can_ask_the_owner(scene: Scene) -> None:
    ada, bo = await scene.visitor.visit("#ada"), await scene.visitor.visit("#bo")
    await ada.bring_to_front()
    await create(ada, "hers")
    await ada.get_by_role("dialog", name="Created").get_by_role("button", name="Open the thread").click()
    await bo.bring_to_front()
    await bo.get_by_role("button", name="Stop", exact=True).click()
    await bo.get_by_role("dialog", name="Stop hers?").get_by_role("button", name="Stop it").click()
    refusal = bo.locator(".message.private")
    await refusal.get_by_text("Only its owner and the admins may do that. hers belongs to @ada").wait_for()
    await refusal.get_by_role("button", name="Ask the owner").click()
    await refusal.get_by_text("Asked in its thread.").wait_for()
    assert scene.novita.calls_of("stop") == []
    await ada.bring_to_front()
    assert await ada.locator(".message.private").count() == 0, "only who clicked hears of the refusal"
    question = ada.get_by_role("complementary", name="Thread").locator(".message", has_text="asks")
    await question.get_by_text("@bo asks @ada to stop hers").wait_for()
    await question.get_by_role("button", name="Stop", exact=True).click()
    await ada.get_by_role("dialog", name="Stop hers?").get_by_role("button", name="Stop it").click()
    await ada.locator("#messages").get_by_text("hers is stopped").wait_for()
    assert len(scene.novita.calls_of("stop")) == 1


async def test_where_nobody_can_write_nobody_is_told_to_type(scene: Scene) -> None:
    page = await scene.visitor.visit()
    await page.get_by_role("button", name="Type it for me").wait_for()
    await page.get_by_role("button", name="archived").click()
    await page.get_by_text("This channel is archived").wait_for()
    assert await page.get_by_role("button", name="Type it for me").count() == 0
    assert await page.get_by_text("1 people").count() == 0


async def test_the_drawer_fits_at_900_and_the_head_at_390_pixels(scene: Scene) -> None:
    page = await scene.visitor.visit()
    await page.set_viewport_size({"width": 900, "height": 700})
    await page.get_by_role("button", name="Novita", exact=True).click()
    menus = page.get_by_label("All of ")
    await menus.first.wait_for()
    for menu in await menus.all():
        box = await menu.bounding_box()
        assert box is not None and box["x"] + box["width"] <= 900
        assert not await menu.evaluate("node => Boolean(node.closest('summary'))")
    body = page.locator(".drawer-body")
    await body.evaluate("node => node.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert await body.evaluate("node => node.scrollWidth <= node.clientWidth"), "each region's shelves, too"
    await page.set_viewport_size({"width": 390, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert (await page.locator("#drawer").bounding_box() or {})["width"] == 390, "on a phone the drawer is all there is"
    assert await body.evaluate("node => node.scrollWidth <= node.clientWidth")
    await page.get_by_role("button", name="Novita", exact=True).click()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    for name in await page.locator("#sidebar .name").all():
        assert await name.evaluate("node => node.scrollWidth <= node.clientWidth"), "no channel's name is cut"
    head = [await page.locator(place).bounding_box() for place in (".brand > strong", "#drawer-toggle", "#switcher")]
    for left, right in itertools.pairwise(head):
        assert left is not None and right is not None and left["x"] + left["width"] <= right["x"]


async def test_a_button_is_called_what_stands_on_it_and_the_commands_can_be_reached(scene: Scene) -> None:
    page = await scene.visitor.visit()
    await page.get_by_role("button", name="You are Ada Lovelace").wait_for()
    named = await page.locator("button[aria-label]").evaluate_all(
        "nodes => nodes.map(node => [node.getAttribute('aria-label'), node.innerText.trim()])"
    )
    assert [label for label, shown in named if shown not in label and shown.isascii()] == []
    await page.get_by_placeholder("Message #gpu").fill("/gpu ")
    commands = page.get_by_role("listbox", name="Commands")
    await commands.wait_for()
    assert await commands.evaluate("node => node.tabIndex") == 0
