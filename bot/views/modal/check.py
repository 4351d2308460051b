"""From a form to a request, or to a sentence under each field that stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.ids import Field
from bot.views.modal.form import Form
from core.domain import validation
from core.domain.clip import clip
from core.domain.market import Market
from core.domain.request import InstanceRequest
from core.domain.validation import Draft, Limits, Problems

_ERROR_LIMIT = 1000


def check(form: Form, market: Market, limits: Limits) -> InstanceRequest | Problems:
    """The request in the form. Whether its template exists is not known here; the launch will ask."""
    envs, env_problem = read_envs(form.envs or "")
    checked = validation.check(_draft(form, envs), market, limits)
    problems = checked if isinstance(checked, dict) else {}
    if not form.channel:
        problems |= {Field.CHANNEL.value: "Choose the channel that hears how it goes."}
    if env_problem:
        problems |= {Field.ENVS.value: env_problem}
    return problems or checked


def errors_by_block(view: Mapping[str, Any], problems: Mapping[str, str]) -> dict[str, str]:
    """The problems as Slack wants them: under the block_id of each field in this very view.

    A field that the view does not show is told under the product, which it always shows.
    """
    shown = {block["element"]["action_id"]: block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    spare = shown.get(Field.PRODUCT_NAME.value) or next(iter(shown.values()))
    found: dict[str, list[str]] = {}
    for field, problem in problems.items():
        found.setdefault(shown.get(field, spare), []).append(problem)
    return {block_id: clip(" ".join(sentences), _ERROR_LIMIT) for block_id, sentences in found.items()}


def read_envs(text: str) -> tuple[dict[str, str], str | None]:
    """KEY=value lines, or the first problem. The problem never repeats a value: values are secrets."""
    envs: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if problem := _line_problem(key, equals, value, taken=key in envs):
            return {}, f"Line {number}: {problem}"
        envs[key] = value
    return envs, None


def _line_problem(key: str, equals: str, value: str, *, taken: bool) -> str | None:
    if not equals:
        return "write it as KEY=value."
    return validation.env_problem(key, value) or (f"{clip(key, 60)} is set twice." if taken else None)


def _draft(form: Form, envs: Mapping[str, str]) -> Draft:
    return Draft(
        name=form.name,
        product_name=form.product_name,
        template_id=form.template_id,
        region=form.region,
        gpu_num=form.gpu_num,
        rootfs_size=form.disk,
        billing_mode=form.billing_mode,
        lease=form.lease,
        no_end=form.no_end,
        lease_end=form.lease_end,
        channel=form.channel,
        webhook_url=form.webhook_url,
        envs=envs,
    )
