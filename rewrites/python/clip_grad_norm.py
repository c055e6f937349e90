"""Call ``clip_grad_norm_``, whose name says that it works in place.

``torch.nn.utils.clip_grad_norm`` is deprecated since torch 0.4; it warns, and calls the new one.

Before:
    from torch.nn.utils import clip_grad_norm
    clip_grad_norm(model.parameters(), 10)
After:
    from torch.nn.utils import clip_grad_norm_
    clip_grad_norm_(model.parameters(), 10)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "clip-grad-norm"
_TABLE = {
    "torch.nn.utils.clip_grad_norm": Moved("torch.nn.utils.clip_grad_norm_"),
    "torch.nn.utils.clip_grad.clip_grad_norm": Moved("torch.nn.utils.clip_grad.clip_grad_norm_"),
}

rewrite = Rewrite(
    ID, __doc__, fix=moved(ID, _TABLE, broken=False), triggers=frozenset({"clip_grad_norm"}), language="python", deprecated_in="1.0"
)
