"""Name Pillow's filters as Pillow 10 does.

``Image.ANTIALIAS``, ``LINEAR`` and ``CUBIC`` were other names of ``LANCZOS``, ``BILINEAR`` and ``BICUBIC`` since Pillow 2.7, and left with
Pillow 10, which is what installs beside torch 2.1 and newer.

Before:
    from PIL import Image
    image = image.resize(size, Image.ANTIALIAS)
After:
    from PIL import Image
    image = image.resize(size, Image.LANCZOS)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "pillow-filter"
_TABLE = {
    f"PIL.Image.{old}": Moved(f"PIL.Image.{new}") for old, new in (("ANTIALIAS", "LANCZOS"), ("LINEAR", "BILINEAR"), ("CUBIC", "BICUBIC"))
}
_TABLE["PIL.PILLOW_VERSION"] = Moved("PIL.__version__")

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset({"PIL"}), language="python", removed_in="2.1")
