"""Say ``ReduceOp`` where the operations of ``torch.distributed`` were in ``reduce_op``.

Deprecated since torch 1.0; it warns, and the members are those of ``ReduceOp``.

Before:
    import torch.distributed as dist
    dist.all_reduce(x, op=dist.reduce_op.SUM)
After:
    import torch.distributed as dist
    dist.all_reduce(x, op=dist.ReduceOp.SUM)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "distributed-reduce-op"
_TABLE = {"torch.distributed.reduce_op": Moved("torch.distributed.ReduceOp")}

rewrite = Rewrite(
    ID, __doc__, fix=moved(ID, _TABLE, broken=False), triggers=frozenset({"reduce_op"}), language="python", deprecated_in="1.0"
)
