"""The page of a migration in a real browser: nothing is loaded, it fits, it can be read, it can be used with the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from verify.test_report import matrix, proof, result

from migrator import plan
from migrator.report import html

from .chromium import PROGRAM, Browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (apt-get install chromium)")
SOURCE = (
    "#include <THC/THC.h>\n\n#define LIMIT 3  // a limit\n/* words */\n__global__ void kernel(float *x) { x[0] = 1.5f; }\n"
    'void f(at::Tensor x, int n, float y) {\n  AT_CHECK(x.is_cuda(), "gpu"); int m = THCCeilDiv(n, 2);\n'
    '  AT_CHECK(y > 0, "y is %.2f", y);\n  const char *s = "' + "long " * 60 + '";\n}\n'
)
# The contrast of each text with what is behind it, as WCAG 2 counts it; 4.5 is what its level AA asks for.
CONTRAST = """
(() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255];
  };
  const bad = new Map();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; n = walk.nextNode();) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.set(`${e.tagName}.${e.className} in ${e.parentElement.className}: ${n.data.trim().slice(0, 9)}`, ratio.toFixed(2));
  }
  return [...bad].map(([k, v]) => `${k}: ${v}`);
})()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "csrc").mkdir()
    for name in ("a.cu", "b.cu"):
        (folder / "csrc" / name).write_text(SOURCE)
    (folder / "setup.py").write_text("import os\n\n\ndef f(x=1):\n    return f'{x}' + str(2)\n")
    verified = result(before=matrix(a="2.15.0"), after=matrix(a=""), proofs=[proof()], before_description="git HEAD")
    (folder / "page.html").write_text(html.render(plan(folder), "csrc", False, verified), encoding="utf-8")
    return folder / "page.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_loads_nothing_and_every_text_can_be_read(browser, page, dark):
    browser.open(page, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.evaluate(CONTRAST) == []
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
    urls = {e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"}
    assert urls == {page.as_uri()}
    assert not [e for e in browser.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]


@pytest.mark.parametrize("width", [1600, 1000, 380])
def test_it_fits(browser, page, width):
    browser.open(page, width=width)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_with_the_keyboard(browser, page):
    browser.open(page)
    seen = []
    for _ in range(60):
        browser.press("Tab")
        seen.append(browser.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.getAttribute('class') || '')"))
        if seen[-1].startswith("SUMMARY") and browser.evaluate("document.activeElement.parentElement.className") == "file":
            break
    assert seen[0] == "A skip" and "A by-hand" in seen and "DIV scroll" in seen and seen[-1].startswith("SUMMARY")
    assert browser.evaluate("document.activeElement.parentElement.open") is True
    browser.press("Enter", "\r")
    assert browser.evaluate("document.activeElement.parentElement.open") is False
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_square_leads_to_its_file(browser, page):
    browser.open(page)
    browser.evaluate("document.querySelectorAll('.squares a')[1].click()")
    assert browser.evaluate("document.querySelector(':target summary').innerText").startswith(str(page.parent / "csrc/b.cu").lstrip("/"))
