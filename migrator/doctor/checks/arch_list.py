"""TORCH_CUDA_ARCH_LIST is written as torch reads it."""

import re
import unicodedata

from ..result import fail, ok

ID = "arch-list"
TITLE = "TORCH_CUDA_ARCH_LIST can be read"
_NAMED = {
    "kepler",
    "kepler+tesla",
    "maxwell",
    "maxwell+tegra",
    "pascal",
    "volta",
    "turing",
    "ampere",
    "ada",
    "hopper",
    "blackwell",
    "blackwell+tegra",
}


def check(facts):
    value = facts["environ"].get("TORCH_CUDA_ARCH_LIST")
    if not value:
        return
    entries = [each for each in value.replace(" ", ";").split(";") if each]
    wrong = [each for each in entries if not re.fullmatch(r"\d{1,2}\.\d[af]?(?:\+PTX)?", each, re.ASCII) and each.lower() not in _NAMED]
    if wrong or not entries:
        clean = ";".join(
            each for each in re.split(r"[;,\s]+", unicodedata.normalize("NFKC", value).strip("'\"").replace("、", ";")) if each
        )
        clean = re.sub(r"\b(?:sm_|compute_)?(\d{1,2})(\d)\b(?!\.)", r"\1.\2", clean) if "." not in clean else clean
        yield fail(
            f"TORCH_CUDA_ARCH_LIST={value!r}: {', '.join(map(repr, wrong)) or 'empty'} is no architecture",
            "the build stops: `Unknown CUDA arch`",
            f'export TORCH_CUDA_ARCH_LIST="{clean}"',
        )
    else:
        yield ok(f"TORCH_CUDA_ARCH_LIST={value}")
