"""Amounts and times without a bound get a clear sentence at every door, never "something went wrong"."""

from __future__ import annotations

import pytest

from tests.bot.api import BODY, TOKEN, api
from tests.bot.app_fixture import open_house
from tests.bot.scenarios import running

LENGTHS = (
    "3000000d",
    "99999999999999h",
    "9999w",
    "999999999d",
    "9" * 400 + "h",
    "0.000001s",
    "-1h",
    "1e9h",
    "Infinity",
)
HUGE = (10**30, -(10**30), "9" * 4000, "9" * 4301, 1e300, 0, -1, True, "NaN")


@pytest.mark.parametrize("max_lease", ["72h", "none"])
async def test_no_length_of_time_breaks_a_command(redis_url: str, max_lease: str) -> None:
    async with open_house(redis_url, max_lease=max_lease, default_lease="8h") as house:
        await running(house)
        ada = house.slack.person("ada")
        for length in LENGTHS:
            for line in (f"extend train-1 {length}", f"create 4090 x1 spot {length} as t from pytorch disk {length}"):
                assert (await ada.command(f"/gpu {line}")).ok, line
        for line in ("create 4090 x999999999999 spot 1h", f"create {'9' * 1900}", "offers " + "9" * 1900):
            assert (await ada.command(f"/gpu {line}")).ok, line
        await house.slack.wait_until(lambda: "may run until" in ada.sees())
        assert "went wrong" not in ada.sees()


async def test_no_number_breaks_the_api(redis_url: str) -> None:
    async with (
        open_house(redis_url, api_token=TOKEN, max_lease="none", default_lease="8h") as house,
        api(house) as client,
    ):
        made, _ = await running(house)
        for value in HUGE:
            raw = (
                str(value).lower()
                if isinstance(value, bool)
                else f'"{value}"'
                if isinstance(value, str)
                else f"{value}"
            )
            for field in ("gpuNum", "rootfsSize", "lease", "templateId"):
                body = "{" + ",".join([f'"name":"x","productName":"{BODY["productName"]}"', f'"{field}":{raw}']) + "}"
                answer = await client.post("/api/instances", content=body, headers={"Content-Type": "application/json"})
                assert answer.status_code in (400, 404), (field, raw[:40], answer.text)
        for by in ("3000000d", "99999999999999h", 1e300, -1):
            answer = await client.post(f"/api/instances/{made.id}/extend", json={"by": by})
            assert answer.status_code in (200, 202, 400), (by, answer.text)
        for until in ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", 10**18):
            answer = await client.post(f"/api/instances/{made.id}/extend", json={"until": until})
            assert answer.status_code in (200, 202, 400, 409), (until, answer.text)
        answer = await client.post(f"/api/instances/{made.id}/extend", json={"by": "1h"})
        assert answer.status_code < 500
        for query in ("limit=" + "9" * 400, "limit=-1", "limit=1e9", "cursor=" + "A" * 400, "limit=NaN"):
            answer = await client.get(f"/api/instances?{query}")
            assert answer.status_code < 500, query
