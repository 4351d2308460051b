"""What runs on the machine in the create modal: the template, the variables, and the name that it goes by."""

from __future__ import annotations

from dataclasses import replace

from bot.slack import typed
from bot.views import blocks as b
from bot.views.modal.fields.field import FormField, Input, Scene
from bot.views.modal.form import Form
from bot.views.text import Block
from core.domain import validation
from core.domain.clip import clip
from core.domain.request import Field


def read_envs(text: str) -> tuple[dict[str, str], str]:
    """KEY=value lines, or the first problem. The problem never repeats a value: values are secrets."""
    envs: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if problem := _line_problem(key, equals, value, taken=key in envs):
            return {}, f"Line {number}: {problem}"
        envs[key] = value
    return envs, ""


def _line_problem(key: str, equals: str, value: str, *, taken: bool) -> str | None:
    if not equals:
        return "write it as KEY=value."
    return validation.env_problem(key, value) or (f"{clip(key, 60)} is set twice." if taken else None)


def _draw_template(form: Form, scene: Scene) -> Block:
    chosen = None
    if form.template_id and b.fits_option(form.template_id):
        chosen = b.option(form.template_name or form.template_id, form.template_id)
    return b.input_(Field.TEMPLATE_ID, "Template", b.external_select(chosen, "Choose a template, or type to search"))


def _read_template(form: Form, given: Input) -> Form:
    return replace(form, template_id=given.picked, template_name=given.picked_text)


def _draw_name(form: Form, scene: Scene) -> Block:
    element = b.plain_text_input((form.name or "")[:100], max_length=100)
    proposed = " Left as it is, it follows the template." if scene.context.named else ""
    return b.input_(Field.NAME, "Name", element, hint=f"Letters, digits, - and _.{proposed}")


def _read_name(form: Form, given: Input) -> Form:
    return replace(form, name=typed.name(given.typed) or None)


def _draw_envs(form: Form, scene: Scene) -> Block:
    """Never drawn with what was typed: the values are secrets, and Slack itself keeps them in the open form."""
    element = b.plain_text_input(max_length=3000, placeholder="HF_HOME=/workspace/hf", multiline=True)
    return b.input_(
        Field.ENVS,
        "Environment variables",
        element,
        hint=(
            "One KEY=value a line. The values go to Novita only and are not stored here. They pass through Slack: "
            "give no secret that you would not share with your workspace's owners."
        ),
        optional=True,
    )


def _read_envs(form: Form, given: Input) -> Form:
    envs, problem = read_envs(given.typed)
    return replace(form, envs=envs, unread={**form.unread, Field.ENVS.value: problem} if problem else form.unread)


TEMPLATE = FormField(Field.TEMPLATE_ID, _draw_template, _read_template)
NAME = FormField(Field.NAME, _draw_name, _read_name)
ENVS = FormField(Field.ENVS, _draw_envs, _read_envs)
