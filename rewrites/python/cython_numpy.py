"""Write in Cython what is left of NumPy's types: ``float`` for ``np.float``, ``np.intp_t`` for ``np.int_t``.

NumPy 1.24, which came before torch 2.0, dropped the aliases of builtins. Cython compiles ``np.float`` all the same, and the module then stops
when it is imported. NumPy 2 declares no ``int_t`` and ``uint_t`` for Cython, and such sources do not compile; ``intp_t`` is the same type
where ``long`` has 64 bits (Linux), and what ``argsort`` gives everywhere. ``np.float_t`` and the like stay. (Looked up in NumPy 2.4's
``__init__.pxd``.)

Before:
    import numpy as np
    cimport numpy as np
    DTYPE = np.float
    def f(np.ndarray[np.float_t, ndim=2] x): return np.zeros(len(x), dtype=np.int)
After:
    import numpy as np
    cimport numpy as np
    DTYPE = float
    def f(np.ndarray[np.float_t, ndim=2] x): return np.zeros(len(x), dtype=int)
"""

from __future__ import annotations

import io
import itertools
import tokenize
from collections.abc import Iterator

from migrator.rewrite import Change, Edit, Rewrite
from rewrites.python.numpy_alias import BUILTINS

ID = "cython-numpy"
_TYPES = {"int_t": "intp_t", "uint_t": "uintp_t"}


def fix(ctx) -> Iterator[Change]:
    if ctx.path.suffix != ".pyx" or b"numpy" not in ctx.file.words:
        return
    tokens = _tokens(ctx.file.data)
    imported, declared = _names(tokens, "import"), _names(tokens, "cimport")
    lines = list(itertools.accumulate(map(len, ctx.file.data.splitlines(keepends=True)), initial=0))
    for before, owner, dot, name in _windows(tokens, 4):
        if before.string == "." or dot.string != ".":
            continue
        if owner.string in imported and name.string in BUILTINS:
            first, text = owner, BUILTINS[name.string]
        elif owner.string in declared and name.string in _TYPES:
            first, text = name, _TYPES[name.string]
        else:
            continue
        start, end = (lines[row - 1] + column for row, column in (first.start, name.end))
        yield Change(ID, (Edit(start, end, text.encode()),))


def _names(tokens: list[tokenize.TokenInfo], verb: str) -> set[str]:
    """What ``import numpy`` or ``cimport numpy`` calls it."""
    found = set()
    for a, package, word, alias in _windows(tokens, 4):
        if (a.string, package.string) == (verb, "numpy") and word.string != ".":
            found.add(alias.string if word.string == "as" else "numpy")
    return found


def _tokens(data: bytes) -> list[tokenize.TokenInfo]:
    """The tokens of Cython, which are Python's; one column is one byte. Up to the first that Python has not."""
    found: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(data.decode("latin-1"), newline="").readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL):
                found.append(token)
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _windows(tokens: list[tokenize.TokenInfo], size: int) -> Iterator[tuple[tokenize.TokenInfo, ...]]:
    return zip(*(tokens[i:] for i in range(size)), strict=False)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({*BUILTINS, *_TYPES}), language="build", removed_in="2.0")
