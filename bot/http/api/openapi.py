"""openapi.json, made from the table of routes, the shapes that they read and write, and what webhooks are sent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.http.api.context import FORM
from bot.http.api.errors import MEANING, RETRY_AFTER_SECONDS, Code
from bot.http.api.routes import EVERYWHERE, ROUTES, Outcome, Route
from bot.http.api.schemas import ErrorAnswer
from bot.http.api.webhooks import webhooks
from core.adapters.webhook import described

Json = dict[str, Any]

PATH = "/api/openapi.json"
_VERSION = "1.0.0"
"""Of this interface, not of the program behind it."""

_ABOUT = (
    "Novita GPU instances over HTTP: the same policy, leases and records as in Slack. Send the bot's API_TOKEN as a "
    "bearer token. Money is in US dollars, instants are in UTC. Unknown fields and parameters are left out, null is as "
    "good as nothing."
)


def document() -> Json:
    """The whole description. It holds no secret."""
    schemas = _schemas()
    paths: defaultdict[str, Json] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "gpu-bot", "version": _VERSION, "description": _ABOUT},
        "paths": {**paths, PATH: {"get": _itself()}},
        "webhooks": webhooks(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "API_TOKEN"}},
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, schemas: Json) -> Json:
    described: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route, schemas), *_in_headers(route)],
        "responses": {
            **{str(status): _outcome(outcome) for status, outcome in route.outcomes.items()},
            **_errors((*route.errors, *EVERYWHERE)),
        },
    }
    if route.body is not None:
        content = _json_of(route.body)
        described["requestBody"] = {"required": True, "content": {**content, FORM: content["application/json"]}}
    return described


def _itself() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "getDescription",
        "summary": "This description; it needs no token.",
        "security": [],
        "responses": {
            "200": {"description": "OpenAPI 3.1.", "content": content},
            **_errors((Code.EXPECTATION_FAILED,)),
        },
    }


def _outcome(outcome: Outcome) -> Json:
    where = {"Location": {"description": "Where it can be looked up.", "schema": {"type": "string"}}}
    headers = {"headers": where} if outcome.has_location else {}
    return {"description": outcome.meaning, "content": _json_of(outcome.content), **headers}


def _errors(codes: tuple[Code, ...]) -> Json:
    """By status; each tells which codes it may come with."""
    by_status: defaultdict[int, list[Code]] = defaultdict(list)
    for code in dict.fromkeys(codes):
        by_status[MEANING[code][0]].append(code)
    return {str(status): _error(alike) for status, alike in sorted(by_status.items())}


def _error(codes: list[Code]) -> Json:
    """Of one status."""
    described = "\n".join(f"`{code.value}`: {MEANING[code][1]}" for code in codes)
    return {"description": described, "content": _json_of(ErrorAnswer), **_retry_after(codes)}


def _retry_after(codes: list[Code]) -> Json:
    """The header that asks to come again, of those codes that may be over soon."""
    if not (passing := [code for code in codes if code in RETRY_AFTER_SECONDS]):
        return {}
    is_always_sent = len(passing) == len(codes)
    named = "" if is_always_sent else f" With {', '.join(f'`{code.value}`' for code in passing)}."
    header = {"description": f"Seconds.{named}", "required": is_always_sent, "schema": {"type": "string"}}
    return {"headers": {"Retry-After": header}}


def _in_path(route: Route) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", route.path):
        described = "The instance's id, ours or Novita's."
        yield {"name": name, "in": "path", "required": True, "description": described, "schema": {"type": "string"}}


def _in_query(route: Route, schemas: Json) -> Iterator[Json]:
    if route.query is None:
        return
    for name, schema in schemas[route.query.__name__]["properties"].items():
        shown = {key: value for key, value in schema.items() if key != "description"}
        yield {"name": name, "in": "query", "description": schema["description"], "schema": shown}


def _in_headers(route: Route) -> Iterator[Json]:
    for name, meaning in route.headers.items():
        yield {"name": name, "in": "header", "description": meaning, "schema": {"type": "string"}}


def _json_of(shape: type[BaseModel]) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}}


def _schemas() -> Json:
    wanted = dict.fromkeys(_shapes())
    _, made = models_json_schema(list(wanted), by_alias=True, ref_template="#/components/schemas/{model}")
    schemas: Json = _plainly(made["$defs"])
    return schemas


def _shapes() -> Iterator[tuple[type[BaseModel], Literal["validation", "serialization"]]]:
    yield ErrorAnswer, "serialization"
    for route in ROUTES:
        for asked in (route.body, route.query):
            if asked is not None:
                yield asked, "validation"
        for outcome in route.outcomes.values():
            yield outcome.content, "serialization"
    for news in described().values():
        yield news, "serialization"


def _plainly(part: Any) -> Any:
    """Without titles that only repeat the names, and without nulls as defaults: what is not given is not there."""
    if isinstance(part, list):
        return [_plainly(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {k: _plainly(v) for k, v in part.items() if (k, v) != ("default", None) and not _is_title(k, v)}


def _is_title(name: str, value: object) -> bool:
    return name == "title" and isinstance(value, str)
