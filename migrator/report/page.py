"""What every HTML report is made of: nothing loaded, every text escaped, no script but one that a page brings itself. It opens from a file
and from a mail."""

from __future__ import annotations

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --soft: #57606a; --line: #d0d7de; --panel: #f6f8fa;
  --good: #1a7f37; --good-bg: #dafbe1; --bad: #b3261e; --bad-bg: #ffebe9; --note: #7a4e00; --note-bg: #fff4d6; --focus: #0969da; }
@media (prefers-color-scheme: dark) { :root { --bg: #0d1117; --fg: #e6edf3; --soft: #9da7b3; --line: #30363d; --panel: #161b22;
  --good: #56d364; --good-bg: #12361f; --bad: #ff8f87; --bad-bg: #4a1a1a; --note: #f0c14b; --note-bg: #3a2c08; --focus: #58a6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 80rem; background: var(--bg); color: var(--fg); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } a { color: var(--focus); }
.summary { font-size: 1.05rem; margin: .75rem 0; padding: .6rem .8rem; border-radius: 6px; background: var(--panel);
  overflow-wrap: anywhere; }
.good, .ok { color: var(--good); } .bad, .fail { color: var(--bad); } .note { color: var(--note); }
.summary.good { background: var(--good-bg); } .summary.bad { background: var(--bad-bg); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { background: var(--panel); white-space: nowrap; } tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 12rem; }
tbody tr:last-child > * { border-bottom: 0; } td.ok { background: var(--good-bg); } td.fail { background: var(--bad-bg); }
td.ok, td.fail, td.none { text-align: center; white-space: nowrap; } td.none { color: var(--soft); }
.matrix th, .matrix td { padding: .25rem .4rem; } .matrix tr > :first-child { position: sticky; left: 0; background: var(--bg); }
.matrix tbody th { min-width: 14rem; }
.errors pre { position: sticky; left: .4rem; max-width: min(77rem, calc(100vw - 5rem)); margin: 0 0 .3rem; }
code, pre { font: .85rem/1.45 ui-monospace, monospace; } pre { margin: .4rem 0; padding: .6rem; background: var(--panel); overflow: auto;
  max-height: 30rem; border-radius: 6px; } pre .minus { background: var(--bad-bg); } pre .plus { background: var(--good-bg); }
pre.error { white-space: pre-wrap; overflow-wrap: anywhere; }
pre span { display: block; } details { margin: .3rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999rem; } .skip:focus { position: static; }
"""


def document(title: str, body: str, style: str = "", script: str = "") -> str:
    """A whole page. ``title`` is plain text, ``body`` HTML, ``style`` more CSS; ``script`` runs by its hash, and no other does."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts, element = (f"; script-src 'sha256-{digest}'", f"\n<script>{script}</script>") if script else ("", "")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'{scripts}\">\n"
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#report">Skip to the report</a>\n<main id="report">\n{body}\n</main>{element}\n</body>\n</html>\n'
    )


def text(value: object) -> str:
    """Escaped; what no page can show (control characters, lone surrogates of odd file names) becomes a mark."""
    shown = str(value).encode("utf-8", "replace").decode()
    return escape("".join(ch if ch in "\t\n" or (ord(ch) >= 32 and ord(ch) != 127) else "\N{REPLACEMENT CHARACTER}" for ch in shown))


def scroll(label: str, table: str) -> str:
    """A table that scrolls by itself, with the keyboard too. ``label`` is plain text, ``table`` HTML."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{text(label)}"><table>{table}</table></div>'


def banner(words: str, good: bool) -> str:
    """A line that says, in colour and with a mark, whether something holds."""
    mark, kind = ("\u2713", "good") if good else ("\u2717", "bad")
    return f'<p class="summary {kind}"><strong>{mark}</strong> {text(words)}</p>'
