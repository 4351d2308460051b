"""`python -m tests.near FILE…`: prints the tests that are nearest to those files, for a check that ends in a minute.

Near is what changed itself, what is named after it, and what imports it, most of all what imports little else. What
runs whole processes is left to `.ci/run`, unless it changed itself.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST = 8
"""Files, besides those that changed: their tests end within a minute or two."""
_FAR = ("e2e", "bench", "browser")
_STEM = 5
"""Letters by which words are compared."""
_HARDLY = 0.4


def nearest(changed: Collection[str], tests: Iterable[Path], *, root: Path = ROOT, most: int = MOST) -> list[str]:
    """Of `tests` those near the files in `changed` (paths from the root, also of files that are gone)."""
    themselves = {path for path in changed if _is_test(path)}
    modules = {_module(path) for path in changed if path.endswith(".py")} - {_module(path) for path in themselves}
    others = {name for path in changed if "." in (name := Path(path).name) and not name.endswith(".py")}
    rated = [
        (nearness, str(test.relative_to(root)))
        for test in tests
        if not set(_FAR) & set(test.parts) and (nearness := _nearness(test, modules, others))
    ]
    ranked = [path for _, path in sorted(rated, key=lambda each: (-each[0], each[1])) if path not in themselves]
    return [*sorted(path for path in themselves if (root / path).exists()), *ranked[:most]]


def _nearness(test: Path, modules: Collection[str], others: Collection[str]) -> float:
    """0: not at all; up to 1 by how much of what it imports has changed; up to 2 more when it is named after it."""
    text = test.read_text()
    imported = set(_imports(ast.parse(text)))
    share = len(imported & set(modules)) / max(1, len(imported))
    named = max((_alike(test.stem, module) for module in modules), default=0)
    is_told = any(name in text for name in others) or ("documents" in test.stem and any(".md" in n for n in others))
    return share + (2 * named if named > _HARDLY else 0) + (2 if is_told else 0)


def _alike(test: str, module: str) -> float:
    """How much of the test's name the module's path says, whatever the endings of words: `creating` is `create`."""
    words = {word[:_STEM] for word in re.split(r"[._]", module)}
    asked = [word[:_STEM] for word in test.removeprefix("test_").split("_")]
    return sum(word in words for word in asked) / len(asked)


def _imports(tree: ast.AST) -> Iterable[str]:
    """Modules of ours, and their packages' members under either reading: `from core.domain import leases` too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(("bot.", "core.", "tests.")))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("bot", "core", "tests"):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name.islower())


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_test(path: str) -> bool:
    return path.startswith("tests/") and Path(path).name.startswith("test_") and path.endswith(".py")


if __name__ == "__main__":
    print("\n".join(nearest(sys.argv[1:], sorted((ROOT / "tests").rglob("test_*.py")))))
