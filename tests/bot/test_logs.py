"""Logs: one line per event, from everybody, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.process import logs
from tests.plain_logs import log_plainly


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """Leaves the logging of the other tests as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    log_plainly()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def start(level: str = "info", form: Literal["json", "console"] | None = "json") -> io.StringIO:
    stream = io.StringIO()
    logs.setup(level, form, stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_fields_level_and_utc_time() -> None:
    stream = start()
    structlog.get_logger().info("instance_created", region="CN-HK-01", price=Decimal("0.35"), attempts=2)
    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "instance_created",
        "level": "info",
        "region": "CN-HK-01",
        "price": "0.35",
        "attempts": 2,
    }


def test_what_is_bound_to_the_context_is_in_every_line_also_in_those_of_libraries() -> None:
    stream = start()
    with structlog.contextvars.bound_contextvars(reference="r1"):
        structlog.get_logger().info("ours")
        logging.getLogger("some.library").warning("theirs %s", "too")
    assert [(line["event"], line["reference"]) for line in lines(stream)] == [("ours", "r1"), ("theirs too", "r1")]


def test_a_library_line_names_its_logger_and_keeps_its_traceback() -> None:
    stream = start()
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    [line] = lines(stream)
    assert (line["logger"], line["level"]) == ("some.library", "error")
    assert "ValueError: broken" in line["exception"]


def test_off_a_terminal_the_form_is_json_and_console_can_be_asked_for() -> None:
    stream = start(form=None)
    structlog.get_logger().info("plain")
    assert lines(stream)[0]["event"] == "plain"
    stream = start(form="console")
    structlog.get_logger().info("plain", region="CN-HK-01")
    assert "plain" in stream.getvalue() and "region=CN-HK-01" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_lines_below_the_level_are_not_written() -> None:
    stream = start("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("some.library").info("quiet")
    assert stream.getvalue() == ""


def test_debug_is_for_our_own_lines_because_those_of_libraries_hold_whole_requests() -> None:
    stream = start("debug")
    structlog.get_logger().debug("ours")
    logging.getLogger("slack_sdk.web.async_base_client").debug("body")
    assert [line["event"] for line in lines(stream)] == ["ours"]


@pytest.mark.parametrize(
    "name",
    ["httpx", "httpcore.http11", "slack_bolt.AsyncRequestVerification", "aiohttp.access", "asyncio"],
)
def test_chatty_libraries_are_heard_from_warning_on_even_when_they_set_their_own_level(name: str) -> None:
    stream = start("debug")
    library = logging.getLogger(name)
    library.setLevel(logging.root.level)
    library.info("chatter")
    library.warning("trouble")
    library.setLevel(logging.NOTSET)
    assert [line["event"] for line in lines(stream)] == ["trouble"]


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-12-abcHIDDEN",
        "xoxe.xoxp-1-HIDDEN",
        "xapp-1-A0-HIDDEN",
        "sk_HIDDENHIDDEN",
        "Authorization: Bearer HIDDEN.x-y",
        "AUTHORIZATION: BEARER HIDDEN",
        '{"sshCommand":"ssh -p 1 root@h","password":"HIDDEN"}',
        "ssh -p 1 root@h password HIDDEN",
        "password=HIDDEN",
        "{'sshPassword': 'HIDDEN'}",
        "redis://user:HIDDEN@host:6379/0",
        "rediss://:HIDDEN@host",
        "https://hooks.slack.com/commands/T1/HIDDEN",
        "wss://wss.slack.com/link/?ticket=HIDDEN&app_id=A1",
        "https://bot.example.com/hooks/4h2k9xw0ab/HIDDEN",
        "POST /hooks/4h2k9xw0ab/HIDDEN HTTP/1.1",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    stream = start()
    structlog.get_logger().info(text, field=f"before {text} after", nested={"list": [(text,)]})
    logging.getLogger("some.library").warning("said %s", text)
    assert "HIDDEN" not in stream.getvalue()
    assert "***" in stream.getvalue()


@pytest.mark.parametrize(
    "name", ["password", "ssh_password", "api_key", "apiKey", "signing_secret", "Authorization", "bot_token"]
)
def test_a_field_with_a_secrets_name_is_masked_whatever_it_holds(name: str) -> None:
    stream = start()
    structlog.get_logger().info("event", **{name: "plain"}, nested={name: ["plain"]})
    assert "plain" not in stream.getvalue()


def test_everyday_lines_stay_readable() -> None:
    stream = start()
    fields = {
        "instance": "4h2k9xw0ab",
        "region": "US-WEST-01",
        "url": "https://api.novita.ai/gpu-instance/openapi/v1/clusters?pageSize=10",
        "owner": "U012AB3CD",
        "counts": [1, 2.5, None, True],
        "route": "/hooks/{id}/{token}",
        "template": {"id": "tpl_1", "image": "registry/image:tag"},
    }
    structlog.get_logger().info("region_refused", **fields)
    [line] = lines(stream)
    assert {name: line[name] for name in fields} == fields


@dataclass
class Thing:
    value: str


def log_everywhere(secret: str) -> None:
    log = structlog.get_logger()
    log.info("as_field", field=secret, within=f"<{secret}>", twice=secret * 2)
    log.info("nested", a={"b": [{"c": (secret, {secret})}]}, key={secret: 1}, thing=Thing(secret), text=repr([secret]))
    log.info("json", body=json.dumps({"k": secret}), spoken=SecretStr(secret), raw=secret.encode())
    log.info(f"event {secret}")
    try:
        raise RuntimeError(secret) from KeyError(secret)
    except RuntimeError as error:
        log.exception("raised", error=error)
        logging.getLogger("some.library").exception("theirs")
    logging.getLogger("some.library").warning("with %s and %r", secret, secret)
    with structlog.contextvars.bound_contextvars(bound=secret):
        log.info("context")


SECRET_TEXT = st.text(string.ascii_letters + string.digits + "-_.~+/=\"'\\&%é ", min_size=8, max_size=40)


@example(secret="""it's a "secret" \\ of é""", form="console")
@example(secret="""it's a "secret" \\ of é""", form="json")
@given(secret=SECRET_TEXT.filter(lambda text: len(set(text)) > 5), form=st.sampled_from(["json", "console"]))
def test_a_registered_secret_is_never_written_wherever_it_is_put(secret: str, form: Literal["json", "console"]) -> None:
    stream = start("debug", form)
    logs.mask(secret)
    log_everywhere(secret)
    written = stream.getvalue()
    assert secret not in written
    assert repr(secret)[1:-1] not in written
    assert json.dumps(secret)[1:-1] not in written


def test_a_secret_in_an_address_is_masked_in_its_quoted_form_too() -> None:
    stream = start()
    logs.mask("p@ss/w:rd")
    structlog.get_logger().info("connecting", to="h?key=p%40ss%2Fw%3Ard")
    assert lines(stream)[0]["to"] == "h?key=***"


def test_an_empty_or_tiny_secret_does_not_tear_up_the_words() -> None:
    stream = start()
    logs.mask("", "e")
    structlog.get_logger().info("here")
    assert lines(stream)[0]["event"] == "here"


def test_a_line_costs_little() -> None:
    stream = start()
    log = structlog.get_logger()
    best = min(_seconds_per_line(log) for _ in range(20))
    assert lines(stream)
    assert best < 0.0002, "a line should take about 30 us, and this is the best of 20 rounds"


def _seconds_per_line(log: Any) -> float:
    began = time.thread_time()
    for _ in range(50):
        log.info("region_refused", instance="4h2k9xw0ab", region="CN-HK-01", attempts=[{"milliseconds": 12}])
    return (time.thread_time() - began) / 50


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def itself() -> dict[str, Any]:
    value: dict[str, Any] = {"password": "HIDDEN"}
    value["itself"] = [value]
    return value


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "value",
    [Broken(), [Broken()], {"a": {Broken(): 1}}, itself(), 10**5000, "\ud800", b"\xff", float("nan"), object()],
    ids=["broken", "in a list", "as a key", "itself", "huge", "surrogate", "bytes", "nan", "object"],
)
def test_a_value_that_cannot_be_shown_costs_only_itself(value: Any, form: Literal["json", "console"]) -> None:
    stream = start(form=form)
    structlog.get_logger().info("instance_created", odd=value, region="CN-HK-01")
    assert stream.getvalue().count("instance_created") == 1
    assert "CN-HK-01" in stream.getvalue()
    assert "HIDDEN" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_that_cannot_be_made_is_lost_alone(form: Literal["json", "console"]) -> None:
    stream = start(form=form)
    log = structlog.get_logger()
    log.info("made", **{"event ": Broken(), "timestamp": Broken()})
    logging.getLogger("some.library").warning("it has %d parts and %s", "xoxb-HIDDEN", Broken())
    log.info("last")
    assert "HIDDEN" not in stream.getvalue()
    assert "last" in stream.getvalue().splitlines()[-1]


def test_a_stream_that_refuses_is_no_concern_of_whoever_logs() -> None:
    stream = start()
    stream.close()
    structlog.get_logger().info("lost")
    logging.getLogger("some.library").warning("lost")


def test_without_standard_error_there_is_nothing_to_write_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    logs.setup("info", None)
    structlog.get_logger().info("lost")
    logging.getLogger("some.library").warning("lost")


def test_an_old_encoding_gets_letters_that_it_has(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        logs.setup("info", "console", stream)
        structlog.get_logger().info("ready", name="größe \ud800")
        logs.setup("info", "json", io.StringIO())
    written = (tmp_path / "log").read_bytes()
    assert b"ready" in written
    assert written.isascii()


def test_a_flood_of_one_error_is_a_line_and_a_count() -> None:
    stream, began = start(), time.monotonic()
    library = logging.getLogger("asyncio")
    for number in range(1000):
        try:
            raise OSError(24, "Too many open files")
        except OSError:
            library.error("socket.accept() out of system resource\nsocket: fd=%d", number, exc_info=True)
        structlog.get_logger().error("ours", code=1)
    assert len(lines(stream)) <= 2 * (1 + int(time.monotonic() - began)), "each is written at once, and once a second"
