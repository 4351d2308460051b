"""Bodies that are sent as forms: read as the same objects as in JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from bot.http.api import forms


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("", {}),
        ("name=train-1&productName=RTX+4090%2024GB", {"name": "train-1", "productName": "RTX 4090 24GB"}),
        ("name=", {"name": ""}),
        ("name=a&name=b", {"name": ["a", "b"]}),
        ("envs[HF_HOME]=/data&envs[A]=", {"envs": {"HF_HOME": "/data", "A": ""}}),
        ("envs%5B0%5D%5Bkey%5D=A&envs%5B0%5D%5Bvalue%5D=1%3D2", {"envs": [{"key": "A", "value": "1=2"}]}),
        (
            "envs[0][key]=A&envs[0][value]=1&envs[1][key]=B&envs[1][value]=2",
            {"envs": [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}]},
        ),
        ("envs[1][key]=A", {"envs": {"1": {"key": "A"}}}),
        ("envs=x&envs[A]=1", {"envs": "x"}),
        ("envs[A]=1&envs=x", {"envs": [{"A": "1"}, "x"]}),
        ("[]=1&=2&a[[b]]=3&a]=4&a[b][c][d][e]=5", {}),
        ('{"name": "train-1"}', {'{"name": "train-1"}': ""}),
    ],
)
def test_a_form_stands_for_an_object(sent: str, read: dict[str, Any]) -> None:
    assert forms.read(sent.encode()) == read


@pytest.mark.parametrize(
    "sent", [b"\xff=1", b"a=%ff", b"a=%ed%a0%80", urlencode({f"a{n}": "1" for n in range(1001)}).encode()]
)
def test_what_is_no_form_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError):
        forms.read(sent)


def test_a_thousand_fields_are_not_too_many() -> None:
    assert len(forms.read(urlencode({f"a{n}": "1" for n in range(1000)}).encode())) == 1000
