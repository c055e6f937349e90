"""The script that adds a torch release to the list."""

import importlib.util
from pathlib import Path

import pytest

from migrator.toolchain.releases import KNOWN_RELEASES

PATH = Path(__file__).resolve().parent.parent / "tools" / "new_release.py"
spec = importlib.util.spec_from_file_location("new_release", PATH)
assert spec is not None and spec.loader is not None
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


def known(text: str) -> tuple[str, ...]:
    values: dict = {}
    exec(text.replace("from .errors import ToolchainError", ""), values)
    return values["KNOWN_RELEASES"]


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("9.0.0", (*KNOWN_RELEASES, "9.0.0")),
        (KNOWN_RELEASES[-1], KNOWN_RELEASES),
        ("1.10.7", tuple("1.10.7" if r.startswith("1.10.") else r for r in KNOWN_RELEASES)),
    ],
)
def test_list(release, expected):
    assert known(tool.added(tool.LIST.read_text(), release)) == expected
