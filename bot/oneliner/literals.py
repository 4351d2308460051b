"""The parts of a one-liner that need no list to be read: count, billing, lease, disk, name, anywhere.

Each reader takes a whole text and returns the values it can mean: none when it is something else.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from bot.slack.typed import undash
from core.domain.base import BillingMode
from core.domain.durations import read_duration
from core.domain.request import DISK_MAX_GB, DISK_MIN_GB, GPU_NUM_LIMIT, NAME_PATTERN, Field
from core.domain.search import compact

Value = str | int | timedelta | BillingMode | None
"""None is "no end" of a lease and "anywhere" of a region."""
Values = tuple[Value, ...]

_COUNT = re.compile(r"[x×*]\s?([0-9]{1,6})|([0-9]{1,6})\s?(?:[x×*]|gpus?|cards?)", re.IGNORECASE)
_GLUED = re.compile(r"([0-9])[x×*](.+)|(.+)[x×*]([0-9])", re.IGNORECASE | re.DOTALL)
_SIZE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,2})?)\s?(g|gb|gib|t|tb|tib)", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9.]+\s*s(?:ec(?:ond)?s?)?", re.IGNORECASE)
DISK_WORDS = ("disk", "storage", "rootfs")
_BILLING = {"spot": BillingMode.SPOT, "ondemand": BillingMode.ON_DEMAND}
_ENDLESS = {"noend", "endless", "forever", "unlimited", "nolimit", "withoutend"}
_ANYWHERE = {"anywhere", "anyregion"}
_REGION_CODE = re.compile(r"[A-Z]{2}(?:-[A-Z]{2,4}){0,2}-[0-9]{1,2}", re.IGNORECASE)
"""How Novita writes its regions: `EU-GB-01`, `US-CA-NAS-02`, `US-01`."""
_LIKE_A_CODE = re.compile(r"[A-Z]{2,8}(?:-[A-Z]{2,8}){0,2}-[0-9]{1,3}", re.IGNORECASE)
"""What passes for one where a region was announced."""


def read_count(text: str) -> Values:
    """`x2`, `2x`, `2 gpus`."""
    found = _COUNT.fullmatch(text)
    return _in_range(found[1] or found[2], 1, GPU_NUM_LIMIT) if found else ()


def read_billing(text: str) -> Values:
    billing = _BILLING.get(compact(text))
    return (billing,) if billing else ()


def read_lease(text: str) -> Values:
    """`4h`, `no end`. Seconds alone are no lease: two `4090s` are GPUs."""
    if compact(text) in _ENDLESS:
        return (None,)
    return () if _SECONDS.fullmatch(text) else read_length(text)


def read_anywhere(text: str) -> Values:
    return (None,) if compact(text) in _ANYWHERE else ()


def read_region_code(text: str, *, announced: bool = False) -> Values:
    """A region that is not listed now, be it `announced` by an opener or by its looks: a wish all the same."""
    code = undash(text)
    return (code.upper(),) if (_LIKE_A_CODE if announced else _REGION_CODE).fullmatch(code) else ()


def read_size(text: str) -> Values:
    """`100gb`, `1 tb`, in GB."""
    found = _SIZE.fullmatch(text)
    if not found:
        return ()
    size = Decimal(found[1]) * (1024 if found[2][0] in "tT" else 1)
    return _in_range(str(int(size)), DISK_MIN_GB, DISK_MAX_GB) if size == int(size) else ()


def is_size(text: str) -> bool:
    """Whether it is a size at all, for a disk or for a GPU's memory."""
    return _SIZE.fullmatch(text) is not None


def read_disk(text: str) -> Values:
    """A size with its word behind it: `100gb disk`."""
    size, _, word = text.rpartition(" ")
    return read_size(size) if word.lower() in DISK_WORDS else ()


def read_name(text: str) -> Values:
    name = undash(text)
    return (name,) if re.fullmatch(NAME_PATTERN, name) and "\n" not in name else ()


def split_glued(word: str) -> tuple[int, str] | None:
    """The count in `2x4090` or `4090x2`, and the rest."""
    found = _GLUED.fullmatch(word)
    if not found:
        return None
    count = int(found[1] or found[4])
    return (count, found[2] or found[3]) if 1 <= count <= GPU_NUM_LIMIT else None


SPOKEN = {
    Field.GPU_NUM: read_count,
    Field.BILLING_MODE: read_billing,
    Field.LEASE: read_lease,
    Field.REGION: read_anywhere,
}
"""What is understood wherever it stands."""


def read_length(text: str) -> Values:
    length = read_duration(text)
    return (length,) if length else ()


def _in_range(digits: str, low: int, high: int) -> Values:
    return (int(digits),) if low <= int(digits) <= high else ()
