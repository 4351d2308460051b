"""Checks of Novita: the key, what it sells where, the money, and the time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot import wording
from bot.doctor.address import advice_on
from bot.doctor.installation import Installation
from bot.doctor.result import Result, State, failed, ok, skipped, warning
from core.adapters.outbound import trouble_of
from core.adapters.settings import unknown_regions
from core.domain import costs
from core.domain.attempt import FailureKind
from core.domain.base import BillingMode
from core.domain.durations import duration_words
from core.domain.errors import GpuBotError, NovitaError, NovitaRefused, RateLimited
from core.domain.market import Product, Region, Stock
from core.services.clock_agreement import APART

LOW_BALANCE = Decimal(5)
CLOCK_TOLERANCE = timedelta(seconds=30)
SIGNATURE_AGE = timedelta(seconds=300)
"""How old a request of Slack's may be before it is refused (PLATFORM.md, Signatures)."""

_STORE_SECONDS = 3.0
_CONSOLE = "Top it up in Novita's console."


class Novita:
    """The checks of one examination. The regions come with the answer to the first."""

    def __init__(self, installation: Installation) -> None:
        self._patient = installation
        self._novita = installation.novita
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
        known = {region.name for region in self._regions}
        if strange := unknown_regions(self._patient.settings, known):
            said = "; ".join(f"{variable} names {', '.join(names)}" for variable, names in strange.items())
            return warning(f"{said}: unknown to Novita", f"It has {', '.join(sorted(known))}.")
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
            return warning(
                f"{said}; what runs ({wording.money(hourly)}/h) ends it in {duration_words(hours)}", _CONSOLE
            )
        if left < LOW_BALANCE:
            return warning(said, _CONSOLE)
        return ok(f"{said}; {wording.money(hourly)}/h running" if hourly else said)

    async def clock(self) -> Result:
        """How far this machine's clock is off, by Novita's; and Redis's, which all processes go by."""
        ahead, redis_ahead = await asyncio.gather(self._ahead_of_novita(), self._redis_ahead())
        if ahead is None and redis_ahead is None:
            return skipped("neither Novita nor Redis says what time it is")
        if ahead is None:
            return _of_redis(redis_ahead or timedelta(), "this machine's")
        of_machine = self._of_machine(ahead)
        if redis_ahead is not None and (of_redis := _of_redis(ahead + redis_ahead, "Novita's")).state is not State.OK:
            # When both are off by the same, it is one clock, and what is said of the machine says it.
            return of_redis if abs(redis_ahead) > CLOCK_TOLERANCE else of_machine
        return of_machine

    async def _ahead_of_novita(self) -> timedelta | None:
        """How far this machine's clock is; None when Novita does not say what time it is."""
        try:
            return await self._novita.clock_difference()
        except NovitaError:
            return None

    async def _redis_ahead(self) -> timedelta | None:
        """How far Redis's clock is ahead of this machine's; None when it does not say what time it is."""
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                sample = await (await self._patient.open_store()).time()
                return sample.said - datetime.now(UTC)
        except (GpuBotError, TimeoutError):
            return None

    def _of_machine(self, ahead: timedelta) -> Result:
        off, way = abs(ahead), "ahead of" if ahead > timedelta() else "behind"
        said = f"{duration_words(off)} {way} Novita's"
        if off <= CLOCK_TOLERANCE:
            return ok(said if off >= timedelta(seconds=2) else "as Novita's")
        if off < SIGNATURE_AGE or self._patient.settings.uses_socket_mode:
            return warning(said, "Set the clock by NTP: at 5 minutes off Slack's requests are refused.")
        return failed(f"{said}: every request of Slack's looks too old or too new, and is refused", "Set it by NTP.")

    async def _hourly_cost(self) -> Decimal:
        """What the bot's instances cost now; zero when it cannot be known, which other checks say."""
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                live = await (await self._patient.open_store()).live()
        except (GpuBotError, TimeoutError):
            return Decimal(0)
        return costs.per_hour(live)


def _of_redis(ahead: timedelta, whose: str) -> Result:
    """All processes go by Redis's clock: the one that leases end by."""
    said = f"Redis's is {duration_words(abs(ahead))} {'ahead of' if ahead > timedelta() else 'behind'} {whose}"
    cure = "Set the clock of Redis's host, and this one's, by NTP."
    if abs(ahead) > APART:
        return failed(f"{said}: no lease ends by itself until they agree", cure)
    return warning(said, cure) if abs(ahead) > CLOCK_TOLERANCE else ok(f"as {whose}")


def _is_available(product: Product) -> bool:
    return any(price.stock is not Stock.NONE for price in product.prices.values())


def _dollars(amount: Decimal) -> str:
    return f"-${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def _no_novita(error: NovitaError) -> Result:
    if isinstance(error, RateLimited):
        return warning("Novita asks to slow down", "Try again in a minute.")
    if isinstance(error, NovitaRefused):
        said = f"Novita refuses ({error.reason or error.status})"
        if error.kind is FailureKind.GATEWAY:
            said = f"something in front of Novita refuses ({error.status}): {error.message}"
            return failed(said, "Check the proxy, the firewall and NOVITA_API_URL; the key has not been looked at.")
        is_key = error.kind is FailureKind.ACCOUNT and not wording.is_about_account(error.reason)
        return failed(said, "Make a new NOVITA_API_KEY in its console." if is_key else f"It says: {error.message}")
    told = trouble_of(error)
    why = told or (type(error.__cause__).__name__ if error.__cause__ else str(error))
    return failed(f"Novita does not answer ({why})", advice_on(told, "NOVITA_API_URL"))
