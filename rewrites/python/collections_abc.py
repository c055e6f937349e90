"""Take ``Iterable``, ``Mapping`` and the other abstract classes from ``collections.abc``.

Python 3.10, for which torch is built since 1.11, has them nowhere else.

Before:
    from collections import Iterable, OrderedDict
    known = isinstance(x, Iterable)
After:
    from collections.abc import Iterable
    from collections import OrderedDict
    known = isinstance(x, Iterable)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "collections-abc"
_NAMES = (
    *("Awaitable", "Coroutine", "AsyncIterable", "AsyncIterator", "AsyncGenerator", "Hashable", "Iterable", "Iterator", "Generator"),
    *("Reversible", "Container", "Collection", "Callable", "Set", "MutableSet", "Mapping", "MutableMapping", "MappingView", "KeysView"),
    *("ItemsView", "ValuesView", "Sequence", "MutableSequence", "ByteString", "Sized"),
)
_TABLE = {f"collections.{name}": Moved(f"collections.abc.{name}", by_name=True) for name in _NAMES}

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset({"collections"}), language="python", removed_in="1.11")
