"""Checks of Novita: the key, what it sells where, the money, and the time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

from bot import words
from bot.doctor.finding import Result, failed, ok, skipped, warning
from bot.doctor.patient import Patient
from core import costs
from core.durations import duration_words
from core.errors import GpuBotError, NovitaError, NovitaRefused, RateLimited
from core.models import BillingMode, FailureKind, Product, Region, Stock

LOW_BALANCE = Decimal(5)
CLOCK_TOLERANCE = timedelta(seconds=30)
SIGNATURE_AGE = timedelta(seconds=300)
"""How old a request of Slack's may be before it is refused (slack.md A4)."""

_STORE_SECONDS = 3.0
_CONSOLE = "Top it up in Novita's console."


class Novita:
    """The checks of one examination. The regions come with the answer to the first."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._novita = patient.novita
        self._regions: list[Region] = []

    async def key(self) -> Result:
        try:
            self._regions = await self._novita.regions()
        except NovitaError as error:
            return _no_novita(error)
        if not self._regions:
            return failed("accepted, but Novita lists no region", "Ask Novita whether the account may rent GPUs.")
        return ok(f"accepted; {len(self._regions)} regions")

    async def products(self) -> Result:
        """What can be had now, in all regions."""
        ways = [(region, mode) for region in self._regions for mode in BillingMode]
        try:
            found = await asyncio.gather(*(self._novita.products(region, mode) for region, mode in ways))
        except NovitaError as error:
            return _no_novita(error)
        available = {product.name for products in found for product in products if _is_available(product)}
        listed = {product.name for products in found for product in products}
        if not available:
            return warning(f"{len(listed)} products, none of them in stock", "Creates are refused; try again later.")
        return ok(f"{len(available)} of {len(listed)} products are in stock somewhere")

    async def regions(self) -> Result:
        """Whether the regions that the settings name exist."""
        settings, known = self._patient.settings, {region.name for region in self._regions}
        place = ", ".join(sorted(known))
        if settings.default_region and settings.default_region not in known:
            return warning(f"Novita has no region {settings.default_region}", f"Set DEFAULT_REGION to one of {place}.")
        strange = [name for name in settings.region_priority if name not in known]
        if strange and "region_priority" in settings.model_fields_set:
            return warning(f"REGION_PRIORITY names {', '.join(strange)}, unknown to Novita", f"It has {place}.")
        return ok("those that the settings name are known to Novita")

    async def balance(self) -> Result:
        """Whether there is money for what runs, and for more."""
        try:
            left = await self._novita.balance()
        except NovitaError as error:
            return _no_novita(error)
        hourly = await self._hourly_cost()
        said = f"{_dollars(left)} left"
        if left <= 0:
            return failed(f"{said}: creates are refused, and Novita stops what runs", _CONSOLE)
        if hourly and left < hourly * 24:
            hours = timedelta(hours=float(left / hourly))
            return warning(f"{said}; what runs ({words.money(hourly)}/h) ends it in {duration_words(hours)}", _CONSOLE)
        if left < LOW_BALANCE:
            return warning(said, _CONSOLE)
        return ok(f"{said}; {words.money(hourly)}/h running" if hourly else said)

    async def clock(self) -> Result:
        """How far this machine's clock is off, by Novita's."""
        try:
            ahead = await self._novita.clock_difference()
        except NovitaError:
            return skipped("Novita does not say what time it is")
        off, way = abs(ahead), "ahead of" if ahead > timedelta() else "behind"
        said = f"{duration_words(off)} {way} Novita's"
        if off <= CLOCK_TOLERANCE:
            return ok(said if off >= timedelta(seconds=2) else "as Novita's")
        if off < SIGNATURE_AGE or self._patient.settings.uses_socket_mode:
            return warning(said, "Set the clock by NTP: leases end by it, and at 5 minutes off Slack is refused.")
        return failed(f"{said}: every request of Slack's looks too old or too new, and is refused", "Set it by NTP.")

    async def _hourly_cost(self) -> Decimal:
        """What the bot's instances cost now; zero when it cannot be known, which other checks say."""
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                live = await (await self._patient.open_store()).live()
        except (GpuBotError, TimeoutError):
            return Decimal(0)
        return sum((each.hourly_price or Decimal(0) for each in live if costs.is_billed(each)), Decimal(0))


def _is_available(product: Product) -> bool:
    return any(price.stock is not Stock.NONE for price in product.prices.values())


def _dollars(amount: Decimal) -> str:
    return f"-${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def _no_novita(error: NovitaError) -> Result:
    if isinstance(error, RateLimited):
        return warning("Novita asks to slow down", "Try again in a minute.")
    if isinstance(error, NovitaRefused):
        said = f"Novita refuses ({error.reason or error.status})"
        is_key = error.kind is FailureKind.ACCOUNT
        return failed(said, "Make a new NOVITA_API_KEY in its console." if is_key else f"It says: {error.message}")
    why = type(error.__cause__).__name__ if error.__cause__ else str(error)
    return failed(f"Novita does not answer ({why})", "Check the network, a proxy, and NOVITA_API_URL.")
