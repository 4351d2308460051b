"""HOST and PORT as sockets: every family that the host has, and which of the two is wrong when it cannot be."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bot.http.listening import bound
from core.domain.errors import SettingsError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def reached(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "families"),
    [
        ("127.0.0.1", {"127.0.0.1"}),
        ("0.0.0.0", {"127.0.0.1"}),  # noqa: S104
        ("::", {"127.0.0.1", "::1"}),
        ("[::]", {"127.0.0.1", "::1"}),
        ("::1", {"::1"}),
        ("[::1]", {"::1"}),
    ],
)
async def test_a_host_is_served_in_the_families_that_it_means(host: str, families: set[str]) -> None:
    sockets = await bound(host, 0, "PORT")
    try:
        for each in sockets:
            each.listen()
        port = sockets[0].getsockname()[1]
        assert {one for one in ("127.0.0.1", "::1") if reached(one, port)} == families
    finally:
        for each in sockets:
            each.close()


async def test_a_name_is_all_its_addresses_on_one_port() -> None:
    sockets = await bound("localhost", 0, "PORT")
    assert len({each.getsockname()[1] for each in sockets}) == 1
    for each in sockets:
        each.close()


@pytest.mark.parametrize(
    ("host", "port", "named"),
    [
        ("203.0.113.7", 0, "HOST: 203.0.113.7 is no address of this machine"),
        ("no-such-host.invalid", 0, "HOST: no-such-host.invalid is no address"),
        ("999.1.1.1", 0, "HOST: "),
        ("a b", 0, "HOST: "),
        ("http://127.0.0.1", 0, "HOST: "),
        ("x" * 300, 0, "HOST: "),
        ("127.0.0.1", None, "PORT: cannot listen on 127.0.0.1:"),
    ],
)
async def test_what_is_wrong_is_named(taken: int, host: str, port: int | None, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await bound(host, taken if port is None else port, "PORT")
    assert str(caught.value).startswith(named)
    assert "\n" not in str(caught.value)
