"""Money, disks and what is for sale, in few words."""

from __future__ import annotations

from decimal import Decimal

from bot.wording.labels import STOCK_WORDS
from core.domain import costs
from core.domain.offers import Sale
from core.domain.request import InstanceRequest


def money(amount: Decimal) -> str:
    """USD, to the cent; below a dollar to the tenth of a cent, below a cent with two significant digits."""
    if amount >= 1 or amount <= 0:
        return f"${amount:,.2f}"
    if amount < Decimal("0.01"):
        return f"${amount:.{1 - amount.adjusted()}f}".rstrip("0")
    exact = f"{amount:.3f}"
    return f"${exact.removesuffix('0')}"


def spent(amount: Decimal) -> str:
    """USD of an estimated cost, to the cent: nobody asks for the fractions."""
    return "under $0.01" if 0 < amount < Decimal("0.01") else f"${amount:,.2f}"


def roughly(amount: Decimal) -> str:
    """An estimated cost as it stands in a list: `≈ $0.72`, `under $0.01`, `$0.00`."""
    return f"≈ {spent(amount)}" if amount >= Decimal("0.01") else spent(amount)


def about(amount: Decimal, mark: str = "") -> str:
    """An estimated cost as it stands in a sentence: `about $0.72`, `under $0.01`, `nothing`; `mark` on both sides."""
    shown = f"{mark}{spent(amount) if amount else 'nothing'}{mark}"
    return f"about {shown}" if amount >= Decimal("0.01") else shown


def money_range(low: Decimal, high: Decimal) -> str:
    """`$0.36`, or `$0.36–0.44` where the two differ."""
    first, last = money(low), money(high)
    return first if first == last else f"{first}–{last.removeprefix('$')}"


def asked_for(sale: Sale) -> str:
    """The price per GPU-hour: `$0.18/h`, `from $0.18/h` where it differs; never "from" what cannot be had."""
    if sale.is_sold_out:
        return f"{money_range(sale.low, sale.high)}/h"
    start = "" if money(sale.low) == money(sale.high) else "from "
    return f"{start}{money(sale.low)}/h"


def lowest(sale: Sale) -> str:
    """`$0.18/h` where it is cheapest, with a word when nothing is left there."""
    gone = f", {STOCK_WORDS[sale.stock]}" if sale.is_sold_out else ""
    return f"{money(sale.low)}/h{gone}"


def region_count(sale: Sale) -> str:
    return "1 region" if len(sale.regions) == 1 else f"{len(sale.regions)} regions"


def on_sale(sale: Sale) -> str:
    """`from $0.18/h · stock high · 3 regions`, or `no stock listed ($0.18/h) · 1 region`."""
    where = region_count(sale)
    if sale.is_sold_out:
        return f"{STOCK_WORDS[sale.stock]} ({asked_for(sale)}) · {where}"
    return f"{asked_for(sale)} · {STOCK_WORDS[sale.stock]} · {where}"


def disk(request: InstanceRequest) -> str:
    """`60 GB`, or `500 GB, $2.20 a day` where it is more than what is free."""
    asked = costs.disk_of(request)
    return f"{asked.gigabytes} GB, {money(asked.per_day)} a day" if asked.per_day else f"{asked.gigabytes} GB"
