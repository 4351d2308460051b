"""What the create modal turns into: the wait before the form, and the news after it."""

from __future__ import annotations

from bot import wording
from bot.slack.ids import Action, View
from bot.views import blocks as b
from bot.views.attempts import attempt_lines, attempt_words, refusals
from bot.views.card import price, what
from bot.views.failures import cost_of_failure, failure_lines, looked_for
from bot.views.text import Block, channel_mention, code, date, esc
from core.domain.attempt import Attempt
from core.domain.instance import Instance, Status
from core.domain.validation import unlisted_words


def loading_view(private_metadata: str) -> Block:
    """Opened within Slack's three seconds when prices are not at hand yet."""
    return b.modal(
        View.LOADING,
        "Create a GPU instance",
        [b.section("⏳ Fetching live prices…")],
        close="Cancel",
        private_metadata=private_metadata,
    )


def problem_view(sentence: str) -> Block:
    """Instead of the form: why there is none, and what to do. The sentence may hold outside strings."""
    return b.modal(View.OUTCOME, "Create a GPU instance", [b.section(f"⚠️ {esc(sentence, 550)}")])


def creating_view(name: str, channel: str | None) -> Block:
    """At once after Submit; `outcome_view` follows in the same place."""
    lines = [b.section(f"⏳ Creating *{esc(name, 100)}*…"), *_close_note(channel)]
    return b.modal(View.OUTCOME, "Creating…", lines)


def outcome_view(instance: Instance, *, link: str | None = None) -> Block:
    """How the create stands: still trying, in doubt, failed or made. `link` is the thread's permalink, if known."""
    if instance.is_launching and instance.launch.in_doubt_since is not None:
        title, blocks = "Not sure yet", _unclear(instance)
    elif instance.status is Status.FAILED:
        title, blocks = "Not created" if instance.remote.id is None else "Failed", _failed(instance)
    elif instance.is_launching:
        title, blocks = "Creating…", _trying(instance)
    else:
        title, blocks = "Created", _made(instance)
    return b.modal(View.OUTCOME, title, [*blocks, *_thread_button(link)])


def _made(instance: Instance) -> list[Block]:
    blocks = [b.section(f"✅ *{esc(instance.request.name, 100)}* is created."), b.fields(_facts(instance))]
    if instance.intent.unlisted_region:
        blocks.append(b.section(esc(unlisted_words(instance.intent.unlisted_region), 200)))
    if earlier := refusals(instance.launch.attempts):
        blocks.append(b.section(f"Tried before:\n{attempt_lines(earlier)}"))
    return [*blocks, *_close_note(instance.request.channel)]


def _facts(instance: Instance) -> dict[str, str]:
    facts = {"GPU": what(instance)} | (
        {"Region": esc(instance.launch.offer.region.name, 60)} if instance.launch.offer else {}
    )
    if instance.hourly_price is not None:
        facts["Price"] = price(instance)
    facts["Disk"] = wording.disk(instance.request)
    facts["Novita id"] = code(instance.remote.id or "", 60)
    if ready := instance.estimated_ready_at:
        facts["Should be running" if instance.running_at is None else "Came up"] = date(instance.running_at or ready)
    return facts


def _trying(instance: Instance) -> list[Block]:
    where = esc(instance.launch.offer.region.name, 60) if instance.launch.offer else "the next region"
    return [
        b.section(
            f"⏳ Creating *{esc(instance.request.name, 100)}*…\n{_step(refusals(instance.launch.attempts), where)}"
        ),
        *_close_note(instance.request.channel),
    ]


def _step(refused: list[Attempt], where: str) -> str:
    """`CN-HK-01 is full, trying AS-SGP-02.`"""
    if not refused:
        return f"Trying {where}."
    last = refused[-1]
    if last.reason == "INSUFFICIENT_RESOURCE":
        return f"{esc(last.region, 60)} is full, trying {where}."
    return f"{attempt_words(last)}; trying {where}."


def _failed(instance: Instance) -> list[Block]:
    name = esc(instance.request.name, 100)
    blocks = [b.section(f"🔴 *{name}* was not created." if instance.remote.id is None else f"🔴 *{name}* failed.")]
    if instance.failure:
        blocks.append(b.section(failure_lines(instance.failure)))
    if instance.launch.attempts:
        blocks.append(b.section(f"Tried:\n{attempt_lines(instance.launch.attempts)}"))
    return [*blocks, b.context(cost_of_failure(instance))]


def _unclear(instance: Instance) -> list[Block]:
    name = esc(instance.request.name, 100)
    return [
        b.section(f"❔ Novita's answer was lost: *{name}* may or may not have been made."),
        b.section(looked_for(instance)),
        *_close_note(instance.request.channel),
    ]


def _close_note(channel: str | None) -> list[Block]:
    if not channel:
        return []
    return [b.context(f"You can close this; the story is told in {channel_mention(channel)}.")]


def _thread_button(link: str | None) -> list[Block]:
    if not link or len(link) > 3000:
        return []
    return [b.actions(b.button(Action.OPEN_LINK, "Open the thread", url=link))]
