"""References: what a person is shown of a defect leads to its line in the log."""

from __future__ import annotations

import re

from bot.process.incidents import record_defect
from tests.bot.leaks import everything_logged
from tests.bot.watching import said


def test_the_reference_that_is_given_stands_in_the_log_beside_the_traceback() -> None:
    with everything_logged("json") as log:
        reference = record_defect("unexpected", ValueError("broken"), route="/somewhere")
    (line,) = said(log, "unexpected")
    assert (line["reference"], line["level"], line["route"]) == (reference, "error", "/somewhere")
    assert "ValueError: broken" in line["exception"]
    assert re.fullmatch("[0-9A-F]{6}", reference)


def test_what_was_not_raised_is_written_down_without_a_traceback_and_each_has_a_reference_of_its_own() -> None:
    with everything_logged("json") as log:
        given = [record_defect("bolt_answered_5xx", status=500) for _ in range(20)]
    lines = said(log, "bolt_answered_5xx")
    assert [line["reference"] for line in lines] == given
    assert len(set(given)) == 20
    assert not any("exception" in line for line in lines)
