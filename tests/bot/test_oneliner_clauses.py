"""The end and the telling in a one-liner: until when, what then, and where it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.oneliner.clauses import Clauses, lease_until, take_clauses
from bot.oneliner.moments import TONIGHT, Moment, read_moment
from core.domain.instance import TYPICAL_TIME_TO_RUNNING
from core.domain.request import LeaseEnd
from tests.bot.app_fixture import open_house
from tests.bot.scenarios import told

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "rest", "said"),
    [
        ("4090 until tonight", "4090", Clauses(until=TONIGHT)),
        ("until 18:00 4090 spot", "4090 spot", Clauses(until=read_moment("18:00"))),
        ("4090 until tomorrow 9:00 as a", "4090 as a", Clauses(until=read_moment("tomorrow 9:00"))),
        ("4090 2h then delete", "4090 2h", Clauses(lease_end=LeaseEnd.DELETE)),
        ("4090 2h and then stop it", "4090 2h", Clauses(lease_end=LeaseEnd.STOP)),
        ("4090 delete at end", "4090", Clauses(lease_end=LeaseEnd.DELETE)),
        ("4090 in <#C0GEN00001|general> 2h", "4090 2h", Clauses(channel="C0GEN00001")),
        ("4090 in <#C0GEN00001> then delete", "4090", Clauses(lease_end=LeaseEnd.DELETE, channel="C0GEN00001")),
        ("4090 until soon", "4090 until soon", Clauses()),
        ('4090 from "until tonight then delete"', '4090 from "until tonight then delete"', Clauses()),
        ("4090 as until-tonight", "4090 as until-tonight", Clauses()),
        ("4090", "4090", Clauses()),
    ],
)
def test_the_clauses_are_taken_out_of_a_line(line: str, rest: str, said: Clauses) -> None:
    left, found = take_clauses(line)
    assert (left.split(), found) == (rest.split(), said)


def test_what_is_written_reads_back() -> None:
    said = Clauses(lease_end=LeaseEnd.DELETE, channel="C0GEN00001")
    assert take_clauses(f"4090 {said.write()}") == ("4090", said)


@pytest.mark.parametrize(
    ("moment", "lease"),
    [
        ("20:30", timedelta(hours=6) - TYPICAL_TIME_TO_RUNNING),
        ("14:31", timedelta(minutes=1)),
        ("today 14:30", None),
        ("today 14:00", None),
    ],
)
def test_a_lease_until_then_counts_from_running(moment: str, lease: timedelta | None) -> None:
    found = read_moment(moment)
    assert isinstance(found, Moment)
    assert lease_until(found, NOW, UTC) == lease


async def test_a_line_says_until_when_what_then_and_where(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.base.catalog.get_market()
        until = house.base.clock.now() + timedelta(hours=5)
        channel = next(each for each in house.slack.workspace.channels.values() if each.name == "general")
        line = f"4090 from comfy-prod as a until {until:%H:%M} then delete in <#{channel.id}|general>"
        await house.slack.person("ada").command(f"/gpu create {line}")
        asked = await told(house, "ada", "Create *a*")
        assert "then deleted with its data" in asked.shown
        assert f"<#{channel.id}>" in asked.shown
        [button] = [
            e for block in asked.blocks for e in block.get("elements", []) if e.get("text", {}).get("text") == "Create"
        ]
        assert take_clauses(button["value"])[1] == Clauses(lease_end=LeaseEnd.DELETE, channel=channel.id)
