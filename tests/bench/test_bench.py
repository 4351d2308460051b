"""The benchmarks themselves: their arithmetic, their command line, and that they still run. No time is asserted."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.figures import Row, percentile
from tests.bench.processes import ROOT, Child, NotMeasured, clean_environment


def bench(*options: str, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})}
    command = [sys.executable, "-m", "tests.bench", *options]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=200)


def working_in(folder: Path) -> list[str]:
    """The processes whose working directory is, or was, in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text())
    return found


def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert (percentile(samples, 50), percentile(samples, 95), percentile(samples, 99)) == (50, 95, 99)
    assert percentile([7.0], 99) == 7
    assert percentile([1.0, 2.0, 3.0], 50) == 2


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("row", "met", "aim"),
    [
        (Row("a", 1.10, at_most=1.10), True, "≤ 1.1"),
        (Row("a", 1.11, at_most=1.10), False, "≤ 1.1"),
        (Row("a", 0.99, at_most=1.5, at_least=1.0), False, "1 to 1.5"),
        (Row("a", 199, at_least=200), False, "≥ 200"),
        (Row("a", 2, at_most=1, at_least=1, digits=0), False, "1"),
        (Row("a", 24.9, at_most=25, unit=" ms"), True, "≤ 25 ms"),
        (Row("a", 5.0), None, ""),
        (Row("a", None, at_most=5), None, "≤ 5"),
    ],
)
def test_a_row_knows_its_aim_and_whether_it_is_met(row: Row, met: bool | None, aim: str) -> None:
    assert (row.met, row.aim) == (met, aim)


def test_a_figure_that_does_not_exist_is_wrong_use_and_the_answer_names_those_that_do() -> None:
    run = bench("--only", "speed")
    assert run.returncode == 2
    assert "no figure is called speed" in run.stderr
    assert "retry-after" in run.stderr


def test_the_whole_bot_is_measured_in_processes_of_its_own_and_nothing_is_left_running(tmp_path: Path) -> None:
    run = bench("--quick", "--only", "redis", temporary=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Redis commands per create" in run.stdout
    assert "not measured" not in run.stdout
    assert working_in(tmp_path) == []
    assert list(tmp_path.glob("gpu-bench-*")) == []


async def test_a_process_that_ends_instead_of_getting_ready_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = await Child.start("broken", ["no.such.module"], tmp_path, clean_environment())
    with pytest.raises(NotMeasured, match=r"broken did not say ready: .*no\.such"):
        await child.event("ready")
    await child.stop()


async def test_the_cpu_and_the_memory_of_a_child_are_its_own(tmp_path: Path) -> None:
    lines = ["for _ in range(3_000_000): pass", """print('{"event": "done"}')""", "import signal; signal.pause()"]
    (tmp_path / "busy.py").write_text("\n".join(lines))
    child = await Child.start("busy", ["busy"], tmp_path, clean_environment())
    try:
        await child.event("done")
        assert 0.01 < child.cpu() < 10
        assert 1 < child.resident_mib() < 100
    finally:
        await child.stop()
