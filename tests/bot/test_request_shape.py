"""A request has one shape: its fields are the same everywhere, and nowhere copied from one shape to another by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.http.api import requests as api
from bot.http.api.requests import CreateBody, RequestShown
from bot.oneliner import ParsedLine, parsed_line_of
from bot.oneliner.fields import FIELDS as SAYABLE
from bot.views.modal import Form, form_of
from bot.views.modal.fields import FIELDS as SHOWN
from core.domain import last_used
from core.domain.request import Draft, Field, InstanceRequest, draft_of, laid_over, request_of, usual_draft
from tests.bot import factories
from tests.core.samples import request

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("bot", "core") for path in sorted((ROOT / folder).rglob("*.py"))]
NAMES = {name.value for name in Field}

OWN_WORDS = (Field.ROOTFS_SIZE, Field.LEASE_END)
"""The fields whose names stand for nothing else. A region, a price's billing and a template's id are things of Novita's
too, a webhook is a setting, and a name is everything's."""

WHERE_MANY_STAND = {
    ("bot/http/api/requests/creation.py", "CreateBody"),
    ("bot/http/api/requests/creation.py", "RequestShown"),
    ("bot/http/api/requests/creation.py", "request_shown_outside"),
    ("core/domain/request.py", "Draft"),
    ("core/domain/request.py", "Field"),
    ("core/domain/request.py", "InstanceRequest"),
    ("core/domain/request.py", "request_behind"),
    ("core/domain/validation/checks.py", "check"),
}
"""What names five fields of a request or more. What an instance or an offer of Novita's has is not a request's."""

OF_NOVITA = {
    ("core/adapters/novita/parse/instances.py", "_instance"),
    ("core/domain/novita.py", "NovitaInstance"),
}


@pytest.mark.parametrize("name", OWN_WORDS)
def test_a_field_is_written_in_at_most_eight_files(name: Field) -> None:
    written = re.compile(rf"\b{name.value}\b|\bField\.{name.name}\b")
    files = [str(path.relative_to(ROOT)) for path in SOURCES if written.search(path.read_text())]
    assert 4 < len(files) <= 8, files


def test_the_fields_of_a_request_are_listed_only_where_they_are_declared_read_or_judged() -> None:
    assert set(_listings()) == WHERE_MANY_STAND | OF_NOVITA


def test_every_shape_has_every_field() -> None:
    assert {each.name for each in fields(Draft)} == NAMES | {"no_end"}
    assert set(InstanceRequest.model_fields) == NAMES
    assert set(CreateBody.model_fields) == NAMES
    assert {each.name for each in SHOWN} == NAMES
    assert set(RequestShown.model_fields) | {"lease", "region", "webhook_url", "envs"} == NAMES
    assert set(SAYABLE) | {"lease_end", "channel", "webhook_url", "envs"} == NAMES


@given(factories.requests, st.none() | st.just("https://example.com/hook"))
def test_nothing_of_a_request_is_lost_on_its_way_through_the_shapes(asked: InstanceRequest, url: str | None) -> None:
    asked = InstanceRequest.model_validate(dict(asked) | {"webhook_url": url, "region": asked.region or None})
    draft = draft_of(asked)
    assert request_of(draft) == asked
    assert request_of(form_of(draft, "its template")) == asked
    assert laid_over(Form(), draft) == form_of(draft)
    body = {name: value for name, value in dict(asked).items() if name not in ("lease", "envs")}
    lease: Any = asked.lease or api.NO_END
    sent = CreateBody.model_construct(**body, lease=lease, envs={})
    assert api.draft_of(sent) == draft
    shown = api.request_shown(asked)
    assert shown == {name: getattr(asked, name) for name in shown}


@given(factories.requests)
def test_what_is_kept_of_last_time_is_all_but_what_is_chosen_anew(asked: InstanceRequest) -> None:
    kept = last_used.read(last_used.write(last_used.last_used(asked)))
    assert kept == replace(draft_of(asked), name=None, lease_end=None, webhook_url=None)


def test_a_line_says_all_that_it_has_words_for() -> None:
    said = parsed_line_of(request(region="EU-GB-01", lease=timedelta(hours=4)))
    assert said == laid_over(ParsedLine(), replace(draft_of(request(region="EU-GB-01")), **_unsaid()))
    endless = parsed_line_of(request(region=None, lease=None))
    assert (endless.no_end, endless.any_region, endless.lease) == (True, True, None)


def test_a_lease_and_no_end_take_the_place_of_each_other() -> None:
    form = Form(lease=timedelta(hours=8), region="EU-GB-01", gpu_num=2)
    assert laid_over(form, Draft()) == form
    assert laid_over(form, Draft(no_end=True)) == replace(form, lease=None, no_end=True)
    endless = Form(no_end=True)
    assert laid_over(endless, Draft(lease=timedelta(hours=1))) == Form(lease=timedelta(hours=1))


def test_what_is_usual_is_what_a_request_has_of_which_nothing_is_said() -> None:
    said: dict[str, Any] = {"name": "a", "product_name": "b", "template_id": "c"}
    assert request_of(replace(usual_draft(), **said)) == request_of(Draft(**said)) == InstanceRequest(**said)


def _unsaid() -> dict[str, Any]:
    return {"lease": timedelta(hours=4), "lease_end": None, "channel": None, "webhook_url": None}


def _listings() -> Iterator[tuple[str, str]]:
    """Each function or class that names five fields or more in one class, call, dict or tuple."""
    for path in SOURCES:
        if "sandbox" in path.parts:
            continue
        for scope in ast.parse(path.read_text()).body:
            if isinstance(scope, ast.ClassDef | ast.FunctionDef) and any(
                len(_named(node) & NAMES) >= 5 for node in ast.walk(scope)
            ):
                yield str(path.relative_to(ROOT)), scope.name


def _named(node: ast.AST) -> set[str]:
    match node:
        case ast.ClassDef():
            declared = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            assigned = [target for each in node.body if isinstance(each, ast.Assign) for target in each.targets]
            return {each.id.lower() for each in [*declared, *assigned] if isinstance(each, ast.Name)}
        case ast.Call():
            return {each.arg for each in node.keywords if each.arg}
        case ast.Dict(keys=items) | ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return {each.value for each in items if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return set()
