"""The C++ standard that torch's headers ask for, and whether the compiler has it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from .run import output, text_of


def standard(torch_folder: str | None, compiler: str | None) -> dict[str, Any] | None:
    """``needed``: 14, 17, 20, from the #error in torch's own headers; ``has``: whether the compiler's __cplusplus says that it has it."""
    if not torch_folder:
        return None
    include = Path(torch_folder, "include")
    for header in ("ATen/ATen.h", "c10/util/C++17.h"):
        match = re.search(r"#error \"?(?:You need C\+\+(\d\d) to compile|C\+\+(\d\d) or later compatible)", text_of(include / header))
        if match:
            needed = int(match[1] or match[2])
            break
    else:
        return None
    if not compiler:
        return {"needed": needed, "has": None}
    macros = output([compiler, f"-std=c++{needed}", "-dM", "-E", "-x", "c++", os.devnull], 60)
    level = re.search(r"__cplusplus (\d+)L", macros)
    return {"needed": needed, "has": level is not None and int(level[1]) >= _LEVELS[needed]}


_LEVELS = {14: 201402, 17: 201703, 20: 202002, 23: 202302}
