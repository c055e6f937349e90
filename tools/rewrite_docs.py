"""Writes docs/rewrites.md and rewrites/triggers.txt from the rewrites: ``python tools/rewrite_docs.py`` (``--check``: fails if one is stale)."""

import sys
from pathlib import Path

from rewrites import catalogue

ROOT = Path(__file__).parent.parent
PATH = ROOT / "docs" / "rewrites.md"
TRIGGERS = ROOT / "rewrites" / "triggers.txt"


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


def triggers() -> str:
    """The trigger words of the rewrites that run by default, a line for each language."""
    words: dict[str, set[str]] = {}
    for rewrite in catalogue().rewrites:
        if rewrite.default:
            words.setdefault(rewrite.language, set()).update(rewrite.triggers)
    return "".join(f"{language} {' '.join(sorted(found))}\n" for language, found in sorted(words.items()))


def main() -> int:
    stale = False
    for path, text in ((PATH, page()), (TRIGGERS, triggers())):
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path} is out of date: run python tools/rewrite_docs.py")
            stale = True
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
