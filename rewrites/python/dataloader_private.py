"""Take from the data loader what it still has, from where it has it.

``torch.utils.data.dataloader`` was one file until torch 1.0; its private helpers live in ``torch.utils.data._utils`` and ``torch._utils``
since 1.1. ``ExceptionWrapper`` moved with torch 1.2.

Before:
    from torch.utils.data.dataloader import DataLoader, pin_memory_batch
    batch = pin_memory_batch(batch)
After:
    from torch.utils.data._utils.pin_memory import pin_memory
    from torch.utils.data.dataloader import DataLoader
    batch = pin_memory(batch)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "dataloader-private"
_TABLE = {
    "torch.utils.data.dataloader.pin_memory_batch": Moved("torch.utils.data._utils.pin_memory.pin_memory", since="1.2"),
    "torch.utils.data.dataloader.ExceptionWrapper": Moved("torch._utils.ExceptionWrapper", since="1.2"),
}

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset({"dataloader"}), language="python", removed_in="1.1")
