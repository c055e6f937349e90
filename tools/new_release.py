"""Teach cuport a new torch release: ``python tools/new_release.py 2.16.0``.

Adds the number where releases are listed, fetches its headers, builds the index of the API and the table of changed signatures again, and
writes the generated pages. What the new headers contradict is named by ``pytest tests/test_api_index.py``: mending that and committing is left.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "migrator" / "toolchain" / "releases.py"
NEWEST = ROOT / "migrator" / "releases.py"


def added(text: str, release: str) -> str:
    """The source of the list of releases with one more at its end (or in the place of an older patch level of its minor)."""
    minor = release.rpartition(".")[0]
    entries = re.search(r"KNOWN_RELEASES[^(]*\((.*?)\n\)", text, re.S)
    if entries is None:
        raise SystemExit(f"{LIST} has no KNOWN_RELEASES")
    known = re.findall(r'"([\d.]+)"', entries.group(1))
    if release in known:
        return text
    same = next((k for k in known if k.rpartition(".")[0] == minor), None)
    if same is not None:
        return text.replace(f'"{same}"', f'"{release}"', 1)
    return text.replace(f'"{known[-1]}",', f'"{known[-1]}", "{release}",', 1)


def main() -> None:
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+", sys.argv[1]):
        raise SystemExit("give the release with its patch level: python tools/new_release.py 2.16.0")
    release = sys.argv[1]
    LIST.write_text(added(LIST.read_text(), release))
    text = NEWEST.read_text()
    newest = re.search(r'NEWEST = "([\d.]+)"', text).group(1)
    minor = release.rpartition(".")[0]
    if tuple(map(int, minor.split("."))) > tuple(map(int, newest.split("."))):
        NEWEST.write_text(text.replace(f'NEWEST = "{newest}"', f'NEWEST = "{minor}"'))
    for command in (
        ["-m", "migrator.api.build"],
        ["tools/aten_signatures.py"],
        ["tools/rewrite_docs.py"],
        ["tools/explain_docs.py"],
        ["-m", "pytest", "-q", "tests/test_api_index.py"],
    ):
        print("$ python", *command, flush=True)
        done = subprocess.run([sys.executable, *command], cwd=ROOT)
        if done.returncode:
            raise SystemExit(f"python {' '.join(command)} failed: mend what it names, and run this again")
    print(f"torch {release} is known: look at `git diff`, and commit it")
    print(f"links are checked against it once its symbols are listed: python migrator/verify/data/make_symbols.py TORCH/lib {release}")


if __name__ == "__main__":
    main()
