"""C++ standard and GPU architectures in make files, CMake files and shell scripts.

A standard that the target's headers reject becomes one that they take, in files that speak of torch; architectures that the target's
nvcc does not have are taken away. Nothing is ever run.

Before:
    find_package(Torch REQUIRED)
    set(CMAKE_CXX_STANDARD 14)
After:
    find_package(Torch REQUIRED)
    set(CMAKE_CXX_STANDARD 20)
"""

import re

from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.build import _arch, _standard
from rewrites.build._text import lines_of_words, without

ID = "build-file-flags"
_STANDARD = frozenset({"CMAKE_CXX_STANDARD", "CMAKE_CUDA_STANDARD", "CXX_STANDARD", "CUDA_STANDARD"})
_ARCHITECTURES = frozenset({"CUDA_ARCHITECTURES", "CMAKE_CUDA_ARCHITECTURES", "TORCH_CUDA_ARCH_LIST"})
_FEATURE = re.compile(r"cxx_std_(\d\d)")
_TORCH = (b"Torch", b"torch", b"TORCH", b"ATen")


def fix(ctx):
    data = ctx.file.data
    if ctx.path.suffix in (".txt", ".yml", ".yaml", ".cfg", ".toml") and ctx.path.name != "CMakeLists.txt":
        return
    wanted, floor = _standard.required(ctx.settings.target), _arch.oldest(ctx.settings.cuda)
    of_torch = any(word in data for word in _TORCH)
    for line in lines_of_words(data):
        words = [data[a:b].decode("utf-8", "replace") for a, b in line]
        if of_torch:
            yield from _standards(line, words, data, wanted)
        old = _arch.drop(words, floor)
        if old:
            left = _arch.named(words) - old
            note = (
                ""
                if left
                else f"no GPU is named on this line any more; nvcc's default, or -gencode=arch=compute_{floor},code=sm_{floor} and the like"
            )
            yield Change(ID, without(data, [line[i] for i in sorted(old)]), note=note)
        for i in sorted(_arch.named(words) - old):
            if _arch.too_old(words[i], floor) and ("arch" in words[i] or (i and "arch" in words[i - 1])):
                yield Finding(
                    ID, line[i][0], f"{words[i]}: nvcc of the target knows {floor / 10:.1f} and newer", "remove it, or name newer GPUs"
                )
        for i, word in enumerate(words[:-1]):
            numbers = [int(float(n) * 10) if "." in n else int(n) for w in words[i + 1 :] for n in re.findall(r"\b\d(?:\.\d|\d)\b", w)]
            if word.lstrip("-D").partition("=")[0] in _ARCHITECTURES and words[0].lower() == "set" and any(n < floor for n in numbers):
                yield Finding(
                    ID,
                    line[i][0],
                    f"{word} names GPUs that the target's nvcc does not have: it knows {floor / 10:.1f} and newer",
                    "name newer ones",
                )


def _standards(line, words, data, wanted):
    for i in sorted(_standard.drop(words, lambda s: 0 < s < wanted)):
        match = re.search(rb"\+\+(\w+)$", data[slice(*line[i])])
        if match is not None:
            yield Change(ID, (Edit(line[i][0] + match.start(1), line[i][1], str(wanted).encode()),))
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        if word in _STANDARD and words[0].lower().startswith("set") and following.isdigit() and _standard.number(following) < wanted:
            yield Change(ID, (Edit(*line[i + 1], str(wanted).encode()),))
        match = _FEATURE.fullmatch(word)
        if match is not None and _standard.number(match.group(1)) < wanted:
            yield Change(ID, (Edit(line[i][1] - 2, line[i][1], str(wanted).encode()),))


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"std", "arch", "gencode", "target_compile_features"}) | _STANDARD | _ARCHITECTURES,
    language="build",
    removed_in="1.5",
    cuda_removed_in="11.0",
    order=1,  # that of nvcc-object, which takes whole lines
)
