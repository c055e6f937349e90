"""Take ``rgb_to_grayscale`` from ``torchvision.transforms.functional``.

``torchvision.transforms.functional_tensor`` was never documented and is gone with torchvision 0.17, the one for torch 2.2. The public
function takes the same arguments, and images of PIL as well; it exists since torchvision 0.8.

Before:
    from torchvision.transforms.functional_tensor import rgb_to_grayscale
    grey = rgb_to_grayscale(image)
After:
    from torchvision.transforms.functional import rgb_to_grayscale
    grey = rgb_to_grayscale(image)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "torchvision-functional-tensor"
_OLD = "torchvision.transforms.functional_tensor.rgb_to_grayscale"
_TABLE = {_OLD: Moved("torchvision.transforms.functional.rgb_to_grayscale", since="1.7")}
_GONE = "torchvision.transforms.functional_tensor"

rewrite = Rewrite(
    ID, __doc__, fix=moved(ID, _TABLE, gone=_GONE), triggers=frozenset({"functional_tensor"}), language="python", removed_in="2.2"
)
