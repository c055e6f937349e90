"""Write ``float``, ``int``, ``bool``, not NumPy's aliases of them.

NumPy 1.24, which came before torch 2.0, dropped the aliases; each *was* the builtin, so nothing else changes. (The list is that of ruff's
NPY001. ``np.bool`` and ``np.long`` are back in NumPy 2 with another meaning; the builtin keeps the old one.) What NumPy 2 renamed besides
is left to ``ruff check --select NPY201 --fix``.

Before:
    import numpy as np
    boxes = np.zeros((0, 4), dtype=np.float)
After:
    import numpy as np
    boxes = np.zeros((0, 4), dtype=float)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "numpy-alias"
BUILTINS = {**{name: name for name in ("float", "int", "bool", "complex", "object", "str")}, "long": "int", "unicode": "str"}
_TABLE = {f"numpy.{old}": Moved(new) for old, new in BUILTINS.items()}

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset({"numpy"}), language="python", removed_in="2.0")
