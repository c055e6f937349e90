"""The index of the API, and what the rewrites claim of releases and headers against it."""

import re
from importlib import import_module

import pytest

from migrator import releases
from migrator.api import layout
from migrator.api.index import Index, spellings
from migrator.api.scan import scan
from rewrites import catalogue

INDEX = Index.load()
TORCH, CUDA = INDEX.torch, INDEX.cuda
MINORS = [".".join(map(str, m)) for m in TORCH.minors]
REWRITES = [r for r in catalogue().rewrites if getattr(r, "language", "c++") in ("c++", "cpp", "cuda")]
NAME = re.compile(r"(?<![\w$.>:])(?:::)?([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)")
STANDARD = re.compile(r"[a-z_0-9]+(?:\.h)?\Z")  # <memory>, <cuda_runtime.h>
# Names that a case writes and that no header of torch declares by hand (macros make them), or that are not torch's.
NOT_DECLARED = re.compile(r"c10::CppTypeToScalarType|(?:at|c10|torch)::(?:k[A-Z]\w+|ScalarType(?:::\w+)?)\Z|std::|pybind11::")
CONDITIONAL = {
    "c10::guts::apply",  # the scanner reads every arm of #if: this one is for HIP since 2.10
    "c10::get",  # the variant's went in 2.2; another function has the name ever since
}


def first_without(mask: int, minors) -> str | None:
    """The release after the last one that has a name; None if the newest has it."""
    return ".".join(map(str, minors[mask.bit_length()])) if mask.bit_length() < len(minors) else None


def torch_mask(name: str) -> int:
    return TORCH.headers.get(name, 0) if "/" in name else INDEX.mask(TORCH, name)


def has(name: str, release: str) -> bool:
    return bool(torch_mask(name) & TORCH.bit(releases.parse(release)))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("AT_CHECK", "1.0", "1.4"),
        ("TORCH_CHECK", "1.2", None),
        ("THCudaCheck", "1.0", "1.10"),
        ("THCState", "1.0", "1.10"),
        ("THC/THC.h", "1.0", "1.10"),
        ("THC/THCAtomics.cuh", "1.0", None),
        ("ATen/cuda/Atomic.cuh", "1.11", None),
        ("at::gesv", "1.0", "1.0"),
        ("at::cholesky", "1.0", "2.13"),
        ("at::Tensor::is_variable", "1.0", "2.13"),
        ("at::Tensor::names", "1.2", "2.12"),
        ("at::Tensor::data_ptr", "1.0", None),
        ("at::Context::getTHCState", "1.0", "1.10"),
        ("at::ceil_div", "1.11", None),
        ("at::cuda::CUDAGuard", "1.1", None),
        ("c10::cuda::CUDACachingAllocator::raw_alloc", "1.1", None),
        ("c10::guts::make_unique", "1.0", "1.4"),
        ("C10_CUDA_KERNEL_LAUNCH_CHECK", "1.8", None),
        ("AT_DISPATCH_ALL_TYPES_AND_HALF", "1.0", "2.5"),
        ("ATen/cudnn/Exceptions.h", "1.0", "2.5"),
    ],
)
def test_torch(name, first, last):
    """Spot checks; api_history has the same from the compiler."""
    entry = INDEX.lookup(name)
    assert entry is not None
    assert (entry.first, entry.last) == (first, last or MINORS[-1])


@pytest.mark.parametrize(
    ("name", "last"),
    [("cudaThreadSynchronize", "12.9"), ("cudaBindTexture", "11.8"), ("cudaDeviceProp::clockRate", "12.9"), ("cub::Sum", "12.9"),
     ("thrust::unary_function", "12.9"), ("cudaDeviceSynchronize", None), ("cublasSgemm", None)],
)  # fmt: skip
def test_cuda(name, last):
    newest = ".".join(map(str, CUDA.minors[-1]))
    entry = CUDA.entry(name) or CUDA.entry(name + "_v2")
    assert entry is not None and entry.last == (last or newest)


def test_one_release_for_each_minor():
    from migrator.toolchain import KNOWN_RELEASES

    assert TORCH.releases == KNOWN_RELEASES, "run python -m migrator.api.build"


def test_small():
    assert layout.PATH.stat().st_size < 4_000_000


def test_lookup_folds_namespaces():
    assert "c10::cuda::CUDAGuard" in spellings("at::cuda::CUDAGuard")
    assert INDEX.lookup("torch::cat").name == "at::cat"
    assert INDEX.lookup("no_such_name") is None


def test_nearest():
    assert "at::linalg_cholesky" in INDEX.nearest("at::cholesky", (2, 15))
    assert INDEX.nearest("ATen/cudnn/Exceptions.h", (2, 15))[0] == "ATen/cuda/Exceptions.h"


def test_pack_and_read_back():
    from migrator.api.index import Domain

    packing = layout.Packing(
        "torch", ("1.0.1", "1.1.0"), {"at::f": [1, "f", "a.h"], "at::g": [3, "f", "b.h"], "X": [2, "o", "a.h"]}, {"a.h": 3, "b.h": 3},
        {("X", ""): (2, 1), ("Y", ""): (2, 1), ("f", "at"): (2, 2)},
    )  # fmt: skip
    [(meta, sections)] = layout.unpack(layout.pack([packing]))
    domain = Domain(meta, sections)
    assert domain.entry("at::f").releases == ("1.0",) and domain.entry("X").headers == ("a.h",)
    words = frozenset({b"f", b"X", b"g"})
    assert domain.lost(words, (1, 1)) == {b"f": {b"at"}, b"X": {b"."}} and domain.lost(words, (1, 0)) == {}
    assert domain.murky("f", (1, 1)) and not domain.murky("f", (1, 0))
    assert dict(domain.below("at::")) == {"at::f": 1, "at::g": 3}


def test_more_releases_than_32(tmp_path):
    from migrator.api.index import Domain

    releases = tuple(f"{1 + n // 20}.{n % 20}.0" for n in range(40))
    packing = layout.Packing("torch", releases, {"X": [1, "o", "a.h"]}, {"a.h": 1}, {("X", ""): ((1 << 40) - 2, 1 << 39)})
    [(meta, sections)] = layout.unpack(layout.pack([packing]))
    domain = Domain(meta, sections)
    assert domain.lost(frozenset({b"X"}), (2, 19)) == {b"X": {b"."}} and domain.murky("X", (2, 19)) and not domain.murky("X", (2, 18))


def test_the_same_headers_give_the_same_entries(tmp_path):
    """Also where a header declares a name twice, or a class inherits what its base inherits: sets have no order."""
    import hashlib

    from migrator.api.build import Domain
    from migrator.api.scan import Scan

    (tmp_path / "a.h").write_text("")
    names = [("f", "f"), ("f", "o"), ("at::A", "c"), ("at::B", "c"), ("at::C", "c"), ("at::A::run", "F"), ("at::B::stop", "d")]
    bases = [("at::B", "A"), ("at::C", "B")]
    made = []
    for step in (1, -1):
        domain = Domain("torch")
        header = Scan(names[::step], bases[::step], frozenset())  # type: ignore[arg-type]
        domain.add("1.0.1", iter([("a.h", tmp_path / "a.h", False)]), {hashlib.sha1(b"").digest(): header})
        made.append(domain.names)
    assert made[0] == made[1] and made[0]["f"][1] == "f"


def test_scan():
    """The scanner, on what headers do."""
    text = """
    #pragma once
    #if !defined(TORCH_STABLE_ONLY)
    #define AT_CHECK(c, ...) if (!(c)) { fail(); }
    #define LOCAL 1
    #undef LOCAL
    // struct Comment {};
    namespace at { namespace cuda {
    using c10::Device;
    using Alias = int;
    typedef void (*Callback)(int);
    enum class Mode : int { A, B = 2, };
    enum Old { X, Y };
    struct Forward;
    template <typename T, typename = std::enable_if_t<(sizeof(T) > 1)>>
    class TORCH_API Tensor final : public TensorBase, private detail::Base<T> {
     public:
      Tensor() = default;
      explicit Tensor(int a) : a_(a), b_{1} { if (a) { b_ = 2; } }
      C10_DEPRECATED_MESSAGE("no") Tensor & fill(int x = 3, const char* s = "}") const { return *this; }
      std::tuple<Tensor, Tensor> qr(bool some=true) const;
      template <class U> U* data_ptr() const;
      bool operator==(const Tensor& o) const;
     private:
      int a_, b_ = 0;
      void (*hook)(int);
    };
    TORCH_API inline at::Tensor cat(at::TensorList t, int64_t dim=0) { return t; }
    constexpr int kLimit = 3, kOther{4};
    extern "C" { void legacy(int); }
    inline Tensor Tensor::late() const { return *this; }
    }}
    #else
    #error "no"
    #endif
    """
    names = {name for name, _ in scan(text).names}
    there = "AT_CHECK at at::cuda at::cuda::Device at::cuda::Alias at::cuda::Callback at::cuda::Mode::A at::cuda::Mode::B at::cuda::X at::cuda::Old"
    there += " at::cuda::Tensor::fill at::cuda::Tensor::qr at::cuda::Tensor::data_ptr at::cuda::Tensor::b_ at::cuda::Tensor::hook at::cuda::cat"
    there += " at::cuda::kLimit at::cuda::legacy at::cuda::Tensor::late"
    assert set(there.split()) <= names
    assert not names & {"LOCAL", "Comment", "at::cuda::Forward", "at::cuda::A", "at::cuda::Tensor::x", "at::cuda::b_"}
    assert ("at::cuda::Tensor", "TensorBase") in scan(text).bases


# what rewrites claim


@pytest.mark.parametrize("rewrite", [r for r in REWRITES if r.cases], ids=lambda r: r.id)
def test_cases(rewrite):
    """What a case writes is there since the release it names, and its headers are."""
    for case in rewrite.cases:
        if case.to == "":
            continue  # only findings
        for header in case.includes:
            assert STANDARD.match(header) or has(header, case.since), f"{header} is not in torch {case.since}"
            assert STANDARD.match(header) or has(header, MINORS[-1]), f"{header} is not in the newest torch"
        if not isinstance(case.to, str):
            continue
        for name in NAME.findall(case.to):
            if name.split("::")[0] not in ("at", "c10", "torch") and not re.match(r"(?:AT|TORCH|C10)_", name) or NOT_DECLARED.match(name):
                continue
            assert has(name, MINORS[-1]), f"{name} is not in the newest torch"
            assert has(name, case.since), f"{name} is not in torch {case.since}: {INDEX.lookup(name)}"


@pytest.mark.parametrize("rewrite", [r for r in REWRITES if r.removed_in and releases.parse(r.removed_in) > (1, 0)], ids=lambda r: r.id)
def test_removed_in(rewrite):
    """No older name goes later than the release a rewrite names, and where all its names are gone, the last goes with it."""
    old = {name for case in rewrite.cases for name in NAME.findall(case.pattern)} | {t for t in rewrite.triggers if re.match(r"AT_|TH|C10_|CAFFE2_", t)}
    masks = {name: torch_mask(name) for name in old}
    gone = {name: first_without(mask, TORCH.minors) for name, mask in masks.items() if mask}
    ends = [releases.parse(release) for release in gone.values() if release is not None]
    if ends and len(ends) == len(gone):
        assert releases.parse(rewrite.removed_in) <= max(ends), gone  # earlier where only the arguments changed
        assert not rewrite.cases or min(ends) <= releases.parse(rewrite.removed_in), gone


def tables():
    for name in ("rewrites.aten.moved_headers", "rewrites.thc.headers"):
        for old, (new, removed) in import_module(name).MOVED.items():
            yield pytest.param(old, new, removed, id=old)


@pytest.mark.parametrize(("old", "new", "removed"), list(tables()))
def test_moved_headers(old, new, removed):
    """A header that moved: gone when the table says so (or a mere forwarder since), and the new one is there."""
    mask = torch_mask(old)
    if "/" not in old:
        mask = 0
    if mask and (end := first_without(mask, TORCH.minors)) is not None:
        assert removed == end
    if not mask and "/" in old:
        assert releases.parse(removed) <= (1, 0), f"{old} is in no release of the index"
    if new is not None and not STANDARD.match(new) and not new.startswith(("pybind11/", "nvtx3/")):
        assert has(new, MINORS[-1])


@pytest.mark.parametrize("row", import_module("rewrites.aten.renamed").ROWS, ids=lambda row: row.id)
def test_renamed(row):
    """A name that changed: the old one ends, and the new one begins, when the row says so."""
    for old in row.old:
        mask = torch_mask(old)
        if mask and old not in CONDITIONAL:
            assert first_without(mask, TORCH.minors) == row.removed_in or len(row.old) > 1 and first_without(mask, TORCH.minors), old
    if row.new.startswith(("at::", "c10::", "torch::", "TORCH_", "C10_")):
        assert has(row.new, row.since) and has(row.new, MINORS[-1]), INDEX.lookup(row.new)


@pytest.mark.parametrize("rewrite", [r for r in REWRITES if r.cuda_removed_in and r.cases], ids=lambda r: r.id)
def test_cuda_removed_in(rewrite):
    for case in rewrite.cases:
        for name in NAME.findall(case.pattern):
            mask = INDEX.mask(CUDA, name)
            if mask:
                assert first_without(mask, CUDA.minors) == rewrite.cuda_removed_in, name
