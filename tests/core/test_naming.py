"""A name means one machine: what is free instead of a taken name, and what the gate does with one."""

from __future__ import annotations

import asyncio
import re

import pytest

from core.domain.base import PROGRAM, Actor
from core.domain.errors import InvalidRequest
from core.domain.naming import free_name, name_after
from core.domain.request import NAME_PATTERN
from tests.core.processes import Process
from tests.core.samples import ADA, request

BO = Actor(user="U0BO", team="T0HOME")


@pytest.mark.parametrize(
    ("name", "taken", "free"),
    [
        ("train", [], "train"),
        ("train", ["train-2"], "train"),
        ("train", ["train"], "train-2"),
        ("TRAIN", ["train"], "TRAIN-2"),
        ("train-1", ["train-1"], "train-2"),
        ("train-1", ["train-1", "train-2", "train-4"], "train-3"),
        ("train-9", ["train-9"], "train-10"),
        ("a-1-1", ["a-1-1"], "a-1-1-2"),
        ("2026-11", ["2026-11"], "2026-11-2"),
        ("x" * 100, ["x" * 100], "x" * 95 + "-2"),
    ],
)
def test_a_taken_name_is_followed_by_the_next_free_number(name: str, taken: list[str], free: str) -> None:
    assert free_name(name, taken) == free


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("PyTorch 2.6", "pytorch"),
        ("pytorch2.6", "pytorch2"),
        ("vLLM", "vllm"),
        ("Ubuntu 22.04 + CUDA", "ubuntu"),
        ("comfy-prod", "comfy-prod"),
        ("My own_thing (v2)", "my-own-thing"),
        ("Llama-3-8B", "llama"),
        ("3D Studio", "3d"),
        ("模板", "gpu"),
        ("", "gpu"),
        ("--- ***", "gpu"),
        ("a" * 39 + " bc", "a" * 39),
        ("a" * 41, "a" * 40),
    ],
)
def test_a_name_after_a_template_has_its_words_up_to_the_version(template: str, name: str) -> None:
    assert name_after(template) == name
    assert re.fullmatch(NAME_PATTERN, name)


async def test_a_name_that_is_taken_is_refused_whoever_has_it_and_a_free_one_is_proposed(web: Process) -> None:
    first = await web.begin(request(name="train-1"), owner=ADA, key="view:1")
    for owner in (ADA, BO):
        with pytest.raises(InvalidRequest, match="Train-2 is free") as refused:
            await web.begin(request(name="Train-1"), owner=owner, key="view:2")
        assert set(refused.value.problems) == {"name"}
    again = await web.begin(request(name="train-1"), owner=ADA, key="view:1")
    assert (again.is_repeat, again.instance.id) == (True, first.instance.id)
    assert len(await web.store.live()) == 1


async def test_the_same_again_is_numbered_and_programs_may_use_a_name_twice(web: Process) -> None:
    await web.begin(request(name="train-1"), owner=ADA, key="view:1")
    again = await web.begin(request(name="train-1"), owner=ADA, key="again:1", is_renamed=True)
    assert (again.request.name, again.instance.request.name) == ("train-2", "train-2")
    program = await web.begin(request(name="train-1"), owner=PROGRAM, key="api:1")
    assert program.instance.request.name == "train-1"


async def test_two_that_take_one_name_at_the_same_moment_are_told_apart(web: Process) -> None:
    launches = await asyncio.gather(
        *(web.begin(request(name="train-1"), owner=ADA, key=f"view:{number}") for number in range(4)),
        return_exceptions=True,
    )
    names = [each.request.name for each in await web.store.live()]
    assert len(names) == len(set(names)) == sum(not isinstance(each, BaseException) for each in launches) >= 1
