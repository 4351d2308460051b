"""Which checks there are, and which of them need which."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bot.doctor import address, outbound, redis
from bot.doctor.examining import Check
from bot.doctor.novita import Novita
from bot.doctor.patient import Patient
from bot.doctor.slack import MAY_STAND, Slack


def checks(patient: Patient) -> list[Check]:
    """All that apply to this installation; one whose ground is another comes after it."""
    way = Check("Way out", partial(outbound.way_out, patient))
    return [way, *_redis(patient), *_slack(patient), *_novita(patient), *_address(patient)]


def _redis(patient: Patient) -> Iterator[Check]:
    yield Check("Redis", partial(redis.server, patient), ("REDIS_URL", "DATA_DIR"))
    yield Check("Redis data", partial(redis.data, patient), ("Redis",))
    yield Check("Worker", partial(redis.worker, patient), ("Redis",))
    yield Check("Outbox", partial(redis.outbox, patient), ("Redis",))
    yield Check("Strays", partial(redis.strays, patient), ("Redis",))
    yield Check("Alarms", partial(redis.alarms, patient), ("Redis",))


def _slack(patient: Patient) -> Iterator[Check]:
    slack = Slack(patient)
    yield Check("Slack token", slack.token, ("SLACK_BOT_TOKEN", "SLACK_API_URL"))
    yield Check("Slack scopes", slack.scopes, ("Slack token",))
    settings = ("SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_API_URL")
    yield Check("Slack's way in", slack.way_in, settings)
    if patient.settings.allowed_channels:
        yield Check("Allowed channels", slack.allowed_channels, ("Slack token",))
    if patient.channel:
        yield Check("Slack channel", slack.post, ("Slack token",), MAY_STAND)


def _novita(patient: Patient) -> Iterator[Check]:
    novita = Novita(patient)
    yield Check("Novita key", novita.key, ("NOVITA_API_KEY", "NOVITA_API_URL"))
    yield Check("Novita products", novita.products, ("Novita key",))
    yield Check("Novita regions", novita.regions, ("Novita key",))
    yield Check("Novita balance", novita.balance, ("Novita key",))
    yield Check("Clock", novita.clock, ("NOVITA_API_KEY", "NOVITA_API_URL"))


def _address(patient: Patient) -> Iterator[Check]:
    if patient.settings.public_url:
        yield Check("Public address", partial(address.public_url, patient))
