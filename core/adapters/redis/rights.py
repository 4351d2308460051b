"""What REDIS_URL's user must be allowed: every command that the program calls, and every key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redis.exceptions import RedisError

from core.adapters.redis import faults

ACL_RULE = "~{gpu}:* +@read +@write -@dangerous +@connection +eval +evalsha +time"
"""Enough for everything, and easy to remember."""

_KEPT_MS = 60_000
_SHOWN = 8
_STRING, _HASH, _LIST, _ZSET = "string", "hash", "list", "zset"

COMMANDS: dict[str, tuple[object, ...]] = {
    "TIME": (),
    "EVAL": ("return 1", 0),
    "EVALSHA": ("0" * 40, 0),
    "SET": (_STRING, "1", "PX", _KEPT_MS),
    "GET": (_STRING,),
    "EXISTS": (_STRING,),
    "PTTL": (_STRING,),
    "PERSIST": (_STRING,),
    "PEXPIRE": (_STRING, _KEPT_MS),
    "HSET": (_HASH, "field", "1"),
    "HSETNX": (_HASH, "field", "1"),
    "HGET": (_HASH, "field"),
    "HMGET": (_HASH, "field"),
    "HGETALL": (_HASH,),
    "HKEYS": (_HASH,),
    "HINCRBY": (_HASH, "count", 1),
    "HDEL": (_HASH, "field"),
    "RPUSH": (_LIST, "1"),
    "LLEN": (_LIST,),
    "LRANGE": (_LIST, 0, -1),
    "LTRIM": (_LIST, 1, 0),
    "ZADD": (_ZSET, 1, "member"),
    "ZCARD": (_ZSET,),
    "ZRANGE": (_ZSET, 0, -1),
    "ZRANGEBYSCORE": (_ZSET, "-inf", "+inf"),
    "ZSCORE": (_ZSET, "member"),
    "ZREM": (_ZSET, "member"),
    "ZREMRANGEBYSCORE": (_ZSET, "-inf", "+inf"),
    "DEL": (_STRING, _HASH, _LIST, _ZSET),
}
"""Each with arguments to try it with, in an order that leaves nothing behind. The names stand for keys to try it on."""

KINDS: dict[str, str] = {
    "instance:": "",
    "timeline:": "",
    "delivery:": "",
    "delivering:": "",
    "outbox": "ZREM",
    "request:": "",
    "live": "ZREM",
    "ended": "ZREM",
    "reports:": "",
    "left_out": "ZREM",
    "looked": "HDEL",
    "names": "HDEL",
    "cards": "HDEL",
    "threads": "HDEL",
    "last:": "",
    "alarms": "HDEL",
    "alarms:told": "HDEL",
    "alarms:telling:": "",
    "once:": "",
    "market": "HDEL",
    "market:stock": "HDEL",
    "newest:": "",
    "processes": "ZREM",
    "worker:succeeded": "HDEL",
    "worker:tasks": "HDEL",
    "doctor:": "",
}
"""The keys, and what removes from each what cannot be there; one that ends in a colon goes on with an id."""


def tries(word: str) -> list[list[object]]:
    """Commands that try everything and leave nothing behind; `word` is in no key of anybody else's."""
    return [*_of_commands(word), *_of_keys(word)]


def lacking(answers: Sequence[object]) -> list[str]:
    """What the answers to `tries` say is not allowed, as it stands after "its user may not"."""
    commands = [f"run {name}" for name, answer in zip(COMMANDS, answers, strict=False) if _is_command_refused(answer)]
    keys = _keys_refused(answers[len(COMMANDS) :])
    if len(keys) == len(KINDS):
        keys = ["*"]
    return [*commands, *(f"touch {{gpu}}:{key}" for key in keys)]


def in_words(lacked: Sequence[str]) -> str:
    """What `lacking` found, in half a sentence: 'its user may not run SET, TIME'."""
    more = f" and {len(lacked) - _SHOWN} more" if len(lacked) > _SHOWN else ""
    said = [each if i == 0 or each.startswith("touch") else each.removeprefix("run ") for i, each in enumerate(lacked)]
    return f"its user may not {', '.join(said[:_SHOWN])}{more}"


def _of_commands(word: str) -> Iterator[list[object]]:
    names = {name: f"{{gpu}}:doctor:{word}:{name}" for name in (_STRING, _HASH, _LIST, _ZSET)}
    for command, arguments in COMMANDS.items():
        yield [command, *(names.get(str(argument), argument) for argument in arguments)]


def _of_keys(word: str) -> Iterator[list[object]]:
    """Two each: one that reads, one that writes."""
    for kind, remove in KINDS.items():
        key = f"{{gpu}}:{kind}{word if kind.endswith(':') else ''}"
        yield ["PTTL", key]
        yield [remove, key, word] if remove else ["DEL", key]


def _is_command_refused(answer: object) -> bool:
    what = faults.forbidden(answer) if isinstance(answer, RedisError) else None
    return what is not None and not what.startswith("touch")


def _keys_refused(answers: Sequence[object]) -> list[str]:
    asked = [kind for kind in KINDS for _ in range(2)]
    refused = [kind for kind, answer in zip(asked, answers, strict=True) if _is_key_refused(answer)]
    return [f"{kind}*" if kind.endswith(":") else kind for kind in dict.fromkeys(refused)]


def _is_key_refused(answer: object) -> bool:
    what = faults.forbidden(answer) if isinstance(answer, RedisError) else None
    return what is not None and what.startswith("touch")
