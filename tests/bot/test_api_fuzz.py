"""Every route of /api under random input made from openapi.json: no 5xx, nothing created on a refused request."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.http.api import openapi
from tests.bot.api import BEARER, BODY, NO_AUTHORITIES, SECRET, TOKEN, Contract, Json, path_of
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import everything_logged
from tests.bot.scenarios import written
from tests.bot.test_edge_fuzz import TYPES, bend, bends, values
from tests.patience import PATIENCE_SECONDS, examples

DOCUMENT = openapi.document()
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
CREATE = ("POST", "/api/instances")
CONTRACT = Contract(DOCUMENT)
JSON = {"Content-Type": "application/json"}

shared_house = settings(
    max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def fitting_to(schema: Json) -> st.SearchStrategy[Any]:
    """Whatever a schema allows; those of the description use no more than this of the language."""
    if "$ref" in schema:
        return fitting_to(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of(*map(fitting_to, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return SHAPES[schema["type"]](schema)


def text_of(schema: Json) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    known = st.sampled_from(["RTX 4090 24GB", "103", "CN-HK-01", "4h", "none", "C012AB3CD", "https://example.com/x"])
    return st.from_regex(schema["pattern"]) if "pattern" in schema else known | st.text(PLAIN, max_size=30)


def object_of(schema: Json) -> st.SearchStrategy[Json]:
    known, needed = schema.get("properties", {}), schema.get("required", [])
    if not known:
        return st.dictionaries(st.text(PLAIN, max_size=8), fitting_to(schema["additionalProperties"]), max_size=3)
    parts = {name: fitting_to(inner) for name, inner in known.items()}
    optional = {name: part for name, part in parts.items() if name not in needed}
    return st.fixed_dictionaries({name: parts[name] for name in needed}, optional=optional)


PLAIN = st.characters(codec="utf-8")
SHAPES: dict[str, Callable[[Json], st.SearchStrategy[Any]]] = {
    "string": text_of,
    "object": object_of,
    "integer": lambda schema: st.integers(schema.get("minimum"), schema.get("maximum")),
    "number": lambda schema: st.floats(schema.get("minimum"), allow_infinity=False),
    "array": lambda schema: st.lists(fitting_to(schema["items"]), max_size=3),
}


def operation(method: str, path: str) -> Json:
    found: Json = DOCUMENT["paths"][path][method.lower()]
    return found


def bodies(method: str, path: str) -> st.SearchStrategy[Any]:
    """As described, or anything at all; nothing for a route that takes no body."""
    described = operation(method, path).get("requestBody")
    if described is None:
        return st.none() | values
    fitting = fitting_to(described["content"]["application/json"]["schema"])
    return fitting | fitting.flatmap(lambda body: bends.map(lambda bent: bent_body(body, bent))) | values


def bent_body(body: Any, bent: list[tuple[str, int, Any]]) -> Any:
    bent_one = json.loads(json.dumps(body))
    for how, where, value in bent:
        if isinstance(bent_one, dict):
            bend(bent_one, how, where, value)
    return bent_one


def queries(method: str, path: str) -> st.SearchStrategy[dict[str, Any]]:
    """Each parameter as described, or as any text, or not at all."""
    described = [each for each in operation(method, path).get("parameters", []) if each["in"] == "query"]
    texts = st.text(st.characters(codec="utf-8"), max_size=30)
    return st.fixed_dictionaries({}, optional={each["name"]: fitting_to(each["schema"]) | texts for each in described})


ids = st.sampled_from(["known", "0123456789"]) | st.text(st.characters(codec="utf-8"), max_size=40)
header_text = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60)
headers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("Idempotency-Key", "Prefer", "Expect", "Content-Encoding"), header_text)
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with everything_logged("json") as stream:
        yield stream


@pytest.fixture
async def house(redis_url: str, log: io.StringIO) -> AsyncIterator[House]:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as opened:
        yield opened


async def ask(house: House, method: str, path: str, **sent: Any) -> httpx.Response:
    """The answer, which is one of those that are promised, and no 5xx but for what is away (nothing is)."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{house.port}", headers=BEARER, timeout=PATIENCE_SECONDS, verify=NO_AUTHORITIES
    ) as client:
        answer = await client.request(method, path, **sent)
    assert answer.status_code < 500 or answer.json()["error"]["code"] == "novita_unreachable", answer.text
    assert "Traceback" not in answer.text
    CONTRACT.check(method, path_of(answer), answer)
    return answer


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part.replace("/", "_"))
@shared_house
@given(data=st.data())
async def test_whatever_is_sent_is_answered_as_described(
    house: House, log: io.StringIO, method: str, path: str, data: st.DataObject
) -> None:
    known = (await house.base.store.live() or await written(house, 2))[0].id
    id_ = data.draw(ids)
    where = path.replace("{id}", quote(known if id_ == "known" else id_, safe=""))
    body, query = data.draw(bodies(method, path)), data.draw(queries(method, path))
    made = len(house.novita.creates)
    sent = {"params": query, "headers": {**JSON, **latin(data.draw(headers))}, "content": encoded(body)}
    answer = await ask(house, method, where, **sent)
    is_made = (method, path) == CREATE and answer.status_code in {201, 202}
    assert len(house.novita.creates) <= made + (1 if is_made else 0)
    assert '"event": "unexpected"' not in log.getvalue()


@shared_house
@given(content=st.binary(max_size=200) | values.map(encoded), content_type=st.sampled_from(TYPES))
async def test_random_bytes_are_refused_and_create_nothing(house: House, content: bytes, content_type: str) -> None:
    for path in ("/api/instances", "/api/instances/0123456789/extend"):
        answer = await ask(house, "POST", path, content=content, headers={"Content-Type": content_type})
        assert answer.status_code in {400, 404, 415}
    assert house.novita.calls_of("create") == []


@shared_house
@given(bent=bends)
async def test_a_good_create_bent_out_of_shape_makes_one_instance_or_none(
    house: House, log: io.StringIO, bent: list[tuple[str, int, Any]]
) -> None:
    made = len(house.novita.creates)
    body = bent_body({**BODY, "gpuNum": 1, "lease": "4h", "envs": {"TOKEN": SECRET}}, bent)
    answer = await ask(house, "POST", "/api/instances", content=encoded(body), headers=JSON)
    assert len(house.novita.creates) == made + (answer.status_code == 201)
    assert SECRET not in log.getvalue()
    assert SECRET not in answer.text


@shared_house
@given(method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]), path=st.text(max_size=30))
async def test_no_path_under_api_answers_in_another_form(house: House, method: str, path: str) -> None:
    where = "/api/" + quote(path.encode(errors="replace"), safe="/")
    await ask(house, method, where, headers=JSON)


def latin(given_headers: dict[str, str]) -> dict[str, Any]:
    """As bytes, without the blanks at the ends that no client sends; `Expect` is left out when it asks to go on."""
    return {name: text.strip().encode("latin-1") for name, text in given_headers.items()}
