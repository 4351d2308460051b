"""The check of WEBHOOK_URL: whether its receiver takes connections. It is told nothing: no event is made up."""

from __future__ import annotations

from bot.doctor.address import advice_on
from bot.doctor.installation import Installation
from bot.doctor.result import Result, failed, ok
from core.adapters.webhook import Forbidden, Unreachable, WebhookNotifier


async def receiver(installation: Installation) -> Result:
    """Connects as a post would: through the proxy, to a public address only, and by TLS."""
    settings = installation.settings
    url = settings.webhook_url or ""
    notifier = WebhookNotifier(
        "webhook:all",
        lambda _: url,
        installation.clock,
        secret=settings.webhook_secret,
        is_theirs=False,
        allow_private=settings.webhook_allow_private,
        outbound=installation.outbound,
    )
    try:
        await notifier.reach(url)
    except Forbidden as error:
        return failed(
            f"{error}: nothing is sent there", "Name a public https:// address, or set WEBHOOK_ALLOW_PRIVATE."
        )
    except Unreachable as error:
        return failed(f"its receiver takes no connection ({error})", advice_on(str(error), "WEBHOOK_URL"))
    return ok("its receiver takes connections; it was sent nothing")
