"""Call the initialisers by the names that say that they work in place.

``torch.nn.init.kaiming_normal`` and its ten sisters are deprecated since torch 0.4; they warn, and call the new ones.

Before:
    from torch.nn import init
    init.kaiming_normal(w, mode="fan_out")
After:
    from torch.nn import init
    init.kaiming_normal_(w, mode="fan_out")
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "init-without-underscore"
_NAMES = (
    *("uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
    *("orthogonal", "sparse"),
)
_TABLE = {f"torch.nn.init.{name}": Moved(f"torch.nn.init.{name}_") for name in _NAMES}

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE, broken=False), triggers=frozenset({"init"}), language="python", deprecated_in="1.0")
