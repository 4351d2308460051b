"""README and its neighbours: what they name exists, and the commands that they promise are the ones that are tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.__main__ import cli
from core.adapters.settings import Settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / ".github").glob("*.md"))]


def fenced(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)


def headings(path: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S), re.MULTILINE)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_first_command_needs_no_account_and_the_second_is_the_one_that_is_tried() -> None:
    text = README.read_text()
    first = fenced(text)[0]
    assert first == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/gpu-bot sandbox --rehearse"
    marked = re.findall(r"^<!-- ci:test -->\n```sh\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    assert marked == [
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest -n auto"
    ]


def test_it_is_seen_set_up_and_used_before_it_is_tested() -> None:
    order = ["See it, with no account", "Set it up", "In Slack", "Settings", "Test it"]
    assert [each for each in headings(README) if each in order] == order


def test_the_table_of_settings_has_each_of_them() -> None:
    table = README.read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    named = [name for row in re.findall(r"^\| (`[^|]+) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    commands = get_command(cli).commands  # type: ignore[attr-defined]
    known = {name: {each for option in command.params for each in option.opts} for name, command in commands.items()}
    for words in re.findall(r"(?:`|bin/|&& |exec gpu-bot )gpu-bot ([a-z-][^`&\n]*)", path.read_text()):
        name, *rest = words.split()
        assert name in known or name == "--version", words
        for flag in (word for word in rest if word.startswith("--")):
            assert flag in known[name], words


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_every_part_that_is_linked_exists(path: Path) -> None:
    for place in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text()):
        name, _, part = place.partition("#")
        linked = path.parent / name if name else path
        assert linked.exists(), place
        assert not part or part in {anchor(each) for each in headings(linked)}, place


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_room_and_module_that_is_named_exists(path: Path) -> None:
    for named in re.findall(r"`((?:bot|core|tests|\.ci)/[\w./-]*)`", path.read_text()):
        assert (ROOT / named).exists(), named


def test_the_workflow_runs_every_python_that_is_promised() -> None:
    oldest = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    run = re.findall(
        r'"3\.(\d+)"', (ROOT / ".github/workflows/ci.yml").read_text().partition("matrix:")[2].split("]")[0]
    )
    assert oldest is not None
    assert [int(each) for each in run] == list(range(int(oldest[1]), int(oldest[1]) + len(run)))
    assert len(run) > 3


def test_the_picture_is_small() -> None:
    assert (ROOT / ".github" / "sandbox.png").stat().st_size < 150_000
