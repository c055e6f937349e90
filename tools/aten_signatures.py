#!/usr/bin/env python3
"""Write ``rewrites/aten/signatures.txt``: the operators of ATen that older releases called in ways that the newest does not take.

    python tools/aten_signatures.py

Reads the headers of all known releases (`cuport headers add`). A signature of an older release is kept where no overload of the newest takes
the same kinds of arguments, and where the compiler refuses such a call on the newest: it is asked about every one of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from migrator import toolchain
from migrator.toolchain.releases import KNOWN_RELEASES, minor
from rewrites.aten import _overloads
from rewrites.aten._overloads import Signature, takes

# What other rewrites port or report, with better words than a signature.
ELSEWHERE = frozenset(
    "_softmax_backward_data _log_softmax_backward_data leaky_relu_backward leaky_relu_backward_out rrelu_with_noise_backward elu_backward elu_backward_out"
    " smooth_l1_loss_backward smooth_l1_loss_backward_out softplus_backward softplus_backward_out linspace logspace affine_grid_generator"
    " affine_grid_generator_backward avg_pool2d_backward avg_pool3d_backward frobenius_norm arange_out sum mean prod grid_sampler grid_sampler_2d"
    " grid_sampler_3d grid_sampler_2d_backward grid_sampler_3d_backward cudnn_convolution cudnn_convolution_transpose native_layer_norm"
    " native_layer_norm_backward batch_norm_backward_elemt batch_norm_backward_reduce cudnn_batch_norm_backward _cudnn_rnn _cudnn_rnn_backward"
    " _cudnn_rnn_flatten_weight _cudnn_ctc_loss _convolution_double_backward cumprod_backward slow_conv3d_forward_out _embedding_bag_dense_backward"
    " toType type s_copy_ nansum".split()
)
_DECLARED = r"([\w:<>,&* ]+?)\s+(\w+)\(((?:[^(){}]|\{[^}]*\}|\([^()]*\))*)\)\s*"
_FUNCTION = re.compile(
    r"^\s*(?:static inline|inline|TORCH_API inline|CAFFE2_API|TORCH_API|C10_DEPRECATED\w* ?(?:\([^)]*\))?|static|\s)+" + _DECLARED + "[;{]", re.M
)
_METHOD = re.compile(r"^  (?!return)(?:[A-Z_]+ )?(?:inline )?" + _DECLARED + r"(?:const)?\s*(?:&)?\s*[;{]", re.M)
_WORDS = {
    "TensorList": "Tensor[]", "ITensorListRef": "Tensor[]", "ArrayRef<Tensor>": "Tensor[]", "int64_t": "int", "SymInt": "int", "double": "float",
    "IntArrayRef": "int[]", "IntList": "int[]", "SymIntArrayRef": "int[]", "ArrayRef<Scalar>": "Scalar[]", "ArrayRef<double>": "float[]",
    "TensorOptions": "Options", "string": "str", "string_view": "str", "OptionalIntArrayRef": "int[]?", "OptionalSymIntArrayRef": "int[]?",
    "OptionalArrayRef<int64_t>": "int[]?", "Generator*": "Generator?", "Generator": "Generator?",
}  # fmt: skip
_CPP = {
    "Tensor": "at::Tensor", "Tensor?": "std::optional<at::Tensor>", "Tensor[]": "at::TensorList", "int": "int64_t", "int?": "std::optional<int64_t>",
    "float": "double", "float?": "std::optional<double>", "bool": "bool", "bool?": "std::optional<bool>", "Scalar": "at::Scalar",
    "Scalar?": "std::optional<at::Scalar>", "int[]": "at::IntArrayRef", "int[]?": "at::OptionalIntArrayRef", "float[]": "at::ArrayRef<double>",
    "float[]?": "std::optional<at::ArrayRef<double>>",
    "Scalar[]": "at::ArrayRef<at::Scalar>", "ScalarType": "at::ScalarType", "ScalarType?": "std::optional<at::ScalarType>", "Options": "at::TensorOptions",
    "str": "std::string", "str?": "std::optional<std::string>", "Generator?": "std::optional<at::Generator>", "Device?": "std::optional<at::Device>",
    "Layout?": "std::optional<at::Layout>", "MemoryFormat?": "std::optional<at::MemoryFormat>", "MemoryFormat": "at::MemoryFormat",
}  # fmt: skip


def split(text: str) -> list[str]:
    parts, depth = [""], 0
    for c in text:
        depth += (c in "<({[") - (c in ">)}]")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts if part.strip()]


def parameter(text: str) -> str:
    """``const c10::optional<at::Tensor> & x={}``: ``Tensor? x=``."""
    text, equals, _ = text.partition("=")
    match = re.match(r"(.*?[\s&*>])(\w+)$", text.strip())
    type, name = match.groups() if match else (text, "x")
    type = re.sub(r"\b(?:at|c10|std)::|const |&|\s+", "", type).replace("::", "")
    optional = re.fullmatch(r"optional<(.*)>", type)
    word = optional[1] if optional else type
    bools = re.fullmatch(r"array<bool,(\d)>", word)
    word = f"bool[{bools[1]}]" if bools else _WORDS.get(word, word)
    return f"{word}{'?' if optional and not word.endswith('?') else ''} {name}{equals}"


def declared(release: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The functions and the methods of a release: name -> signatures."""
    include = toolchain.header_set(release).root / "include"
    if not include.is_dir():
        include = next(toolchain.header_set(release).root.glob("**/ATen")).parent
    files = [include / "ATen/Functions.h", *sorted((include / "ATen/ops").glob("*.h"))]
    files += [include / "torch/csrc/autograd/generated/variable_factories.h"]
    functions: dict[str, list[str]] = {}
    methods: dict[str, list[str]] = {}
    body = next(path for path in (include / "ATen/core/TensorBody.h", include / "ATen/core/Tensor.h") if path.exists())
    sources = [(path, functions, _FUNCTION) for path in files if not re.search(r"_(ops|native|dispatch|meta)\.h$", path.name) and path.exists()]
    for path, into, expression in [*sources, (body, methods, _METHOD)]:
        for match in expression.finditer(re.sub(r"//.*|/\*.*?\*/", "", path.read_text())):
            signature = ", ".join(parameter(part) for part in split(match[3]))
            if "Dimname" not in signature and "..." not in signature and signature not in into.setdefault(match[2], []):
                into[match[2]].append(signature)
    return functions, methods


def refused(calls: list[tuple[str, ...]]) -> set[int]:
    """The calls, given as name and the types of arguments, that do not compile on the newest release."""
    lines = ["#include <torch/extension.h>", "template <typename T> T made();"]
    for name, *types in calls:
        values = [f"made<{_CPP.get(type) or 'std::array<bool, %s>' % type[5]}>()" for type in types]
        if name.startswith("."):
            lines.append(f"void f{len(lines)}() {{ made<at::Tensor&>(){name}({', '.join(values)}); }}")
        else:
            if name.removesuffix("f").endswith("_out"):
                values = [value.replace("made<at::Tensor>", "made<at::Tensor&>") for value in values]
            lines.append(f"void f{len(lines)}() {{ at::{name}({', '.join(values)}); }}")
    toolkit = toolchain.usable_toolkit()
    headers = toolchain.header_set(KNOWN_RELEASES[-1])
    folders = [word for folder in (*headers.include_dirs, *toolkit.include_dirs, toolchain.python_include()) for word in ("-isystem", str(folder))]
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder, "unit.cpp")
        unit.write_text("\n".join(lines) + "\n")
        flags = toolchain.compile_flags(KNOWN_RELEASES[-1], cuda=False)
        command = [str(toolchain.host_compiler(toolkit).path), "-fsyntax-only", "-w", "-fmax-errors=0", *flags, *folders, str(unit)]
        said = subprocess.run(command, capture_output=True, text=True).stderr
    return {int(number) - 3 for number in re.findall(r"unit\.cpp:(\d+):\d+: error", said)}


def main() -> None:
    releases = {release: declared(release) for release in KNOWN_RELEASES}
    newest = KNOWN_RELEASES[-1]
    out, calls, asked = [], [], []
    for kind, dot in ((0, ""), (1, ".")):
        for name, now in sorted(releases[newest][kind].items()):
            if name in ELSEWHERE or "symint" in name or name.isupper() or re.search(r"_(?:cufft|lstm_mps)|^(?:lstm_mps|noopDelete)", name):
                continue
            last: dict[str, str] = {}
            for release in KNOWN_RELEASES[:-1]:
                last.update((signature, release) for signature in releases[release][kind].get(name, ()))
            new = [Signature(text) for text in now]
            for text, release in last.items():
                old = Signature(text)
                for count in old.counts:
                    kinds = old.kinds(count)
                    if not any(takes(each, kinds) for each in new):
                        types = [word for word, _, _ in old.parameters[:count]]
                        if all(type in _CPP or type.startswith("bool[") for type in types):
                            calls.append((dot + name, *types))
                            asked.append((dot + name, text, release))
    wrong = refused(calls)
    kept = {each for number, each in enumerate(asked) if number in wrong}
    for name in dict.fromkeys(name for name, _, _ in asked):
        mine = [each for each in dict.fromkeys(asked) if each[0] == name and each in kept]
        if mine:
            out.append(name)
            out += [f"= {text}" for text in releases[newest][name.startswith(".")][name.removeprefix(".")]]
            for _, text, release in mine:
                gone = KNOWN_RELEASES[KNOWN_RELEASES.index(release) + 1]
                out.append(f"{'.'.join(map(str, minor(gone)))} {text}")
    Path(_overloads.__file__).with_name("signatures.txt").write_text("\n".join(out) + "\n")
    for number, call in enumerate(calls):
        if number not in wrong:
            print("compiles:", *call)


if __name__ == "__main__":
    main()
