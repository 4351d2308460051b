"""Which tests are near a change: itself, what is named after it, what imports little else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.near import nearest

TESTS = {
    "tests/core/test_leases.py": "from core.leases import ends_at\n",
    "tests/core/test_costs.py": "from core import costs, leases\nfrom core.models import Instance\nimport json\n",
    "tests/core/test_api_create.py": "import json\n",
    "tests/core/test_documents.py": "DOCUMENTS = '*.md'\n",
    "tests/core/test_metrics.py": "OPERATING = 'OPERATING.md'\n",
    "tests/e2e/test_kill.py": "from core.leases import ends_at\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path, text in TESTS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("core/leases.py", ["tests/core/test_leases.py", "tests/core/test_costs.py"]),
        ("core/models.py", ["tests/core/test_costs.py"]),
        ("bot/server/api/creating.py", ["tests/core/test_api_create.py"]),
        ("tests/core/test_costs.py", ["tests/core/test_costs.py"]),
        ("tests/core/test_gone.py", []),
        ("tests/e2e/test_kill.py", ["tests/e2e/test_kill.py"]),
        ("README.md", ["tests/core/test_documents.py"]),
        (".github/OPERATING.md", ["tests/core/test_documents.py", "tests/core/test_metrics.py"]),
        ("core/nobody_knows.py", []),
    ],
)
def test_the_nearest_come_first_and_whole_processes_not_at_all(tree: Path, changed: str, expected: list[str]) -> None:
    assert nearest([changed], sorted(tree.rglob("test_*.py")), root=tree) == expected


def test_there_are_never_more_than_a_few_besides_what_changed_itself(tree: Path) -> None:
    changed = ["core/leases.py", "tests/core/test_documents.py"]
    near = nearest(changed, sorted(tree.rglob("test_*.py")), root=tree, most=1)
    assert near == ["tests/core/test_documents.py", "tests/core/test_leases.py"]
