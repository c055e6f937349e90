"""Call torchvision's ``resample`` and ``fillcolor`` ``interpolation`` and ``fill``.

The new names came with torchvision 0.9, the one for torch 1.8, and take Pillow's constants, too; the old ones were to go with 0.14, by
torchvision's own warning, and are gone.

Before:
    import torchvision.transforms.functional as TF
    from PIL import Image
    image = TF.rotate(image, angle, resample=Image.BILINEAR)
After:
    import torchvision.transforms.functional as TF
    from PIL import Image
    image = TF.rotate(image, angle, interpolation=Image.BILINEAR)
"""

from migrator.python import argument_node
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "torchvision-resample"
_RENAMED = {"resample": "interpolation", "fillcolor": "fill"}
_CALLED = {
    *(f"torchvision.transforms.functional.{name}" for name in ("rotate", "affine", "perspective")),
    *(f"torchvision.transforms.{module}{name}" for module in ("", "transforms.") for name in ("RandomRotation", "RandomAffine")),
}


def fix(ctx):
    module = ctx.module if ctx.may_give(*_RENAMED) and ctx.may_use(_CALLED) else None
    if module is None:
        return
    for call, name in module.names.calls(_CALLED):
        for old, new in _RENAMED.items():
            given = argument_node(call, old)
            if given is None:
                continue
            if settings_floor(ctx) < parse("1.8"):
                yield Finding(ID, module.start(given), f"{name} takes no {old} any more", f"{new}, which it takes since torchvision 0.9")
            else:
                yield Change(ID, (module.replace(given.keyword, new),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_RENAMED), language="python", removed_in="1.13")
