"""Call things of NumPy by the names that NumPy 2 left.

NumPy 2, which torch is built for since 2.3, has one name for each thing: ``np.inf``, not ``np.Inf``. The names here mean the same, in NumPy
1 as well (``np.trapezoid`` came with NumPy 2). What went without a name to take its place is reported. The list is that of ruff's NPY201,
looked up in NumPy 2.4; its members of other modules (``np.core``, ``np.lib``) are left to ``ruff check --select NPY201 --fix``.

Before:
    import numpy as np
    worst = np.full(3, -np.Inf, dtype=np.float_)
    if np.alltrue(worst < 0):
        print(np.product(worst.shape))
After:
    import numpy as np
    worst = np.full(3, -np.inf, dtype=np.float64)
    if np.all(worst < 0):
        print(np.prod(worst.shape))
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved
from rewrites.python._removed import Removed, removed

ID = "numpy-renamed"
_RENAMED = {
    **{old: "inf" for old in ("Inf", "Infinity", "infty", "PINF")},
    **{"NaN": "nan", "float_": "float64", "complex_": "complex128", "cfloat": "complex128", "singlecomplex": "complex64"},
    **{"longfloat": "longdouble", "clongfloat": "clongdouble", "longcomplex": "clongdouble", "unicode_": "str_", "string_": "bytes_"},
    **{"round_": "round", "product": "prod", "cumproduct": "cumprod", "sometrue": "any", "alltrue": "all", "mat": "asmatrix"},
    **{"int0": "intp", "uint0": "uintp", "bool8": "bool_", "object0": "object_", "lib.pad": "pad"},
}
_TABLE = {f"numpy.{old}": Moved(f"numpy.{new}") for old, new in _RENAMED.items()} | {
    "numpy.trapz": Moved("numpy.trapezoid", since="2.3"),
}
_WITHOUT = {
    "NINF": "-np.inf",
    "asscalar": "x.item()",
    "asfarray": "np.asarray(x, dtype=float)",
    "in1d": "np.isin(x, y), which keeps the shape of x; in1d returned it flat",
    "msort": "np.sort(x, axis=0)",
    "find_common_type": "np.result_type, or np.promote_types",
    "alen": "len(x)",
    "issubclass_": "issubclass(x, y)",
    "issctype": "issubclass(x, np.generic)",
    "issubsctype": "np.issubdtype",
    "obj2sctype": "np.dtype(x).type",
    "cast": "np.asarray(x, dtype=...)",
    "fastCopyAndTranspose": "x.T.copy()",
    "recfromcsv": 'np.genfromtxt with delimiter=","',
    "recfromtxt": "np.genfromtxt",
    "deprecate": "warnings.warn with DeprecationWarning",
    "set_string_function": "np.set_printoptions",
}
_GONE = {f"numpy.{name}": Removed("2.3", f"np.{name} is gone with NumPy 2.4 at the latest", advice) for name, advice in _WITHOUT.items()}
_follow, _report = moved(ID, _TABLE), removed(ID, _GONE)


def fix(ctx):
    yield from _follow(ctx)
    yield from _report(ctx)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"numpy"}), language="python", removed_in="2.3")
