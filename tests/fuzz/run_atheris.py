"""Coverage-guided fuzzing by hand: ``pip install atheris``, then

    python tests/fuzz/run_atheris.py TARGET [-max_total_time=600 and other options of libFuzzer]

TARGET is one of source, script, several, record, log. What it finds is written to ``crash-...`` in the current folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["migrator", "rewrites"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.seeds import WORDS, seeds  # noqa: E402


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    target = sys.argv.pop(1)
    corpus = Path(tempfile.mkdtemp(prefix="cuport-fuzz-"))
    (corpus / "seeds").mkdir()
    for number, seed in enumerate(seeds(target)):
        (corpus / "seeds" / str(number)).write_bytes(seed)
    words = corpus / "words"
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in WORDS))
    atheris.Setup([*sys.argv, f"-dict={words}", str(corpus / "seeds")], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
