"""The checks of a draft, each with a sentence for its field."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from core.domain.addresses import ascii_host, is_address, may_be_public
from core.domain.clip import clip
from core.domain.durations import duration_words
from core.domain.market import Market, Product
from core.domain.offers import disk_limits
from core.domain.request import (
    DISK_MAX_GB,
    DISK_MIN_GB,
    ENV_LIMIT,
    GPU_NUM_LIMIT,
    HOOK_VARIABLE,
    NAME_PATTERN,
    Draft,
    InstanceRequest,
    request_of,
)
from core.domain.search import Names, product_names, region_names
from core.domain.validation.limits import BILLING_WORDS, AllowedLease, Limits, Problems

_ENV_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
"""All but tab and newline, which keys in several lines need."""
_ENV_KEY_LIMIT, _ENV_VALUE_LIMIT = 511, 4095
"""Characters that Novita takes (API.md, Creating)."""
_URL_LIMIT = 2000
SHORTEST_LEASE, LONGEST_LEASE = timedelta(minutes=1), timedelta(days=3650)
"""What is longer is a slip: who wants no end can say so."""
NO_CHANNEL = "Choose the channel that hears how it goes."
"""Where one is needed: a program needs none."""

_QUOTED_LIMIT = 100
_CANDIDATES = 8


def with_listed_names(draft: Draft, market: Market) -> tuple[Draft, Problems]:
    """The draft with GPU and region as Novita lists them today, for what nobody chose from a list; and what stays open.

    Exactly as listed, in any case, or a part that fits only one of them. What is not listed stays as it was written.
    """
    typed = {"product_name": draft.product_name, "region": draft.region and draft.region.partition("(")[0]}
    listed = {"product_name": _products_in(market), "region": region_names(market.regions)}
    meant = {name: listed[name].meant(text.strip()) for name, text in typed.items() if text}
    found: dict[str, Any] = {name: values[0] for name, values in meant.items() if len(values) == 1}
    open_ = {
        name: f"Several fit: {_one_of(values)}. Write one of them." for name, values in meant.items() if values[1:]
    }
    return replace(draft, **found), open_


def unlisted_region(region: str | None, market: Market) -> str | None:
    """A region that is wished for and cannot be had: others are used, and whoever wished hears of it."""
    return None if region in (None, *(known.name for known in market.regions)) else region


def unlisted_words(region: str) -> str:
    """What whoever wished for it is told. `region` is from outside."""
    return f"{clip(region, _QUOTED_LIMIT)} is not listed by Novita now; others are used."


def check(draft: Draft, market: Market, limits: Limits) -> InstanceRequest | Problems:
    """The request in the draft. The gate asks Novita for the template."""
    found = {
        "name": _name_problem(draft.name),
        "product_name": _product_problem(draft, market),
        "template_id": None if draft.template_id else "Choose a template.",
        "region": _region_problem(draft.region),
        "gpu_num": _gpu_num_problem(draft.gpu_num),
        "rootfs_size": _disk_problem(draft, market),
        "billing_mode": _billing_problem(draft, market),
        "lease": _lease_problem(draft, limits),
        "webhook_url": _webhook_problem(draft.webhook_url, limits),
        "envs": _envs_problem(draft.envs),
    }
    problems = {name: problem for name, problem in found.items() if problem}
    return problems or request_of(draft, webhook_url=draft.webhook_url.strip() if draft.webhook_url else None)


def allowed_lease(lease: timedelta | None, limits: Limits, *, no_end: bool) -> AllowedLease:
    """The lease that is chosen where another one was wished for: the nearest that is allowed, and that it is said."""
    longest = LONGEST_LEASE if limits.max_lease is None else min(limits.max_lease, LONGEST_LEASE)
    most = duration_words(longest)
    if no_end and limits.allow_no_end:
        return AllowedLease(None)
    if no_end:
        return AllowedLease(longest, f"Choose a lease of at most {most}; {most} is chosen instead of no end.")
    if lease is None:
        default = limits.default_lease
        return AllowedLease(None if default is None and limits.allow_no_end else min(default or longest, longest))
    if lease < SHORTEST_LEASE:
        return AllowedLease(SHORTEST_LEASE, "A lease is at least a minute, so a minute is chosen.")
    if lease > longest:
        said = f"A lease is at most {most}, so {most} is chosen instead of {duration_words(lease)}."
        return AllowedLease(longest, said)
    return AllowedLease(lease)


def env_problem(key: str, value: str) -> str | None:
    """What is wrong with one environment variable, without its value: values are secrets."""
    if not _ENV_KEY.fullmatch(key) or len(key) > _ENV_KEY_LIMIT:
        return f"a key has at most {_ENV_KEY_LIMIT} letters, digits and _, and does not begin with a digit."
    if key == HOOK_VARIABLE:
        return f"{HOOK_VARIABLE} is set by the bot itself."
    if len(value) > _ENV_VALUE_LIMIT:
        return f"the value of {clip(key, _QUOTED_LIMIT)} is longer than {_ENV_VALUE_LIMIT} characters."
    if _CONTROL.search(value):
        return f"the value of {clip(key, _QUOTED_LIMIT)} has a control character in it, which no environment takes."
    return None


def _name_problem(name: str | None) -> str | None:
    if name and re.fullmatch(NAME_PATTERN, name):
        return None
    return "A name has 1 to 100 characters: letters, digits, - and _."


def _product_problem(draft: Draft, market: Market) -> str | None:
    if not draft.product_name:
        return "Choose a GPU."
    if market.named(draft.product_name):
        return None
    near = _products_in(market).in_order(_products_in(market).loosely(draft.product_name))
    hint = f"It lists {_one_of(near, 'and')}. " if near else ""
    return f"Novita no longer lists {clip(draft.product_name, _QUOTED_LIMIT)}. {hint}Choose another GPU."


def _products_in(market: Market) -> Names:
    return product_names(product.name for product in market.products)


def _one_of(names: Sequence[str], word: str = "or") -> str:
    """`A, B or C`, or as many as a sentence can hold."""
    shown = [clip(name, _QUOTED_LIMIT) for name in names[:_CANDIDATES]] + (
        [f"{len(names) - _CANDIDATES} more"] * (len(names) > _CANDIDATES)
    )
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if shown[1:] else shown[0]


def _region_problem(region: str | None) -> str | None:
    """One that is not listed is a wish that cannot be met, which is no reason to refuse."""
    if region is None or (len(region) <= _QUOTED_LIMIT and region.isprintable() and region.strip()):
        return None
    return "A region is a name such as CN-HK-01, or any region."


def _gpu_num_problem(gpu_num: int | None) -> str | None:
    if gpu_num is None:
        return "Choose how many GPUs."
    return None if 1 <= gpu_num <= GPU_NUM_LIMIT else f"An instance has 1 to {GPU_NUM_LIMIT} GPUs."


def _billing_problem(draft: Draft, market: Market) -> str | None:
    if not draft.billing_mode:
        return "Choose spot or on demand."
    if not draft.product_name or not market.named(draft.product_name) or _sold(draft, market):
        return None
    product, billing = clip(draft.product_name, _QUOTED_LIMIT), BILLING_WORDS[draft.billing_mode]
    return f"{product} has no {billing} price right now. Choose the other billing or another GPU."


def _disk_problem(draft: Draft, market: Market) -> str | None:
    low, high = disk_limits(_sold(draft, market)) or (DISK_MIN_GB, DISK_MAX_GB)
    low, high = max(low, DISK_MIN_GB), min(high, DISK_MAX_GB)
    if draft.rootfs_size is not None and low <= draft.rootfs_size <= high:
        return None
    return f"The disk is a whole number of GB from {low} to {high}."


def _sold(draft: Draft, market: Market) -> list[Product]:
    named = market.named(draft.product_name) if draft.product_name else ()
    return [product for product in named if draft.billing_mode in product.prices]


def _lease_problem(draft: Draft, limits: Limits) -> str | None:
    longest = limits.max_lease
    if draft.no_end and limits.allow_no_end:
        return None
    if draft.no_end and longest is not None:
        return f"Choose a lease of at most {duration_words(longest)}."
    if draft.lease is None:
        return "Choose a lease."
    if draft.lease < SHORTEST_LEASE:
        return "A lease is at least a minute."
    if longest is not None and draft.lease > longest:
        return f"A lease is at most {duration_words(longest)}."
    if draft.lease > LONGEST_LEASE:
        return f"A lease is at most {duration_words(LONGEST_LEASE)}; choose no end for more."
    return None


def _webhook_problem(url: str | None, limits: Limits) -> str | None:
    schemes = ("https", "http") if limits.plain_webhooks else ("https",)
    if not url:
        return None
    if not _is_webhook(url.strip(), schemes):
        return "A webhook is an https:// address with a host, and without a user name or password in it."
    if not limits.plain_webhooks and not may_be_public(ascii_host(url.strip())):
        return "A webhook goes to the open internet, and this address leads into a private network."
    return None


def _is_webhook(url: str, schemes: Collection[str]) -> bool:
    plain = len(url) <= _URL_LIMIT and url.isprintable() and " " not in url
    return plain and is_address(url, schemes) and "@" not in urlsplit(url).netloc and _has_real_host(url)


def _has_real_host(url: str) -> bool:
    try:
        return bool(ascii_host(url))
    except ValueError:
        return False


def _envs_problem(envs: Mapping[str, str]) -> str | None:
    if len(envs) >= ENV_LIMIT:
        return f"At most {ENV_LIMIT - 1} variables: Novita takes {ENV_LIMIT}, and the bot sets one itself."
    found = next(filter(None, (env_problem(key, value) for key, value in envs.items())), None)
    return found and found[0].upper() + found[1:]
