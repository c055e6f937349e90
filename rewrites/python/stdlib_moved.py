"""Take from the standard library what has another name there by now.

``time.clock`` (gone with Python 3.8, for which torch is built since 1.4) was the processor time on Linux: ``time.process_time``.
``fractions.gcd`` went with 3.9 (``math.gcd`` takes integers only, and its result is never negative), ``imp`` with 3.12, ``pipes`` with
3.13; Python 2 had ``urllib.urlretrieve`` and its sisters. What has no successor of one name is reported.

Before:
    import time
    from fractions import gcd
    start = time.clock()
    step = gcd(12, 8)
After:
    import time
    from math import gcd
    start = time.process_time()
    step = gcd(12, 8)
"""

from __future__ import annotations

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved, unused_imports
from rewrites.python._removed import Removed, removed

ID = "stdlib-moved"
_TABLE = {
    "time.clock": Moved("time.process_time"),
    "fractions.gcd": Moved("math.gcd"),
    "imp.reload": Moved("importlib.reload"),
    "imp.new_module": Moved("types.ModuleType"),
    "pipes.quote": Moved("shlex.quote"),
    **{f"urllib.{name}": Moved(f"urllib.request.{name}", by_name=True) for name in ("urlretrieve", "urlopen")},
    **{f"urllib.{name}": Moved(f"urllib.parse.{name}", by_name=True) for name in ("quote", "unquote", "urlencode")},
}
_LOADED = "importlib.util.spec_from_file_location(name, path), importlib.util.module_from_spec(spec), spec.loader.exec_module(module)"
_GONE = {
    f"imp.{name}": Removed("2.2", "Python 3.12 has no imp", _LOADED)
    for name in ("load_source", "load_module", "load_dynamic", "load_compiled")
}
_GONE["imp.find_module"] = Removed("2.2", "Python 3.12 has no imp", "importlib.util.find_spec(name), or importlib.import_module(name)")
_follow, _report = moved(ID, _TABLE), removed(ID, _GONE)


def fix(ctx):
    yield from _follow(ctx)
    yield from _report(ctx)
    module = ctx.module if ctx.has("imp", "pipes") else None
    if module is not None:
        yield from unused_imports(module, ID, {"imp", "pipes"})


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"clock", "gcd", "imp", "pipes", "urllib"}), language="python", removed_in="1.4")
