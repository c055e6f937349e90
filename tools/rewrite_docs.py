"""Writes docs/rewrites.md from the rewrites: ``python tools/rewrite_docs.py`` (``--check`` fails if the file is out of date)."""

import sys
from pathlib import Path

from rewrites import catalogue

PATH = Path(__file__).parent.parent / "docs" / "rewrites.md"


def page() -> str:
    """The page as Markdown."""
    known = catalogue().rewrites
    lines = ["# Rewrites", "", "Generated from the rewrites by `python tools/rewrite_docs.py`; do not edit.", ""]
    lines += ["| rewrite | old form | tier | what it does |", "|---|---|---|---|"]
    lines += [f"| [{r.id}](#{r.id}) | {r.when} | {r.tier} | {r.title} |" for r in known]
    for r in known:
        body, code = [], False
        for line in r.doc.strip().splitlines()[1:]:
            if line.rstrip() in ("Before:", "After:"):
                if code:
                    body.append("```")
                language = "python" if getattr(r, "language", "c++") == "python" else "cpp"
                body += ["", line.rstrip(), f"```{language}"]
                code = True
            else:
                body.append(line[4:] if code and line.startswith("    ") else line)
        if code:
            body.append("```")
        lines += ["", f"## {r.id}", "", f"**{r.title}** ({r.when}; {r.tier})", *body, ""]
        if r.link:
            lines.append(f"Source: <{r.link}>")
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    text = page()
    if "--check" in sys.argv:
        if PATH.read_text() != text:
            print(f"{PATH} is out of date: run python tools/rewrite_docs.py")
            return 1
        return 0
    PATH.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
