"""Take the lists of dtypes from ``torch.testing._internal.common_dtype``, where torch's own tests have them.

``torch.testing.get_all_dtypes`` and its like were never documented, and left ``torch.testing`` with torch 2.0 (deprecated in 1.12).

Before:
    from torch.testing import get_all_dtypes
    dtypes = get_all_dtypes()
After:
    from torch.testing._internal.common_dtype import get_all_dtypes
    dtypes = get_all_dtypes()
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "testing-dtypes"
_NAMES = (
    *("all_types", "all_types_and", "all_types_and_complex", "all_types_and_complex_and", "all_types_and_half", "complex_types"),
    *("floating_and_complex_types", "floating_and_complex_types_and", "floating_types", "floating_types_and", "floating_types_and_half"),
    *("integral_types", "integral_types_and", "get_all_complex_dtypes", "get_all_dtypes", "get_all_fp_dtypes", "get_all_int_dtypes"),
    "get_all_math_dtypes",
)
_TABLE = {f"torch.testing.{name}": Moved(f"torch.testing._internal.common_dtype.{name}", since="1.10", by_name=True) for name in _NAMES}

rewrite = Rewrite(ID, __doc__, fix=moved(ID, _TABLE), triggers=frozenset({"testing"}), language="python", removed_in="2.0")
