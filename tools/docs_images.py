"""Makes docs/img/report-{light,dark}.png: the page of the bundled example in a headless Chromium. ``python tools/docs_images.py``."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from report.chromium import Browser  # noqa: E402

from migrator import plan  # noqa: E402
from migrator.report import html  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        shutil.copytree(ROOT / "examples/fcos_ops/legacy/fcos_ops", "fcos_ops")
        page = Path(scratch, "page.html")
        page.write_text(html.render(plan("fcos_ops"), "fcos_ops", False), encoding="utf-8")
        for dark in (False, True):
            with Browser(Path(scratch, f"profile{dark}")) as browser:
                browser.open(page, width=1280, dark=dark)
                browser.screenshot(ROOT / f"docs/img/report-{'dark' if dark else 'light'}.png", 1000)


if __name__ == "__main__":
    main()
