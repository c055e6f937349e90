"""Writes docs/explain.md from the signatures: ``python tools/explain_docs.py`` (``--check`` fails if the file is out of date)."""

import sys
from pathlib import Path

from migrator.doctor.explain import signatures

PATH = Path(__file__).parent.parent / "docs" / "explain.md"

HEAD = """# Failures that `cuport explain` knows

Generated from `migrator/doctor/explain/signatures` by `python tools/explain_docs.py`; do not edit.

`cuport explain LOG` (or `-`, or `-- COMMAND`) finds the first real failure of a log. What only follows from another error (ninja's exit
status, `kFanIn`) is not blamed for it, and an error that is not in this table is shown as unknown.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def page() -> str:
    """The page as Markdown."""
    lines = [HEAD, "| failure | symptom | cause | fix | command |", "|---|---|---|---|---|"]
    for each in signatures():
        fix = each.fix + (f" **Beware:** {each.beware}" if each.beware else "")
        if each.rewrites:
            fix += " Rewrites: " + ", ".join(f"[{id_}](rewrites.md#{id_})" for id_ in each.rewrites) + "."
        seen = f"[{each.id}](https://github.com/{each.source.replace('#', '/issues/')})" if each.source else each.id
        command = f"`` {each.command} ``" if each.command else ""
        lines.append("| " + " | ".join(map(_cell, (seen, each.symptom, each.cause, fix, command))) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    text = page()
    if "--check" in sys.argv:
        if not PATH.is_file() or PATH.read_text(encoding="utf-8") != text:
            print(f"{PATH} is out of date: run python tools/explain_docs.py")
            return 1
        return 0
    PATH.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
