"""The ids of instances, and how they are told from Novita's own."""

from __future__ import annotations

import hashlib
import secrets

_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 10


def new_id() -> str:
    """A fresh instance id: 10 letters and digits without look-alikes, 50 random bits."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


def id_from(text: str) -> str:
    """The instance id that a text leads to: always the same one, 50 bits of its SHA-256."""
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return "".join(_ID_ALPHABET[number >> 5 * place & 31] for place in range(_ID_LENGTH))


def is_own_id(text: str) -> bool:
    """Whether it looks like an id of this bot's: Novita's are longer."""
    return len(text) == _ID_LENGTH and set(text) <= set(_ID_ALPHABET)


def token_in(novita_name: str) -> str | None:
    """The instance id at the end of a Novita name, or None when the name is not one of ours."""
    _, dash, token = novita_name.rpartition("-")
    return token if dash and is_own_id(token) else None
