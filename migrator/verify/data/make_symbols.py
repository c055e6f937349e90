"""Makes the list of symbols that a torch release exports: python make_symbols.py FOLDER/torch/lib 2.15.0"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from migrator.verify.symbol_list import DATA, linked_libraries, write_list  # noqa: E402

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    target = DATA / f"symbols-{sys.argv[2]}.bin"
    count = write_list(linked_libraries(Path(sys.argv[1])), target)
    print(f"{count} names, {target.stat().st_size} bytes: {target}")
