"""C++ standard and GPU architectures in make files, CMake files and shell scripts.

A standard that the target's headers reject becomes one that they take, in files that speak of torch; architectures that the target's
nvcc does not have are taken away, and ``_GLIBCXX_USE_CXX11_ABI=0``, which torch has not been built with since 2.7. Include folders of TH,
and what FindCUDA did, are reported with what to write. Nothing is ever run.

Before:
    find_package(Torch REQUIRED)
    set(CMAKE_CXX_STANDARD 14)
After:
    find_package(Torch REQUIRED)
    set(CMAKE_CXX_STANDARD 20)
"""

import re

from migrator import releases
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.build import _arch, _standard
from rewrites.build._text import lines_of_words, without

ID = "build-file-flags"
_STANDARD = frozenset({"CMAKE_CXX_STANDARD", "CMAKE_CUDA_STANDARD", "CXX_STANDARD", "CUDA_STANDARD"})
_ARCHITECTURES = frozenset({"CUDA_ARCHITECTURES", "CMAKE_CUDA_ARCHITECTURES", "TORCH_CUDA_ARCH_LIST"})
_ABI = "_GLIBCXX_USE_CXX11_ABI"
_TH_FOLDER = re.compile(r"(?:^|[/}])(?:lib/)?include/THC?$|/lib/include$")
_FIND_CUDA = {"cuda_add_library": "add_library", "cuda_add_executable": "add_executable", "cuda_include_directories": "include_directories"}
_CUDA_COMPILE = frozenset({"cuda_compile", "cuda_compile_ptx", "cuda_compile_cubin", "cuda_compile_fatbin"})
_ONLY_DEFINES = {"add_definitions": 1, "add_compile_definitions": 1, "add_compile_options": 1, "target_compile_definitions": 3}
_FEATURE = re.compile(r"cxx_std_(\d\d)")
_TORCH = (b"Torch", b"torch", b"TORCH", b"ATen")


def fix(ctx):
    data = ctx.file.data
    if ctx.path.suffix in (".txt", ".yml", ".yaml", ".cfg", ".toml") and ctx.path.name != "CMakeLists.txt":
        return
    wanted, floor = _standard.required(ctx.settings.target), _arch.oldest(ctx.settings.cuda)
    of_torch = any(word in data for word in _TORCH)
    lines = [(line, [data[a:b].decode("utf-8", "replace") for a, b in line]) for line in lines_of_words(data)]
    without_gpus = any(_arch.drop(words, floor) for _, words in lines) and not any(
        _arch.named(words) - _arch.drop(words, floor) for _, words in lines
    )
    for line, words in lines:
        if of_torch:
            yield from _standards(line, words, data, wanted)
            yield from _old_abi(ctx, line, words, data)
            yield from _folders_of_th(line, words)
            if ctx.path.suffix in (".txt", ".cmake"):
                yield from _cmake(line, words)
        old = _arch.drop(words, floor)
        if old:
            note = f"no GPU is named here any more; nvcc's default, or -gencode=arch=compute_{floor},code=sm_{floor} and the like"
            gone = _whole_line(data, line) if _sets_itself(words, old) else without(data, [line[i] for i in sorted(old)])
            yield Change(ID, gone, note=note if without_gpus else "")
            without_gpus = False  # said once a file
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


def _sets_itself(words, gone):
    """CMake's ``set(FLAGS "${FLAGS} -gencode ...")`` with nothing left to add."""
    left = [word for i, word in enumerate(words) if i not in gone]
    return len(left) == 5 and left[0].lower() == "set" and left[3] == f"${{{left[2]}}}" and (left[1], left[4]) == ("(", ")")


def _whole_line(data, line):
    start = data.rfind(b"\n", 0, line[0][0]) + 1
    end = data.find(b"\n", line[-1][1]) + 1 or len(data)
    if data[start : line[0][0]].strip() or data[line[-1][1] : end].strip():  # a comment stays
        start, end = line[0][0], line[-1][1]
        end += len(data[end:]) - len(data[end:].lstrip(b" \t"))
    return (Edit(start, end, b""),)


def _old_abi(ctx, line, words, data):
    if ctx.settings.target < releases.parse("2.7"):
        return
    gone = [i for i, word in enumerate(words) if word in (f"-D{_ABI}=0", f"{_ABI}=0")]
    if not gone:
        return
    if words[0].lower() in _ONLY_DEFINES and len(words) - len(gone) <= _ONLY_DEFINES[words[0].lower()] + 2:
        yield Finding(ID, line[0][0], f"{_ABI}=0: the string ABI that torch does not have since 2.7", "remove the line")
        return
    yield Change(ID, without(data, [line[i] for i in gone]))


def _folders_of_th(line, words):
    for i, word in enumerate(words):
        if _TH_FOLDER.search(word):
            advice = "remove it: ${TORCH_INCLUDE_DIRS}, or -I<torch>/include, is enough"
            yield Finding(ID, line[i][0], f"{word}: torch has no such folder", advice)


def _cmake(line, words):
    command = words[0].lower()
    if command == "find_package" and "CUDA" in words[1:4]:
        message = "FindCUDA is deprecated, and new policies of CMake drop it (CMP0146)"
        yield Finding(ID, line[0][0], message, "enable_language(CUDA) find_package(CUDAToolkit)")
    elif command in _FIND_CUDA:
        inside = " ".join(w for w in words[1:] if w not in "()")
        yield Finding(ID, line[0][0], f"{words[0]} comes from FindCUDA", f"{_FIND_CUDA[command]}({inside})")
    elif command in _CUDA_COMPILE and len(words) > 3:
        name = words[2] if words[1] == "(" else words[1]
        advice = f"add_library({name} OBJECT ...) with the .cu files, and $<TARGET_OBJECTS:{name}> where ${{{name}}} is used"
        yield Finding(ID, line[0][0], f"{words[0]} comes from FindCUDA", advice)
    elif command == "find_package" and "Torch" in words[1:4] and "EXACT" in words:
        yield Finding(ID, line[0][0], "this release of torch and no other is taken", "find_package(Torch REQUIRED)")


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
    triggers=frozenset({"std", "arch", "gencode", "target_compile_features", "D" + _ABI, _ABI, "TH", "THC", "Torch"})
    | frozenset(_FIND_CUDA)
    | _CUDA_COMPILE
    | _STANDARD
    | _ARCHITECTURES,
    language="build",
    removed_in="1.5",
    cuda_removed_in="11.0",
    order=1,  # that of nvcc-object, which takes whole lines
)
