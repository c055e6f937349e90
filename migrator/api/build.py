"""Build the index of the API from the headers of every release: ``python -m migrator.api.build``.

A new torch release is one command and one commit: add its number to ``KNOWN_RELEASES`` (migrator/toolchain/releases.py), run
``python -m migrator.api.build``, commit ``migrator/api/data/api.idx``. The headers come from the package index (the header store of
``cuport headers``; for CUDA the wheels that the ``cuda-toolkit`` package of each release names); a missing one is fetched first. The
same headers give the same bytes. See docs/api_index.md for the format.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from migrator.api import layout
from migrator.api.index import spellings
from migrator.api.scan import CLASS, FIELD, METHOD, NAMESPACE, Scan, scan

TORCH_ROOTS = frozenset({"ATen", "c10", "torch", "TH", "THC", "THCUNN", "THNN", "caffe2"})
CUDA_RELEASES = ("11.8", "12.0", "12.1", "12.2", "12.3", "12.4", "12.5", "12.6", "12.8", "12.9", "13.0", "13.1", "13.2")
CUDA_COMPONENTS = frozenset(
    f"nvidia-{name}"
    for name in "cuda-runtime cuda-crt cuda-nvcc cuda-cccl cublas cusparse cusolver curand cufft nvtx cuda-nvrtc cuda-profiler-api".split()
)
_HEADER = re.compile(r"\.(?:h|hpp|cuh|inl|inc)$")
# Made for the dispatcher, one or more per operator: nothing that an extension calls, and three quarters of all headers.
_UNREAD = re.compile(r"^ATen/ops/.*_(?:ops|dispatch|meta)\.h$")
# Generated classes that nobody names: one for each backend and type, one for each derivative.
_UNWANTED = re.compile(r"at::(?:Sparse)?(?:CPU|CUDA|Undefined|MSNPU|XLA|Quantized|Mkldnn|Complex)\w*Type(?:Default)?::|torch::autograd::generated::|at::redispatch::|at::_ops::"
                       r"|at::meta::|at::native::structured_")  # fmt: skip
# Classes whose members are looked for in sources.
_OWNER = re.compile(r"(?:(?:at|c10)(?:::cuda)?::|torch::(?:autograd::|jit::(?:script::)?)?)?\w+$")
# Whole classes of these have their inherited members listed as their own.
_INHERITING = re.compile(r"^(?:at|c10)(?:::cuda)?::\w+$|^cudaDeviceProp$")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m migrator.api.build", description="Build the index of the torch and CUDA API.")
    parser.add_argument("--out", type=Path, default=layout.PATH, help="where to write it")
    parser.add_argument("--offline", action="store_true", help="use what is here and fetch nothing")
    parser.add_argument("--torch", nargs="*", help="only these torch releases (default: all known)")
    parser.add_argument("--cuda", nargs="*", default=CUDA_RELEASES, help="only these CUDA releases (default: all known)")
    arguments = parser.parse_args()
    from migrator.toolchain import KNOWN_RELEASES

    cache: dict[bytes, Scan] = {}
    domains = []
    start = time.monotonic()
    torch = Domain("torch")
    for release in arguments.torch or KNOWN_RELEASES:
        torch.add(release, torch_headers(release, not arguments.offline), cache)
        _say(f"torch {release}: {len(torch.names)} names, {len(torch.headers)} headers so far, {time.monotonic() - start:.0f} s")
    domains.append(torch)
    cache.clear()
    cuda = Domain("cuda")
    for release in arguments.cuda:
        cuda.add(release, cuda_headers(release, not arguments.offline), cache)
        _say(f"CUDA {release}: {len(cuda.names)} names, {len(cuda.headers)} headers so far, {time.monotonic() - start:.0f} s")
    domains.append(cuda)
    data = layout.pack([domain.packed() for domain in domains])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(data)
    _say(f"{arguments.out}: {len(data) / 1e6:.2f} MB in {time.monotonic() - start:.0f} s")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# headers of a release: (path as it is included, path on disk, whether only its macros count)


def torch_headers(release: str, download: bool) -> Iterator[tuple[str, Path, bool]]:
    """Torch's own headers, without those of the libraries that its wheel carries."""
    from migrator.toolchain import header_set

    root = header_set(release, download=download).root / "include"
    for path in _headers(root):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] in TORCH_ROOTS:
            yield name.removeprefix("torch/csrc/api/include/"), path, name.startswith("caffe2/")


def cuda_headers(release: str, download: bool) -> Iterator[tuple[str, Path, bool]]:
    """The headers of a CUDA release, CCCL included."""
    root = cuda_store(release, download)
    seen = set()
    for path in _headers(root):
        parts = path.relative_to(root).parts
        name = "/".join(parts[parts.index("include") + 1 :]).removeprefix("cccl/")
        if name not in seen and not name.startswith(("nv/", "cuda/std/__", "cuda/__", "crt/sm_", "nvtx3/nvtxDetail")):
            seen.add(name)
            yield name, path, False


def _headers(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            if _HEADER.search(name) or ("thrust" in folder or "cub" in folder) and "." not in name:
                yield Path(folder, name)


def cuda_store(release: str, download: bool) -> Path:
    """A CUDA release's headers in the cache, fetched from the wheels that its ``cuda-toolkit`` package names."""
    from migrator.toolchain.cache import headers_dir
    from migrator.toolchain.store import adding, read_manifest

    folder = headers_dir().parent / "cuda-headers" / release
    if read_manifest(folder) is None:
        if not download:
            raise SystemExit(f"the headers of CUDA {release} are not here; run this without --offline")
        with adding(folder) as part:
            if part is not None:
                _fetch_cuda(release, part)
    return folder


def _fetch_cuda(release: str, part) -> None:
    import tempfile
    from email.parser import HeaderParser

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from migrator.toolchain.index import Index
    from migrator.toolchain.install import _newest
    from migrator.toolchain.remote import extract

    index = Index()
    meta = _newest(index, "cuda-toolkit", SpecifierSet(f"=={release}.*"))
    with tempfile.TemporaryDirectory() as scratch:
        extract(index, meta, lambda name: "METADATA" if name.endswith(".dist-info/METADATA") else None, Path(scratch))
        lines = HeaderParser().parsestr(Path(scratch, "METADATA").read_text(encoding="utf-8")).get_all("Requires-Dist") or []
    wheels: dict[str, Requirement] = {}
    for requirement in map(Requirement, lines):
        if re.sub(r"-cu\d+$", "", requirement.name) in CUDA_COMPONENTS:
            wheels.setdefault(requirement.name, requirement)
    for name in sorted(wheels):
        wheel = _newest(index, name, wheels[name].specifier)

        def place(member: str) -> str | None:
            m = re.fullmatch(r"nvidia/(?:[^/]+/)+?(include/.+)", member)
            return m[1] if m and not m[1].endswith((".py", ".pyc")) else None

        extracted = extract(index, wheel, place, part.root)
        for member in extracted.members:
            part.record(member.path, member.size, member.crc)
    part.facts.update(cuda=release)


class Domain:
    """What the releases of one product declare, while the index is made."""

    def __init__(self, title: str):
        self.title = title
        self.releases: list[str] = []
        self.names: dict[str, list] = {}  # qualified name -> [mask, kind, header, release of kind and header]
        self.headers: dict[str, int] = {}  # path -> mask
        self.words: dict[str, int] = {}  # every word of macro bodies and calls -> mask of the releases where it stands

    def add(self, release: str, headers: Iterator[tuple[str, Path, bool]], cache: dict[bytes, Scan]) -> None:
        number = len(self.releases)
        self.releases.append(release)
        bit = 1 << number
        found: dict[str, tuple[tuple, str, str]] = {}
        bases: dict[str, set[str]] = {}
        words: set[str] = set()
        for name, path, macros_only in headers:
            self.headers[name] = self.headers.get(name, 0) | bit
            if _UNREAD.match(name):
                continue
            data = path.read_bytes()
            digest = hashlib.sha1(data).digest()
            if digest not in cache:
                cache[digest] = scan(data.decode("utf-8", "replace"))
            result = cache[digest]
            words |= result.murky
            for qualified, kind in result.names:
                if macros_only and "::" in qualified:
                    continue
                rank = (_preference(kind), len(name), name, kind)
                if qualified not in found or rank < found[qualified][0]:
                    found[qualified] = (rank, kind, name)
            for name_, base in result.bases:
                bases.setdefault(name_, set()).add(base)
        self._inherit(found, bases)
        for qualified, (_, kind, header) in found.items():
            entry = self.names.setdefault(qualified, [0, "", ""])
            entry[0] |= bit
            entry[1:] = [kind, header]
        for word in words:
            word = sys.intern(word)
            self.words[word] = self.words.get(word, 0) | bit

    def _inherit(self, found: dict, bases: dict[str, set[str]]) -> None:
        """List the members of the bases of some classes as their own."""
        members: dict[str, list[str]] = {}
        for name, (_, kind, _) in found.items():
            if kind in (METHOD, FIELD):
                members.setdefault(name.rpartition("::")[0], []).append(name.rpartition("::")[2])

        def resolve(cls: str, base: str) -> str | None:
            scope = cls
            while scope:
                scope = scope.rpartition("::")[0]
                full = f"{scope}::{base}" if scope else base
                if full in found:
                    return full
            return base.replace("at::", "c10::", 1) if base.replace("at::", "c10::", 1) in found else None

        def walk(cls: str, depth: int) -> Iterator[str]:
            for base in sorted(bases.get(cls, ())):
                full = resolve(cls, base)
                if full is not None and full != cls and depth < 6:
                    yield full
                    yield from walk(full, depth + 1)

        for cls in sorted(c for c in bases if _INHERITING.match(c)):
            for base in list(walk(cls, 0)):
                for member in members.get(base, ()):
                    if member != base.rpartition("::")[2]:
                        found.setdefault(f"{cls}::{member}", found[f"{base}::{member}"])

    def packed(self) -> layout.Packing:
        """The finished tables."""
        names = {name: entry for name, entry in self.names.items() if not _UNWANTED.match(name)}
        classes = {name for name, entry in names.items() if entry[1] == CLASS}
        gone: dict[tuple[str, str], int] = {}
        for name, (mask, kind, _) in names.items():
            scope, _, word = name.rpartition("::")
            if kind == NAMESPACE or (scope in classes and not _OWNER.match(scope)):
                continue
            for spelling in spellings(name):
                mask |= names[spelling][0] if spelling in names else 0
            holes = _holes(mask, len(self.releases))
            if holes:
                pair = (word, scope.rpartition("::")[2])
                gone[pair] = gone.get(pair, 0) | holes
        return layout.Packing(
            self.title, tuple(self.releases), names, self.headers,
            {pair: (gone[pair], self.words.get(pair[0], 0)) for pair in sorted(gone)},
        )  # fmt: skip


def _preference(kind: str) -> int:
    """Of two headers that declare a name, a class's own counts more than an alias."""
    return 0 if kind == CLASS else 2 if kind in "uN" else 1


def _holes(mask: int, releases: int) -> int:
    """The releases that lack a name which an older one had."""
    first = mask & -mask
    return ((1 << releases) - 1) & ~mask & ~(first - 1)


if __name__ == "__main__":
    main()
