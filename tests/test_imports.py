"""The arrows of the architecture: who may import whom. A forbidden edge is printed with its file and line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "hxrules"

CORE = {"values", "paths", "records", "problems", "catalogue"}
ALLOWED = {
    "values": set(),
    "paths": set(),
    "shipped": set(),
    "records": {"values", "catalogue"},
    "problems": {"records"},
    "catalogue": {"values", "paths", "records"},
    "language": CORE | {"shipped"},
    "planning": CORE | {"language"},
    "lsp": CORE | {"language", "shipped"},
    "reports": CORE | {"language", "planning", "running.run"},
    "connectors": CORE,
    "state": CORE | {"planning.plan"},
    "running": CORE | {"language", "planning", "connectors", "state"},
    "sandbox": {"values"},
    "cli": CORE | {"language", "planning", "reports", "connectors", "state", "running", "sandbox", "shipped", "lsp"},
}
PURE = {"values", "paths", "records", "problems", "language", "planning", "reports"}
WORLD = {"socket", "httpx", "requests", "subprocess", "random", "secrets", "time", "sqlite3", "sqlalchemy"}


def _layer(module: str) -> str:
    return module.split(".")[1] if "." in module else "hxrules"


def _edges() -> Iterator[tuple[str, str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(PACKAGE.parent)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                if node.module == "hxrules":
                    for alias in node.names:
                        yield name, f"hxrules.{alias.name}", where
                else:
                    yield name, node.module, where
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield name, alias.name, where


def test_imports_go_one_way() -> None:
    """Every import between layers is one that the architecture allows."""
    forbidden = []
    for importer, imported, where in _edges():
        if not imported.startswith("hxrules.") or imported == "hxrules.__version__":
            continue
        here, there = _layer(importer), _layer(imported)
        allowed = ALLOWED.get(here, set(ALLOWED))
        if here == there or here == "hxrules" or here == "__main__":
            continue
        if there not in allowed and not any(imported.startswith(f"hxrules.{each}") for each in allowed if "." in each):
            forbidden.append(f"{where}: {here} must not import {imported}")
    assert forbidden == []


def test_the_core_touches_no_world() -> None:
    """Rules, planning and reports know no network, clock, process or randomness; only connectors import httpx."""
    touching = []
    for importer, imported, where in _edges():
        here, root = _layer(importer), imported.split(".")[0]
        if here in PURE and root in WORLD:
            touching.append(f"{where}: {here} imports {imported}")
        if root == "httpx" and here != "connectors":
            touching.append(f"{where}: only connectors speak HTTP")
    assert touching == []


def test_nothing_of_the_core_reads_the_clock() -> None:
    """`now` is an argument wherever something is decided."""
    calls = []
    for layer in sorted(PURE):
        target = PACKAGE / layer
        files = target.rglob("*.py") if target.is_dir() else [target.with_suffix(".py")]
        for path in files:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("utcnow", "today", "environ", "getenv"):
                    calls.append(f"{path.name}:{node.lineno} {node.attr}")
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "now":
                    calls.append(f"{path.name}:{node.lineno} now()")
    assert calls == []
