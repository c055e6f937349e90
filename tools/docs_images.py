"""Makes docs/img/report-{light,dark}.png, the page of the bundled example, and with ``--proof`` docs/img/proof.png, the page of the kernels
of one of its sources (which compiles it, for minutes), in a headless Chromium. ``python tools/docs_images.py [--proof]``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from report.chromium import Browser  # noqa: E402

from migrator import plan  # noqa: E402
from migrator.report import html  # noqa: E402

PROVEN = "fcos_ops/csrc/cuda/ROIAlign_cuda.cu"


def proof() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        shutil.copytree(ROOT / "examples/fcos_ops/legacy/fcos_ops", "fcos_ops")
        cuport = [sys.executable, "-m", "cuport"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        for words in (
            ["migrate", "fcos_ops", "--allow-no-vcs", "-q"],
            ["verify", PROVEN, "--prove", "--format", "html", "-o", "proof.html"],
        ):
            subprocess.run([*cuport, *words], env=environment, check=True)
        with Browser(Path(scratch, "profile")) as browser:
            browser.open(Path(scratch, "proof.html"), width=1000)
            browser.screenshot(ROOT / "docs/img/proof.png", 400)


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
    proof() if "--proof" in sys.argv else main()
