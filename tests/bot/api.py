"""A program at the HTTP API: a plain client, each of whose answers is held against the description that is served."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jsonschema_rs

from core.domain.instance import Instance
from tests.bot.app_fixture import GPU, House
from tests.patience import PATIENCE_SECONDS

Json = dict[str, Any]

TOKEN = "api-token-EXAMPLE-ONLY-of-a-program"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BODY: Json = {"name": "train-1", "productName": GPU, "templateId": 103}
"""All that a create needs."""

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP: reading all the world's certificates for each takes longer than a call."""

SECRET = "value-that-nobody-may-see"


class Contract:
    """openapi.json, and whether an answer is one of those that it promises."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def operation(self, method: str, path: str) -> Json | None:
        """The description of a method on a path; the one with fewer parameters when two fit."""
        fitting = [known for known in self.document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", known), path)]
        described = self.document["paths"][min(fitting, key=lambda p: p.count("{"))] if fitting else {}
        found: Json | None = described.get("get" if method == "HEAD" else method.lower())
        return found

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """Fails unless the status, the headers and the body are as described."""
        operation = self.operation(method, path)
        if operation is None:
            assert answer.status_code in {401, 404, 405, 417}, answer.text
            self._validate("ErrorAnswer", answer.json())
            return
        promised = operation["responses"].get(str(answer.status_code))
        assert promised is not None, f"{method} {path} never answers {answer.status_code}: {answer.text}"
        always = {name for name, header in promised.get("headers", {}).items() if header.get("required", True)}
        assert always <= {name.title() for name in answer.headers}
        assert "Retry-After" not in answer.headers or "Retry-After" in promised["headers"]
        assert answer.headers["Content-Type"].startswith("application/json")
        if method != "HEAD" and path != "/api/openapi.json":
            self._check_body(promised, answer.json())

    def _check_body(self, promised: Json, body: Json) -> None:
        name = promised["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        self._validate(name, body)
        if name == "ErrorAnswer":
            assert f"`{body['error']['code']}`" in promised["description"]

    def _validate(self, name: str, body: Json) -> None:
        if name not in self._validators:
            schema = {"$ref": f"#/components/schemas/{name}", "components": self.document["components"]}
            self._validators[name] = jsonschema_rs.validator_for(schema)
        self._validators[name].validate(body)


@asynccontextmanager
async def api(house: House, *, web: int = 0, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client at one of the webs, with the token; every answer it gets is one that openapi.json promises."""
    async with at(f"http://127.0.0.1:{house.ports[web]}", **headers) as client:
        yield client


@asynccontextmanager
async def at(url: str | None, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """The same at an address."""
    assert url
    async with httpx.AsyncClient(
        base_url=url, headers={**BEARER, **headers}, timeout=PATIENCE_SECONDS, verify=NO_AUTHORITIES
    ) as client:
        contract = Contract((await client.get("/api/openapi.json")).json())

        async def check(answer: httpx.Response) -> None:
            await answer.aread()
            contract.check(answer.request.method, path_of(answer), answer)

        client.event_hooks["response"] = [check]
        yield client


def path_of(answer: httpx.Response) -> str:
    """As it was sent: a slash within an id is none of the path's."""
    return answer.request.url.raw_path.decode().partition("?")[0]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["code"])


def bad_fields(answer: httpx.Response) -> set[str]:
    """The fields that a 400 names."""
    assert code_of(answer) == (400, "invalid_request"), answer.text
    return {each["field"] for each in answer.json()["error"]["details"]}


async def record(house: House, answer: httpx.Response) -> Instance:
    found = await house.base.store.get(answer.json()["instanceId"])
    assert found is not None
    return found


async def shows(client: httpx.AsyncClient, house: House, path: str, status: str) -> Json:
    """What is at a path once it is in that state; the make-believe Novita is looked at again and again meanwhile."""

    async def is_so() -> Json | None:
        body: Json = (await client.get(path)).json()
        return body if body["status"] == status else None

    while (found := await is_so()) is None:
        await another_look(house)
    return found


async def another_look(house: House) -> None:
    """Returns once a worker has looked at Novita again."""
    seen = len(house.novita.calls_of("instances"))
    await house.novita.wait_until(lambda: len(house.novita.calls_of("instances")) > seen)
