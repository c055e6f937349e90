"""The page of the rewrites is what the rewrites say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_page_of_the_rewrites_is_current():
    result = subprocess.run([sys.executable, "tools/rewrite_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
