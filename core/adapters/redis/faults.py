"""What Redis means when it does not do what it was asked: whether to look elsewhere, and how to say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.domain.errors import StoreForbidden, StoreFull, StoreUnavailable, StoreWrongKind


class _Meaning(NamedTuple):
    why: str
    is_passing: bool
    """Whether this connection leads to the wrong place, or it may be over in a moment: worth a new connection."""
    error: type[StoreUnavailable] = StoreUnavailable


_MEANINGS = {
    "READONLY": _Meaning("takes no writes (a read-only replica)", is_passing=True),
    "LOADING": _Meaning("is still loading its data", is_passing=True),
    "MASTERDOWN": _Meaning("is a replica that has lost its primary", is_passing=True),
    "NOREPLICAS": _Meaning("takes no writes (too few replicas)", is_passing=True),
    "NOAUTH": _Meaning("wants a password", is_passing=True),
    "WRONGPASS": _Meaning("refuses the user or the password", is_passing=True),
    "CLUSTERDOWN": _Meaning("is a cluster that is down", is_passing=True),
    "TRYAGAIN": _Meaning("is a cluster that is moving its keys", is_passing=True),
    "MOVED": _Meaning("is a cluster's node without our keys", is_passing=True),
    "ASK": _Meaning("is a cluster that is moving its keys", is_passing=True),
    "UNBLOCKED": _Meaning("has just become a replica", is_passing=True),
    "BUSY": _Meaning("is busy with somebody's script", is_passing=True),
    "NOSCRIPT": _Meaning("does not know a script", is_passing=True),
    "OOM": _Meaning("takes no writes (memory full)", is_passing=False, error=StoreFull),
    "WRONGTYPE": _Meaning("holds something else under one of our keys", is_passing=False, error=StoreWrongKind),
    "MISCONF": _Meaning("takes no writes (cannot save to its disk)", is_passing=False),
}
"""By the word that an error begins with. Until Redis 7 an error within a script has a dash before it, amid the text;
of a pipeline's command redis-py says "Command # 2 (…) of pipeline caused error: ('MISCONF …',)"."""

_WITHOUT_A_WORD = {
    "max number of clients": _Meaning("has no room for more connections", is_passing=True),
    "username-password pair": _MEANINGS["WRONGPASS"],
    "invalid password": _MEANINGS["WRONGPASS"],
    "Authentication required": _MEANINGS["NOAUTH"],
    "when used memory > 'maxmemory'": _MEANINGS["OOM"],
}
_WORD = re.compile(rf"(?:^|-|caused error: [('\"]*)({'|'.join(_MEANINGS)})\b")
_COMMAND = re.compile(r"'([\w|-]+)' command")
_NO_PERMISSION = re.compile(r"no permission|ACL failure|can't run this command|can't access", re.IGNORECASE)
_KEY = re.compile(r"access (?:a|one of the|the) keys?", re.IGNORECASE)


def is_wrong_kind(error: BaseException) -> bool:
    """Whether it is about what stands under one key, and about nothing else."""
    return isinstance(error, RedisError) and isinstance(translated(error), StoreWrongKind)


def is_passing(error: RedisError) -> bool:
    """Whether it is worth another try, over a new connection."""
    meaning = _meaning(error)
    return meaning.is_passing if meaning else isinstance(error, RedisConnectionError | RedisTimeoutError)


def translated(error: RedisError) -> StoreUnavailable:
    """The same as ours."""
    if (meaning := _meaning(error)) is not None:
        return meaning.error(f"Redis {meaning.why}", meaning.why)
    if (what := forbidden(error)) is not None:
        why = f"does not let its user {what}"
        return StoreForbidden(f"Redis {why}", why)
    if isinstance(error, RedisConnectionError | RedisTimeoutError):
        return StoreUnavailable(f"Redis does not answer ({type(error).__name__})")
    return StoreUnavailable(f"Redis refused ({type(error).__name__})")


def forbidden(error: RedisError) -> str | None:
    """What the rights of REDIS_URL's user do not allow ("run SET"); None when it is not about rights."""
    text = str(error)
    if not isinstance(error, NoPermissionError) and not _NO_PERMISSION.search(text):
        return None
    if command := _COMMAND.search(text):
        return f"run {command[1].upper().replace('|', ' ')}"
    return "touch the keys {gpu}:*" if _KEY.search(text) else "run a command that it needs"


def _meaning(error: RedisError) -> _Meaning | None:
    for text in _texts(error):
        if word := _WORD.search(text):
            return _MEANINGS[word[1]]
        for part, meaning in _WITHOUT_A_WORD.items():
            if part in text:
                return meaning
    return None


def _texts(error: BaseException) -> Iterator[str]:
    """What the server said; redis-py takes the first word off, and wraps what happens while it connects."""
    seen: BaseException | None = error
    while isinstance(seen, RedisError):
        yield f"{getattr(seen, 'status_code', None) or ''} {seen}".strip()
        seen = seen.__cause__
