"""Values of variables never survive in text that quotes them, and ordinary words do."""

from __future__ import annotations

import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.redaction import MASK, without_known_secrets, without_values

NAME, OTHER = "HF_TOKEN", "MODE"
NAMES = {NAME, OTHER, "GPU_BOT_HOOK"}


def in_double_quotes(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def in_single_quotes_of_yaml(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


FORMS: dict[str, Callable[[str], str]] = {
    "shell": lambda v: f"{NAME}={shlex.quote(v)}",
    "shell, double quotes": lambda v: f"{NAME}={in_double_quotes(v)}",
    "export": lambda v: f"export {NAME}={shlex.quote(v)} && run",
    "docker -e": lambda v: f"docker run -e {NAME}={shlex.quote(v)} -e {OTHER}=x image",
    "docker -e glued": lambda v: f"docker run -e{NAME}={shlex.quote(v)}",
    "docker --env": lambda v: f"--env={NAME}={shlex.quote(v)} image",
    "Dockerfile": lambda v: f"ENV {NAME} {in_double_quotes(v)}",
    "Dockerfile =": lambda v: f"ENV {NAME}={in_double_quotes(v)}",
    "csh": lambda v: f"setenv {NAME} {shlex.quote(v)}",
    "fish": lambda v: f"set -x {NAME} {shlex.quote(v)}",
    "PowerShell": lambda v: f"$env:{NAME} = {in_double_quotes(v)}",
    "JSON": lambda v: json.dumps({NAME: v, "status": "x"}),
    "JSON, dense": lambda v: json.dumps({NAME: v}, separators=(",", ":")),
    "JSON, letters as they are": lambda v: json.dumps({NAME: v}, ensure_ascii=False),
    "JSON in JSON": lambda v: json.dumps({"body": json.dumps({NAME: v})}),
    "JSON in JSON in JSON": lambda v: json.dumps(json.dumps(json.dumps({NAME: v}))),
    "key, value": lambda v: json.dumps([{"key": NAME, "value": v}, {"key": OTHER, "value": "x"}]),
    "value, key": lambda v: json.dumps([{"value": v, "key": NAME}]),
    "name, value": lambda v: json.dumps({"envs": [{"name": NAME, "value": v}]}),
    "value, name": lambda v: json.dumps({"value": v, "name": NAME}),
    "key, type, value": lambda v: json.dumps({"key": NAME, "type": "text", "value": v}),
    "key, value in JSON": lambda v: json.dumps({"body": json.dumps({"key": NAME, "value": v})}),
    "value, key in JSON": lambda v: json.dumps({"body": json.dumps({"value": v, "key": NAME})}),
    "YAML, double quotes": lambda v: f"env:\n  {NAME}: {json.dumps(v)}\n  image: x",
    "YAML, single quotes": lambda v: f"env:\n  {NAME}: {in_single_quotes_of_yaml(v)}\n",
    "YAML, list": lambda v: f"- name: {NAME}\n  value: {json.dumps(v)}\n- name: {OTHER}\n  value: x",
    "Python": lambda v: repr({NAME: v}),
    "Python, pairs": lambda v: repr([(NAME, v)]),
    "Python, call": lambda v: f"EnvVar(name={NAME!r}, value={v!r})",
    "URL": lambda v: f"https://example.com/?{NAME}={quote(v, safe='')}&x=1",
    "form": lambda v: f"{NAME}={quote_plus(v)}&x=1",
    "URL, whole": lambda v: quote(f"{NAME}={v}", safe=""),
    "JSON in a URL": lambda v: quote(json.dumps({NAME: v}), safe=""),
    "key, value in a URL": lambda v: quote(json.dumps({"key": NAME, "value": v}), safe=""),
    "XML": lambda v: f'<env name="{NAME}" value="{html.escape(v)}"/>',
    "a sentence": lambda v: f"the variable {NAME} has the value {in_double_quotes(v)}",
    "a sentence, value first": lambda v: f"invalid value {in_double_quotes(v)} for variable {NAME}",
    "in small letters": lambda v: f"{NAME.lower()}={shlex.quote(v)}",
    "with what is before it": lambda v: f'x\\n"{NAME}"="{quote(v)}"',
}

VALUES = {
    "plain": "hunter2hunter2",
    "blanks": "correct horse battery staple",
    "quotes": "a\"SECRET' x\" 'SECRET",
    "backslashes": "C:\\SECRET\\new \\SECRET\\",
    "lines": "first SECRET\nsecond SECRET\r\n\tthird SECRET",
    "marks": "SECRET=x&y; {SECRET} [SECRET], <SECRET>: SECRET|SECRET",
    "letters": "Geheimnis-ü-漢字-🤖-SECRET",
    "a key in it": f"x {OTHER}=SECRET value: SECRET",
    "JSON": '{"private_key": "SECRET", "value": "SECRET more"}',
}


def pieces(value: str) -> list[str]:
    """What may not survive of a value."""
    return [word for word in ("SECRET", "hunter2", "correct", "horse", "battery", "staple") if word in value]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_form_of_a_value_survives(form: Callable[[str], str], value: str) -> None:
    shown = without_values(f"start failed: {form(value)}", NAMES)
    assert MASK in shown
    assert [piece for piece in pieces(value) if piece in shown] == []
    assert shown.startswith("start failed: ")
    assert without_values(shown, NAMES) == shown


@given(st.sampled_from(sorted(FORMS)), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
def test_no_form_of_any_value_survives(form: str, rest: str) -> None:
    value = f"SECRET{rest}SECRET"
    assert "SECRET" not in without_values(FORMS[form](value), NAMES)


@pytest.mark.parametrize(
    "value",
    [
        "hunter2hunter2",
        "correct horse battery staple",
        "hunter2,hunter2",
        "hunter2\nhunter2",
        "it's hunter2",
        '"hunter2',
    ],
)
@pytest.mark.parametrize("sign", ["=", ": ", ":", " = ", ": |\n  ", " => "])
def test_a_value_that_nobody_quoted_is_hidden_as_far_as_it_may_reach(sign: str, value: str) -> None:
    shown = without_values(f"cannot start: {NAME}{sign}{value}", NAMES)
    assert [piece for piece in pieces(value) if piece in shown] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HF_TOKEN=hunter2 is not valid", "HF_TOKEN=*** is not valid"),
        ("HF_TOKEN='hun ter2' MODE=prod: exec failed", "HF_TOKEN=*** MODE=*** failed"),
        ('{"HF_TOKEN": "hunter2", "image": "a/b:1"}', '{"HF_TOKEN": ***, "image": "a/b:1"}'),
        ("env HF_TOKEN is not set", "env HF_TOKEN is not set"),
        ("image pull failed: manifest unknown", "image pull failed: manifest unknown"),
        ("invalid value for HF_TOKEN", "invalid value for HF_TOKEN"),
        ("HF_TOKEN, MODE missing", "HF_TOKEN, MODE missing"),
        ("exec HF_TOKEN=a\\ b image", "exec HF_TOKEN=*** image"),
    ],
)
def test_what_is_no_value_stays(text: str, shown: str) -> None:
    assert without_values(text, NAMES) == shown


@pytest.mark.parametrize("name", ["A", "DA", "DAT"])
def test_a_short_name_is_not_found_inside_a_word(name: str) -> None:
    assert without_values("data: no space", {name}) == "data: no space"
    assert without_values(f"MY{name}: no space", {name}) == f"MY{name}: no space"
    assert without_values(f"{name}: hunter2", {name}) == f"{name}: ***"


def test_a_longer_name_is_found_wherever_it_stands_and_however_it_is_written() -> None:
    assert without_values("MYMODE=hunter2", {"MODE"}) == "MYMODE=***"
    assert without_values("mode=hunter2", {"MODE"}) == "mode=***"


def test_a_name_of_one_letter_is_found_where_a_shell_has_it() -> None:
    assert without_values("run -eA=hunter2 now", {"A"}) == "run -eA=***"


def test_without_names_nothing_is_touched() -> None:
    assert without_values("HF_TOKEN=x", ()) == "HF_TOKEN=x"


KEYS = {
    "hugging face": "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345",
    "openai": "sk-proj-aBcD1234efgh5678",
    "novita": "sk_live_aBcD1234efgh5678",
    "github": "ghp_aBcDeFgHiJ0123456789",
    "github fine": "github_pat_11ABCDEFG0123456789_abcdef",
    "slack": "xoxb-123456789012-abcdefABCDEF",
    "slack app": "xapp-1-A012-345-abcdef",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "google": "AIzaSyA-0123456789abcdefghijklmnopqrs",
    "gitlab": "glpat-abcDEF123456_-xyz",
    "npm": "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----",
    "any": "q8ZtR3vKp0LmXw7YbN2cJd5HfGa9Se",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("text", ["bad {}", '"{}"', "x={}", "line\\n{}", "%22{}%22", "({}), retry", "{}"])
def test_keys_are_known_by_their_looks(key: str, text: str) -> None:
    shown = without_known_secrets(text.format(key))
    assert MASK in shown
    assert not any(key[at : at + 8] in shown for at in range(4, len(key) - 8))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
        ("pull https://robot:pass@reg.example.com/a:1 denied", "pull https://***@reg.example.com/a:1 denied"),
        ("redis://:p@ss/w@host:6379/0", "redis://***@host:6379/0"),
        ("login robot:pass@reg.example.com", "login ***@reg.example.com"),
        (
            "posts to https://gpu.example.com/hooks/da1dw0n73v/aBcdEFgh_-12",
            "posts to https://gpu.example.com/hooks/da1dw0n73v/***",
        ),
        ("WANDB_API_KEY=0123456789abcdef is bad", "WANDB_API_KEY=*** is bad"),
        ('{"key":"DB_PASSWORD","value":"a b"}', '{"key":"DB_PASSWORD","value":***}'),
    ],
)
def test_secrets_are_known_by_what_stands_around_them(text: str, shown: str) -> None:
    assert without_known_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "image pull failed: manifest unknown",
        "insufficient resource",
        "INVALID_API_KEY: the key was revoked",
        "docker.io/pytorch/pytorch:2.6.0-cuda12.4 not found",
        f"ghcr.io/team/app:1.4@sha256:{'0123456789abcdef' * 4} not found",
        "Bearer authentication required",
        "invalid CreateInstanceRequest.RootfsSize: value must be inside range [10, 6144]",
        "hf_transfer is not installed",
        "https://3f9a1c2b4d5e6f70-8188.us-ca-6.gpu-instance.novita.ai answers 502",
        "instance 3f9a1c2b4d5e6f70 in US-CA-06 at 10:30:12 for U0ADA0001",
        "exec /start.sh: no such file or directory (exit 127)",
        "ask-anything and task-force-1 and disk_size_gb_limit",
        "error code: 1010",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert without_known_secrets(text) == text
    assert without_values(text, NAMES) == text


@pytest.mark.parametrize(
    "text", ["a" * 50_000, "://" * 20_000, "=a" * 20_000, "HF_TOKEN=" * 9_000, "value " * 9_000, "-" * 60_000]
)
def test_a_long_text_takes_no_time(text: str) -> None:
    assert len(without_values(without_known_secrets(text), NAMES)) <= 4_000 + 3 * 500
