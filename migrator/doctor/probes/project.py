"""The Python packages of the project in a folder."""

from __future__ import annotations

from pathlib import Path

_NOT_OWN = {"test", "tests", "tools", "examples", "example", "scripts", "docs", "configs", "config", "demo", "utils", "lib", "src", "build"}
"""Names that many projects have, so that another one's says nothing."""


def packages(folder: Path) -> dict[str, str]:
    """Name to folder, for what lies beside setup.py or pyproject.toml, or in its src/."""
    if not any((folder / name).is_file() for name in ("setup.py", "pyproject.toml")):
        return {}
    return {
        init.parent.name: str(init.parent)
        for where in (folder, folder / "src")
        for init in sorted(where.glob("*/__init__.py"))
        if init.parent.name not in _NOT_OWN and init.parent.name.isidentifier()
    }
