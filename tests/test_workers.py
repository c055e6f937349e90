"""Several processes plan what one plans."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrator import Config, engine, plan, workers
from migrator.cli import main
from rewrites import catalogue

FIXTURES = Path(__file__).parent.parent / "fixtures"

pytestmark = pytest.mark.skipif(not workers.can_fork(), reason="processes cannot be forked here")


@pytest.fixture
def legacy(tmp_path, monkeypatch):
    """Sources of every kind that rewrites speak of, in folders of their own."""
    monkeypatch.setattr(engine, "LEAST_BYTES", 0)
    for source in sorted(FIXTURES.rglob("*")):
        if source.is_file() and source.suffix in (".cu", ".cpp", ".h", ".c", ".py", ".sh", ".txt") and source.suffixes[-2:-1] != [".after"]:
            target = tmp_path / "legacy" / source.relative_to(FIXTURES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return tmp_path / "legacy"


def described(made):
    return (
        [(f.path, f.after, f.applied, f.left, f.new_path, f.replacements) for f in made.files],
        made.files_read,
        sorted((str(p.path), p.message) for p in made.problems),
        made.unused_ignores,
    )


@pytest.mark.parametrize("options", [{}, {"min_torch": "1.4"}, {"unsafe_fixes": True, "select": ["default", "modernize"]}, {"annotate": True}])
def test_the_plan_is_the_same(legacy, options):
    alone = plan([legacy], config=Config(), **options)
    assert len(alone.changed) > 100
    assert described(plan([legacy], config=Config(), jobs=3, **options)) == described(alone)


def test_a_killed_helper_is_one_clear_line(legacy, monkeypatch):
    started = workers.Workers.ask

    def killed(self, order, files):
        os.kill(self._processes[0].pid, signal.SIGKILL)
        self._processes[0].join()
        return started(self, order, files)

    monkeypatch.setattr(workers.Workers, "ask", killed)
    result = CliRunner().invoke(main, ["migrate", str(legacy), "--dry-run", "--no-config", "-j", "2"], obj=catalogue)
    assert result.exit_code == 2
    assert "-j 1" in result.output
    assert "Traceback" not in result.output
