"""Call ``interpolate`` instead of ``upsample``.

``torch.nn.functional.upsample`` is deprecated since torch 1.0; it warns, and hands its arguments to ``interpolate`` as they are.

Before:
    import torch.nn.functional as F
    x = F.upsample(x, scale_factor=2, mode="nearest")
After:
    import torch.nn.functional as F
    x = F.interpolate(x, scale_factor=2, mode="nearest")
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "functional-upsample"
_TABLE = {"torch.nn.functional.upsample": Moved("torch.nn.functional.interpolate")}

rewrite = Rewrite(
    ID, __doc__, fix=moved(ID, _TABLE, broken=False), triggers=frozenset({"upsample"}), language="python", deprecated_in="1.0"
)
