"""Checks of Redis, and of what is to be seen in it: the workers, what waits to be told, and the alarms."""

from __future__ import annotations

from datetime import timedelta

from bot.doctor.installation import Installation
from bot.doctor.result import Result, failed, ok, warning, wrong
from bot.wording import money
from bot.wording.alarms import in_words
from bot.wording.strays import anothers
from core.adapters.redis import rights, tls_trouble
from core.adapters.redis.inspection import ServerFacts
from core.domain import costs
from core.domain.clock import CLOSE_ENOUGH
from core.domain.durations import duration_words
from core.domain.errors import SettingsError, StoreForbidden, StoreFull, StoreUnavailable
from core.services.alarms import Alarms
from core.services.reconciler import ALIVE_WITHIN

OLDEST = (6, 2)
OUTBOX_PATIENCE = timedelta(minutes=1)
_ALARMS_SHOWN = 5


async def server(installation: Installation) -> Result:
    """Answers, takes a write, and is new enough."""
    try:
        store = await installation.open_store()
        lacking = await store.lacking_rights()
        if not lacking:
            await store.try_write()
    except SettingsError as error:
        return wrong(str(error).partition(": ")[2])
    except StoreUnavailable as error:
        url = installation.settings.redis_url
        if url and (trouble := await tls_trouble(url.get_secret_value(), error)):
            return wrong(trouble)
        return _no_redis(error)
    if lacking:
        return failed(rights.in_words(lacking), f"Give the user of REDIS_URL {rights.ACL_RULE}")
    facts = await store.server_facts()
    if facts.version and facts.version < OLDEST:
        return failed(f"{_named(facts)} is too old", "Use Redis 6.2 or later, or Valkey.")
    if installation.settings.redis_url is None:
        return ok(
            f"{_named(facts)}, embedded in {installation.settings.data_dir}, for this host only; a write came back"
        )
    return ok(f"{_named(facts)}; a write came back")


def _no_redis(error: StoreUnavailable) -> Result:
    if isinstance(error, StoreFull):
        return failed(
            str(error),
            "Creates are refused. Raise its maxmemory, or remove what else it holds; leases end all the same.",
        )
    if isinstance(error, StoreForbidden):
        return failed(str(error), f"Give the user of REDIS_URL {rights.ACL_RULE}")
    if "password" in error.why:
        return failed(str(error), "Check user and password in REDIS_URL.")
    if error.why:
        return failed(str(error), "Creates are refused, and leases do not end. Lead REDIS_URL to a server that can.")
    return failed(str(error), "Check the address in REDIS_URL.")


def _named(facts: ServerFacts) -> str:
    return f"{facts.product} {'.'.join(map(str, facts.version)) or 'of unknown version'}"


async def data(installation: Installation) -> Result:
    """Whether records outlive a restart of the server, and a lack of memory."""
    facts = await (await installation.open_store()).server_facts()
    if facts.eviction not in (None, "noeviction"):
        return warning(
            f"when memory runs out it gives up records (maxmemory-policy {facts.eviction})",
            "Set maxmemory-policy noeviction: a lost record is an instance that nobody stops.",
        )
    if facts.keeps_log is False and facts.takes_snapshots is False:
        return warning(
            "nothing is kept on disk: a restart of Redis loses owners, leases and threads, and instances run on",
            "Set appendonly yes.",
        )
    if facts.keeps_log is False and facts.takes_snapshots:
        return warning(
            "only snapshots are kept: a crash of Redis loses what happened since the last one", "Set appendonly yes."
        )
    return ok("kept on disk" if facts.keeps_log else "it does not say what it keeps on disk; see its provider")


async def worker(installation: Installation) -> Result:
    """Whether one did its round lately: without, leases do not end."""
    store = await installation.open_store()
    now, seen = (await store.time()).said, await store.worker_seen_at()
    if seen is None:
        return warning("none has ever run with this Redis", "Start gpu-bot up, or gpu-bot worker beside gpu-bot web.")
    silence = max(now - seen, timedelta())
    if seen - now > CLOSE_ENOUGH:
        return failed(
            f"its last sign of life lies {duration_words(seen - now)} ahead: a clock was wrong, and none works now",
            "Start gpu-bot up or gpu-bot worker, and see the check of the clock.",
        )
    if silence > ALIVE_WITHIN:
        return failed(
            f"no worker for {duration_words(silence)}: leases do not end, and states grow old",
            "Start gpu-bot up or gpu-bot worker, and see its log.",
        )
    return ok(f"seen {duration_words(silence)} ago")


async def outbox(installation: Installation) -> Result:
    """What has happened and is not told yet."""
    store = await installation.open_store()
    size, late = await store.outbox_size(), await store.oldest_untold_age((await store.time()).said)
    if late > OUTBOX_PATIENCE:
        return warning(
            f"{size} waiting, the first of them due for {duration_words(late)}",
            "Look for not_told in the logs of web and worker, and see that a worker runs.",
        )
    return ok(f"{size} waiting" if size else "nothing waits to be told")


async def alarms(installation: Installation) -> Result:
    """What the admins must hear of and is not over."""
    standing = await Alarms(await installation.open_store(), installation.clock).standing()
    if not standing:
        return ok("none")
    said = [in_words(alarm) for alarm in standing]
    more = [f"and {len(said) - _ALARMS_SHOWN} more"] if len(said) > _ALARMS_SHOWN else []
    advice = list(dict.fromkeys(each.then for each in said))
    is_grave = any(each.is_grave for each in said)
    found = "; ".join([*(each.line for each in said[:_ALARMS_SHOWN]), *more])
    return (failed if is_grave else warning)(found, " ".join(advice))


async def records(installation: Installation) -> Result:
    """Whether this version can read all that is on record."""
    store = await installation.open_store()
    live = await store.live()
    unread = [each for each in live if each.unreadable is not None]
    if not unread:
        return ok(f"{len(live)} not ended, and every one can be read")
    why = "; ".join(dict.fromkeys(each.unreadable.why for each in unread if each.unreadable is not None))
    named = ", ".join(f"{each.request.name} ({each.id})" for each in unread[:_ALARMS_SHOWN])
    return failed(
        f"{len(unread)} of {len(live)} cannot be read: {named}. {why}",
        "Update every process of gpu-bot to the newest version; until then watch these in Novita's console.",
    )


async def strays(installation: Installation) -> Result:
    """What runs at Novita and has no owner here."""
    store = await installation.open_store()
    found = [instance for instance in await store.live() if instance.is_stray]
    outside = await store.made_outside()
    elsewhere = f"{outside} made outside this bot" if outside else "nothing made outside this bot"
    if not found:
        return ok(f"every instance of the bot's has an owner; {elsewhere}")
    return warning(
        f"{len(found)} without an owner, {money(costs.per_hour(found))} an hour; {elsewhere}",
        f"See /gpu strays: give them an owner, or stop or delete what nobody needs. {anothers(found)}".strip(),
    )
