"""Ask for the memory that is reserved: that is what the cache is called today.

``torch.cuda.memory_cached`` and ``max_memory_cached`` are deprecated since torch 1.4; they warn, and call the new ones.

Before:
    import torch
    megabytes = torch.cuda.max_memory_cached() / 2**20
After:
    import torch
    megabytes = torch.cuda.max_memory_reserved() / 2**20
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "cuda-memory-cached"
_TABLE = {
    f"torch.cuda.{module}{old}": Moved(f"torch.cuda.{module}{new}", since="1.4")
    for module in ("", "memory.")
    for old, new in (("memory_cached", "memory_reserved"), ("max_memory_cached", "max_memory_reserved"))
}
_WORDS = frozenset({"memory_cached", "max_memory_cached"})

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE, broken=False), triggers=_WORDS, language="python", deprecated_in="1.4")
