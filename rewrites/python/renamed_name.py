"""Use names that torch renamed as they are today.

The old ones meant the same, and are gone (looked up in torch 2.15).

Before:
    import torch
    torch.set_deterministic(True)
After:
    import torch
    torch.use_deterministic_algorithms(True)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "renamed-name"
_TABLE = {
    "torch.set_deterministic": Moved("torch.use_deterministic_algorithms", since="1.8"),
    "torch.is_deterministic": Moved("torch.are_deterministic_algorithms_enabled", since="1.8"),
    "torch.storage._TypedStorage": Moved("torch.storage.TypedStorage", since="2.0"),
    "torch.storage._UntypedStorage": Moved("torch.storage.UntypedStorage", since="2.0"),
    "torch.distributed._get_global_rank": Moved("torch.distributed.get_global_rank", since="2.0"),
    "torch.nn.functional._pad": Moved("torch.nn.functional.pad"),
}

rewrite = Rewrite(
    ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset(n.rsplit(".", 1)[-1] for n in _TABLE), language="python", removed_in="1.8"
)
