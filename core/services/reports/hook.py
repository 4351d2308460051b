"""The address of an instance's own: whoever knows it is taken for that machine, and only its digest is kept (pure)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from pydantic import SecretStr

from core.domain.instance import Instance
from core.domain.request import ENV_LIMIT, HOOK_VARIABLE, InstanceRequest
from core.domain.template import Template

PATH = "/hooks/{id}/{token}"
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class HookAddress:
    """`address` is a secret, `digest` may be written down."""

    address: str = field(repr=False)
    digest: str


def new_hook(public_url: str, instance_id: str) -> HookAddress:
    """A fresh address for an instance: 192 random bits."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return HookAddress(public_url + PATH.format(id=instance_id, token=token), _digest(token))


def with_hook(request: InstanceRequest, hook: HookAddress) -> InstanceRequest:
    """The request with the address among its variables."""
    return request.replace(envs={**request.envs, HOOK_VARIABLE: SecretStr(hook.address)})


def within_env_limit(request: InstanceRequest, template: Template) -> InstanceRequest:
    """Without the address when Novita would not take so many variables: the create comes first."""
    if len(template.envs | request.envs) <= ENV_LIMIT:
        return request
    return request.replace(envs={k: v for k, v in request.envs.items() if k != HOOK_VARIABLE})


def token_matches(token: str, instance: Instance | None) -> bool:
    """Whether it is the token of this instance; it takes as long when there is no such instance."""
    return hmac.compare_digest(_digest(token), instance.hook.digest if instance else "")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
