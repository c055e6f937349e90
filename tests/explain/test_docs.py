"""docs/explain.md is what the signatures say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_current():
    done = subprocess.run([sys.executable, ROOT / "tools" / "explain_docs.py", "--check"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
