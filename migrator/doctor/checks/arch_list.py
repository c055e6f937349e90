"""TORCH_CUDA_ARCH_LIST is written as torch reads it."""

import re
import unicodedata

from ..result import fail, ok
from . import assign, dotted, taken

ID = "arch-list"
TITLE = "TORCH_CUDA_ARCH_LIST can be read"
VARIABLE = "TORCH_CUDA_ARCH_LIST"
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
    "native",
}


def check(facts):
    value = facts["environ"].get(VARIABLE)
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
            assign(facts, VARIABLE, clean),
        )
        return
    first = taken(facts)
    known = first["architectures"] if first else []
    numbers = {each: int(re.sub(r"\D", "", each.partition("+")[0])) for each in entries if each[0].isdigit()}
    unknown = [each for each, arch in numbers.items() if known and arch not in known]
    if unknown:
        rest = ";".join(each for each in entries if each not in unknown)
        yield fail(
            f"TORCH_CUDA_ARCH_LIST has {', '.join(unknown)}, and nvcc {dotted(first['version'])} has {_dot(known[0])} to {_dot(known[-1])}",
            "the build stops: `Unsupported gpu architecture`",
            assign(facts, VARIABLE, rest) if rest else assign(facts, VARIABLE, f"{_dot(known[-1])}+PTX") + "   (or another CUDA toolkit)",
        )
    else:
        yield ok(f"TORCH_CUDA_ARCH_LIST={value}")


def _dot(arch: int) -> str:
    return f"{arch // 10}.{arch % 10}"
