"""From a form to a request, or to a sentence under each field that stands in the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot import words
from bot.ids import Field
from bot.views.modal.form import Form
from bot.views.text import clip
from core.models import DISK_MAX_GB, DISK_MIN_GB, NAME_PATTERN, BillingMode, InstanceRequest, LeaseEnd, Market, Product
from core.offers import disk_limits

Problems = dict[str, str]
"""A request field's name -> what is wrong with it, as a sentence."""

_ENV_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENV_KEY_LIMIT, _ENV_VALUE_LIMIT, _ENV_LIMIT = 511, 4095, 100
"""novita-api.md 1.6."""
_URL_LIMIT = 2000
_ERROR_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """What this installation allows whoever fills the form. A `max_lease` of None allows leases without an end."""

    default_lease: timedelta | None
    max_lease: timedelta | None
    may_be_endless: bool = False
    """Whether this person may choose no end all the same, as admins may."""

    @property
    def allow_no_end(self) -> bool:
        return self.max_lease is None or self.may_be_endless


def check(form: Form, market: Market, limits: Limits) -> InstanceRequest | Problems:
    """The request in the form. Whether its template exists is not known here; the launch will ask."""
    envs, env_problem = read_envs(form.envs or "")
    found = {
        Field.NAME: _name_problem(form.name),
        Field.PRODUCT_NAME: _product_problem(form, market),
        Field.TEMPLATE_ID: None if form.template_id else "Choose a template.",
        Field.REGION: _region_problem(form.region, market),
        Field.GPU_NUM: None if form.gpu_num else "Choose how many GPUs.",
        Field.ROOTFS_SIZE: _disk_problem(form, market),
        Field.BILLING_MODE: _billing_problem(form, market),
        Field.LEASE: _lease_problem(form, limits),
        Field.CHANNEL: None if form.channel else "Choose the channel that hears how it goes.",
        Field.WEBHOOK_URL: _webhook_problem(form.webhook_url),
        Field.ENVS: env_problem,
    }
    problems = {field.value: problem for field, problem in found.items() if problem}
    return problems or _request(form, envs)


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


def read_envs(text: str) -> tuple[dict[str, SecretStr], str | None]:
    """KEY=value lines, or the first problem. The problem never repeats a value: values are secrets."""
    envs: dict[str, SecretStr] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if problem := _env_problem(key, equals, value, taken=key in envs):
            return {}, f"Line {number}: {problem}"
        envs[key] = SecretStr(value)
    if len(envs) > _ENV_LIMIT:
        return {}, f"Novita takes at most {_ENV_LIMIT} variables."
    return envs, None


def _env_problem(key: str, equals: str, value: str, *, taken: bool) -> str | None:
    if not equals:
        return "write it as KEY=value."
    if not _ENV_KEY.fullmatch(key) or len(key) > _ENV_KEY_LIMIT:
        return f"a key has at most {_ENV_KEY_LIMIT} letters, digits and _, and does not begin with a digit."
    if taken:
        return f"{clip(key, 60)} is set twice."
    if len(value) > _ENV_VALUE_LIMIT:
        return f"the value of {clip(key, 60)} is longer than {_ENV_VALUE_LIMIT} characters."
    return None


def _request(form: Form, envs: dict[str, SecretStr]) -> InstanceRequest:
    return InstanceRequest(
        name=form.name or "",
        product_name=form.product_name or "",
        template_id=form.template_id or "",
        gpu_num=form.gpu_num or 1,
        rootfs_size=form.disk or 0,
        region=form.region,
        billing_mode=form.billing_mode or BillingMode.SPOT,
        lease=form.lease,
        lease_end=form.lease_end or LeaseEnd.STOP,
        channel=form.channel,
        webhook_url=form.webhook_url.strip() if form.webhook_url else None,
        envs=envs,
    )


def _name_problem(name: str | None) -> str | None:
    if name and re.fullmatch(NAME_PATTERN, name):
        return None
    return "A name has 1 to 100 characters: letters, digits, - and _."


def _product_problem(form: Form, market: Market) -> str | None:
    if not form.product_name:
        return "Choose a GPU."
    if not market.named(form.product_name):
        return f"Novita no longer lists {clip(form.product_name, 100)}. Choose another GPU."
    return None


def _region_problem(region: str | None, market: Market) -> str | None:
    if region is None or any(known.name == region for known in market.regions):
        return None
    return f"Novita no longer lists the region {clip(region, 100)}. Choose another, or any region."


def _billing_problem(form: Form, market: Market) -> str | None:
    if not form.billing_mode:
        return "Choose spot or on demand."
    if not form.product_name or not market.named(form.product_name) or _sold(form, market):
        return None
    billing = words.BILLING_WORDS[form.billing_mode]
    return f"{clip(form.product_name, 100)} has no {billing} price right now. Choose the other billing or another GPU."


def _disk_problem(form: Form, market: Market) -> str | None:
    low, high = disk_limits(_sold(form, market)) or (DISK_MIN_GB, DISK_MAX_GB)
    low, high = max(low, DISK_MIN_GB), min(high, DISK_MAX_GB)
    if form.disk is not None and low <= form.disk <= high:
        return None
    return f"The disk is a whole number of GB from {low} to {high}."


def _sold(form: Form, market: Market) -> list[Product]:
    named = market.named(form.product_name) if form.product_name else ()
    return [product for product in named if form.billing_mode in product.prices]


def _lease_problem(form: Form, limits: Limits) -> str | None:
    if form.no_end and limits.max_lease is not None and not limits.may_be_endless:
        return f"Choose a lease of at most {words.duration(limits.max_lease)}."
    if form.no_end:
        return None
    if form.lease is None:
        return "Choose a lease."
    if limits.max_lease is not None and form.lease > limits.max_lease:
        return f"A lease is at most {words.duration(limits.max_lease)}."
    return None


def _webhook_problem(url: str | None) -> str | None:
    if not url or _is_https(url.strip()):
        return None
    return "A webhook is an https:// address with a host, and without a user name or password in it."


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = len(url) <= _URL_LIMIT and url.isprintable() and " " not in url
    return plain and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
