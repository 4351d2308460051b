"""Which checks there are, and which of them need which."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bot.doctor import address, outbound, redis, webhook
from bot.doctor.installation import Installation
from bot.doctor.novita import Novita
from bot.doctor.runner import Check
from bot.doctor.slack import MAY_STAND, Slack


def checks(installation: Installation) -> list[Check]:
    """All that apply to this installation; one whose ground is another comes after it."""
    way = Check("Way out", partial(outbound.way_out, installation))
    clouds = (*_slack(installation), *_novita(installation))
    return [way, *_redis(installation), *clouds, *_webhook(installation), *_address(installation)]


def _redis(installation: Installation) -> Iterator[Check]:
    yield Check("Redis", partial(redis.server, installation), ("REDIS_URL", "DATA_DIR"))
    yield Check("Redis data", partial(redis.data, installation), ("Redis",))
    yield Check("Worker", partial(redis.worker, installation), ("Redis",))
    yield Check("Records", partial(redis.records, installation), ("Redis",))
    yield Check("Outbox", partial(redis.outbox, installation), ("Redis",))
    yield Check("Strays", partial(redis.strays, installation), ("Redis",))
    yield Check("Alarms", partial(redis.alarms, installation), ("Redis",))


def _slack(installation: Installation) -> Iterator[Check]:
    slack = Slack(installation)
    yield Check("Slack token", slack.token, ("SLACK_BOT_TOKEN", "SLACK_API_URL"))
    yield Check("Slack scopes", slack.scopes, ("Slack token",))
    settings = ("SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_API_URL")
    yield Check("Slack's way in", slack.way_in, settings)
    if installation.settings.allowed_channels:
        yield Check("Allowed channels", slack.allowed_channels, ("Slack token",))
    if installation.channel:
        yield Check("Slack channel", slack.post, ("Slack token",), MAY_STAND)


def _novita(installation: Installation) -> Iterator[Check]:
    novita = Novita(installation)
    yield Check("Novita key", novita.key, ("NOVITA_API_KEY", "NOVITA_API_URL"))
    yield Check("Novita products", novita.products, ("Novita key",))
    yield Check("Novita regions", novita.regions, ("Novita key",))
    yield Check("Novita balance", novita.balance, ("Novita key",))
    yield Check("Clock", novita.clock, ("NOVITA_API_KEY", "NOVITA_API_URL"))


def _webhook(installation: Installation) -> Iterator[Check]:
    if installation.settings.webhook_url:
        yield Check("Webhook", partial(webhook.receiver, installation), ("WEBHOOK_URL",))


def _address(installation: Installation) -> Iterator[Check]:
    if installation.settings.public_url:
        yield Check("Public address", partial(address.public_url, installation))
