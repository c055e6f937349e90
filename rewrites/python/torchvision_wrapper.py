"""Take layers from ``torch.nn``, not from the wrappers that torchvision had for empty batches.

``torchvision.ops.misc`` lost ``Conv2d``, ``ConvTranspose2d``, ``BatchNorm2d`` and ``interpolate`` with torchvision 0.12, the one for
torch 1.11; there they were the classes of ``torch.nn`` already, which take empty batches since torch 1.5. ``FrozenBatchNorm2d`` is still
where it was. ``transforms.Scale`` and ``RandomSizedCrop``, which left with the same release, have newer names since torchvision 0.2.

Before:
    import torchvision.ops
    up = torchvision.ops.misc.ConvTranspose2d(256, 256, 2, 2)
After:
    import torch
    import torchvision.ops
    up = torch.nn.ConvTranspose2d(256, 256, 2, 2)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "torchvision-wrapper"
_LAYERS = {f"torchvision.ops.misc.{name}": Moved(f"torch.nn.{name}") for name in ("Conv2d", "ConvTranspose2d", "BatchNorm2d")}
_SCALE = {
    f"torchvision.transforms.{module}{old}": Moved(f"torchvision.transforms.{module}{new}")
    for module in ("", "transforms.")
    for old, new in (("Scale", "Resize"), ("RandomSizedCrop", "RandomResizedCrop"))
}
_TABLE = {**_LAYERS, **_SCALE, "torchvision.ops.misc.interpolate": Moved("torch.nn.functional.interpolate")}

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset({"torchvision"}), language="python", removed_in="1.11")
