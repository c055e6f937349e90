"""Name what the target lacks and no rewrite changed.

Every macro, function, type, member and header that the index of the API knows from some release of torch or CUDA, and that the target
does not have, is reported with the last release that had it and with what to write instead. It runs when all other rewrites have
settled and changes nothing. What the project defines itself is the project's, and a name that another rewrite already reported in the
file is not reported again.

Before:
    auto solution = at::gesv(b, a);
After:
    auto solution = at::gesv(b, a);
"""

import re
from functools import cache

from migrator.api.index import Index, spellings
from migrator.report.plain import plain
from migrator.rewrite import Finding, Rewrite
from migrator.syntax import preproc
from rewrites.audit._replacements import CUDA_FAMILIES, FOLDED, INSTEAD, TH_TYPES, TORCH_FAMILIES, family

ID = "removed-api"

TORCH_HEADERS = re.compile(r"(?:ATen|c10|TH|THC|THCUNN|THNN|torch/csrc|torch/headeronly|caffe2/core|caffe2/utils)/")
_OLD_FOLDERS = ("TH/", "THC/")  # on the include path themselves until _ON_PATH
_ON_PATH = (2, 6)
_MACRO = re.compile(r"(?:AT|C10|CAFFE2|TORCH|PYTORCH|THC|TH|THP|THNN|JIT|CUB)_[A-Z0-9_]+\Z|AT_?[A-Z_]+\Z")
_TH = re.compile(r"TH(?:C|NN|CUNN|P)?[A-Z][a-z]\w*\Z|THC_\w+\Z|THCUNN_\w+\Z")
_CUDA = re.compile(
    r"(?:cuda|cublas|cusparse|cusolver|curand|cufft|cu|nvtx|nvrtc)[A-Z]\w+\Z|(?:CUDA|CUDART|CUBLAS|CUSPARSE|CUSOLVER|CURAND|CUFFT|CU)_[A-Z0-9_]+\Z"
    r"|__(?:shfl|ballot|any|all|syncwarp)\w*\Z"
)
_ROOTS = ("at", "c10", "torch", "caffe2", "cub", "thrust")
_INNER = ("cuda", "native", "detail", "guts", "autograd", "jit", "nn")
_REVERSED_QUALIFIER = re.compile(rb"(?:\s*::\s*(?:>[^<>;{}]*<)?\s*\w*[A-Za-z_])+|\s*::")  # of what stands before a name, from its end
_USING = re.compile(rb"\busing\s+namespace\s+(?:::)?(at|c10|torch)\s*;")
# Arms that are for some releases, or for another platform: who wrote them knows what is gone.
_GUARD = re.compile(r"VERSION|__has_include|HIP|ROCM|WITH_TH|OLD_|NEW_|TORCH_|PYTORCH|HAS_|USE_")
# What says that a header of CUDA was included before: nothing in such an arm is compiled where no file includes one of that library.
_LIBRARIES = {
    "_CUFFT_H_": "cufft", "CUSPARSEAPI": "cusparse", "CUSOLVER_COMMON_H_": "cusolver", "CURAND_H_": "curand", "CUBLAS_API_H_": "cublas",
    "NV_NPPIDEFS_H": "npp", "NVJPEGAPI": "nvjpeg",
}  # fmt: skip
_CAMEL_FUNCTION = re.compile(r"[a-z]{3,}[A-Z]\w{3,}\Z")
_NAMESPACES = ("at", "torch", "at::cuda", "at::cuda::detail", "at::native", "c10", "c10::cuda")  # that a using directive may open
_TENSOR_GIVERS = {"type": "at::DeprecatedTypeProperties", "storage": "at::Storage"}
_CLASS_HOMES = ("at", "c10", "torch", "torch::autograd", "torch::jit", "at::cuda", "c10::cuda")
_DISTINCT = frozenset(  # members that only one class of torch's ever had
    "toGenericList toGenericListRef toIntListRef toDoubleListRef toTensorListRef toBoolListRef msg_stack msg_without_backtrace".split()
)
_CALL_TYPES = {"at::globalContext": "at::Context", "torch::globalContext": "at::Context", "at::detail::getCUDAHooks": "at::CUDAHooksInterface"}

_GLOBAL = b"."  # what the index puts before a global name
_SPACES = frozenset(root.encode() for root in (*_ROOTS, *_INNER)) | {_GLOBAL}

NEAR = 0.8  # how alike a name must be to be offered

# Classes whose members are looked up where the sources need not spell them -> words of which one stands there instead (none: always).
_UNSPELT = {
    b"Tensor": frozenset(),
    b"Context": frozenset({b"globalContext"}),
    b"DeprecatedTypeProperties": frozenset({b"type"}),
    b"Type": frozenset({b"type", b"DeprecatedTypeProperties"}),
    b"CUDAHooksInterface": frozenset({b"getCUDAHooks"}),
    b"Storage": frozenset({b"storage"}),
    b"c10": frozenset({b"at", b"torch"}),  # which have c10's names too
    b"at": frozenset({b"torch"}),
}


_FROM_TYPE = frozenset({b"Type", b"DeprecatedTypeProperties"})  # what `x.type()` gives
_TYPE_CALL = re.compile(rb"type\s*\(\s*\)")


def suspicious(index: Index, settings, words: frozenset[bytes]) -> dict[str, set[bytes]]:
    """The words of a file that end a name which the target lacks and an older release had -> what may stand before them in this file."""
    extra = {name for name, instead in _UNSPELT.items() if not instead or not instead.isdisjoint(words)} | {_GLOBAL}
    found: dict[str, set[bytes]] = {}
    for lost in (index.torch.lost(words, settings.target), index.cuda.lost(words, settings.cuda)):
        for word, scopes in lost.items():
            present = (scopes & words) | (scopes & extra)
            if present and _worth(word.decode(), frozenset(scopes)):
                found.setdefault(word.decode(), set()).update(present)
    return found


@cache
def _worth(word: str, scopes: frozenset[bytes]) -> bool:
    """Whether a global name is one that the audit speaks of."""
    return len(scopes) > 1 or _GLOBAL not in scopes or bool(
        _MACRO.match(word) or _TH.match(word) or _CUDA.match(word) or _CAMEL_FUNCTION.match(word) or _is_type_like(word) or "TH" in word
    )


class _Audit:
    """One file against the index."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.index = Index.load()
        self.torch = self.index.torch.bit(ctx.settings.target)
        self.cuda = self.index.cuda.bit(ctx.settings.cuda)
        self.using = {m.group(1).decode() for m in _USING.finditer(ctx.file.data)}
        self.reported = " ".join(f"{f.message} {f.advice}" for f in ctx.findings)
        self.lines = {ctx.file.line_of(f.start) for f in ctx.findings}
        self.own: dict[str, bool] = ctx.project.cached(ID, dict)
        self._guarded = None
        self._owners: dict[bytes, bool] = {}
        self._classes: dict[str, bool] = {}

    # headers

    def headers(self):
        known = self.index.torch.headers
        for include in self.ctx.includes():
            name = include.name
            if name.startswith(("torch/csrc/api/include/",)):
                name = name.removeprefix("torch/csrc/api/include/")
            mask = known.get(name, 0)
            if not mask and "/" not in name:
                on_path = 2 * self.index.torch.bit(_ON_PATH) - 1
                mask = next((known[folder + name] for folder in _OLD_FOLDERS if folder + name in known), 0) & on_path
            cuda = self.index.cuda.headers.get(name, 0) if not mask else 0
            if mask & self.torch or cuda & self.cuda or self.ctx.project.local_include(include, self.ctx.path) is not None:
                continue
            if not mask and not cuda and not TORCH_HEADERS.match(name):
                continue
            if cuda and not (cuda & (self.cuda - 1)):
                continue  # newer than the target
            if self.ctx.tree.in_disabled(include.start) or self.guarded(include.start) or self.is_reported(name, include.start):
                continue
            if mask and not mask & (self.torch - 1):
                continue  # newer than the target: too-new says so
            domain, had = (self.index.cuda, cuda) if cuda else (self.index.torch, mask)
            what = "CUDA" if cuda else "torch"
            last = f"{name} is gone: {what} {self.last(domain, had)} was the last to have it" if had else f"no torch from 1.0 on has {name}"
            near = self.index.nearest(name, self.ctx.settings.target)
            yield Finding(ID, include.start, last, f"include <{near[0]}>" if near else "remove the line, and replace what it gave")

    # names

    def names(self, words):
        grouped: dict[str, list] = {}
        for leaf in self.ctx.names(words):
            verdict = self.judge(leaf)
            if verdict is None or self.guarded(leaf.start) or self.is_reported(leaf.text, leaf.start):
                continue
            grouped.setdefault(verdict[0], []).append((leaf, verdict))
        for found in grouped.values():
            leaf, (_, message, advice) = found[0]
            lines = sorted({each.line for each, _ in found} - {leaf.line})
            if lines:
                shown = ", ".join(map(str, lines[:8])) + (" ..." if len(lines) > 8 else "")
                message += f" (also in line{'s' if len(lines) > 1 else ''} {shown})"
            yield Finding(ID, leaf.start, message, advice())

    def may_name(self, word: str, scopes: set[bytes]) -> bool:
        """Whether some place of a word, as text, names what the target lacks. The tree decides; without such a place it is not needed."""
        data = self.ctx.file.data
        plain = None
        for start in self.ctx.file.places(word.encode()):
            at = start - 1
            while at >= 0 and data[at] in b" \t\r\n":
                at -= 1
            before = data[at : at + 1] if at >= 0 else b""
            qualifier = _qualifier(data, start) if before == b":" else ""
            if data[max(0, at - 1) : at + 1] in (b"//", b"/*"):
                continue
            if before == b"\\" or data[max(0, at - 1) : at + 1] == b"*/" or data[max(0, at - 7) : at + 1].endswith(b"template"):
                return True  # behind a continued line, a comment, or `x.template f<T>()`
            if before == b"." or data[max(0, at - 1) : at + 1] == b"->":
                if word in _DISTINCT or any(self.may_own(scope) for scope in scopes):
                    return True
            elif qualifier:
                if self.qualified(qualifier + word) is not None:
                    return True
            else:
                plain = self.plain(word) is not None if plain is None else plain
                if plain:
                    return True
        return False

    def may_own(self, scope: bytes) -> bool:
        """Whether an object in the file may be of a class of torch's or CUDA's with this name, as its text goes."""
        if scope not in self._owners:
            name = scope.decode()
            if scope in _SPACES:
                known = False
            elif scope in _FROM_TYPE:
                known = scope in self.ctx.file.words or self.ctx.spells(_TYPE_CALL)
            elif scope in _UNSPELT:
                known = True
            else:
                spelt = {_qualifier(self.ctx.file.data, start) for start in self.ctx.file.places(scope)}
                known = any((not q or q.split("::")[0] in _ROOTS) and self.is_class(q + name) for q in spelt)
            self._owners[scope] = known
        return self._owners[scope]

    def judge(self, leaf):
        """(name, message, what gives the advice) where the target lacks what this leaf names."""
        parent = leaf.parent
        word = leaf.text
        if parent is None or in_directive(leaf):
            return None
        holder = parent if parent.kind in ("template_method", "template_function", "template_type") and leaf.field == "name" else leaf
        if holder.parent is not None and holder.parent.kind == "field_expression" and holder.field == "field":
            return self.member(word, holder.parent)
        if leaf.kind == "field_identifier":
            return None
        qualifier = _qualifier(self.ctx.file.data, leaf.start)
        if qualifier:
            verdict = self.qualified(qualifier + word)
            return None if verdict is None or self.defined(word) else verdict
        verdict = self.plain(word)
        if verdict is None or not self.is_used_so(word, leaf):
            return None
        return None if self.defined(word) else verdict

    def member(self, word, node):
        owner = self.owner(node.field_child("argument"))
        if owner is None:
            return self.distinct_member(word, node.field_child("argument"))
        for name in self.under(owner, word):
            verdict = self.torch_name(name, certain=True)
            if verdict is not None:
                return verdict
            mask = self.index.cuda.mask(name)
            if mask and not mask & self.cuda and mask & (self.cuda - 1):
                return name, self.message(name, self.index.cuda, mask), lambda: self.advice(name, self.index.cuda, "cuda")
        return None

    def distinct_member(self, word, argument):
        """The verdict on a member of what has no type in sight, where its name says of which class it is."""
        scopes = self.index.torch.lost(frozenset({word.encode()}), self.ctx.settings.target).get(word.encode(), set())
        spelt = scopes & self.ctx.file.words
        if word not in _DISTINCT or len(spelt) != 1 or argument is None:
            return None
        holder = next(iter(spelt)).decode()
        type = self.ctx.type_of(argument)
        if type is not None and type.is_known and type.base != "auto" and type.base.split("::")[-1] != holder:
            return None
        verdicts = (self.torch_name(f"{space}::{holder}::{word}", certain=True) for space in _CLASS_HOMES if self.is_class(f"{space}::{holder}"))
        verdict = next(filter(None, verdicts), None)
        return None if verdict is None or self.defined(word) else verdict

    def is_class(self, owner) -> bool:
        """Whether the target declares a class of this name (an alias has its members elsewhere)."""
        if owner not in self._classes:
            self._classes[owner] = self._is_class(owner)
        return self._classes[owner]

    def _is_class(self, owner) -> bool:
        for name in [owner, *(f"{space}::{owner}" for space in self.using if "::" not in owner)]:
            for domain, bit in ((self.index.torch, self.torch), (self.index.cuda, self.cuda)):
                found = [domain.entry(spelling) for spelling in spellings(name)]
                if any(e is not None and e.kind == "class" and e.mask & bit for e in found):
                    return True
        return False

    def under(self, owner, word):
        names = [f"{owner}::{word}"]
        if owner == "at::DeprecatedTypeProperties" and not self.index.mask(self.index.torch, names[0]):
            names.append(f"at::Type::{word}")
        if "::" not in owner:
            names += [f"{space}::{owner}::{word}" for space in sorted(self.using)]
        return names

    def owner(self, argument) -> str | None:
        """The class of an object whose member is named, as far as that is certain."""
        if argument is None:
            return None
        if argument.kind == "call_expression":
            function = argument.field_child("function")
            called = "".join(function.text.split()) if function is not None else ""
            if called in _CALL_TYPES:
                return _CALL_TYPES[called]
            if function is not None and function.kind == "field_expression" and function.field_child("field") is not None:
                giver = _TENSOR_GIVERS.get(function.field_child("field").text)
                inner = function.field_child("argument")
                if giver and inner is not None and (type := self.ctx.type_of(inner)) is not None and type.is_tensor and not type.pointers:
                    return giver
        type = self.ctx.type_of(argument)
        if type is None or type.template or not type.is_known:
            return None
        if type.is_tensor:
            return "at::Tensor"
        base = type.base.removeprefix("::").split("<")[0]
        if "::" in base and base.split("::")[0] not in _ROOTS:
            return None
        return base if self.is_class(base) and ("::" in base or not self.defined(base)) else None

    def qualified(self, name):
        """The verdict on a name with its namespace or class."""
        root = name.split("::")[0]
        if root in _ROOTS or _TH.match(root):
            if root in ("cub", "thrust"):
                mask = self.index.cuda.mask(name)
                if not mask or mask & self.cuda or not mask & (self.cuda - 1) or self.murky(self.index.cuda, name):
                    return None
                return name, self.message(name, self.index.cuda, mask), lambda: self.advice(name, self.index.cuda, "cuda")
            return self.torch_name(name)
        if root in _INNER:
            for space in sorted(self.using):
                verdict = self.torch_name(f"{space}::{name}")
                if verdict is not None:
                    return verdict
        return None

    def plain(self, word):
        """The verdict on a name that stands alone."""
        if _CUDA.match(word):
            mask = self.index.cuda.mask(word)
            rule = family(word, CUDA_FAMILIES)
            if rule is not None:
                return word, f"{word} is gone: CUDA {rule[0]} was the last to have it", lambda: self.advice(word, self.index.cuda, "cuda")
            if mask and not mask & self.cuda and mask & (self.cuda - 1) and not self.index.torch.mask(word) & self.torch:
                if self.murky(self.index.cuda, word):
                    return None
                return word, self.message(word, self.index.cuda, mask), lambda: self.advice(word, self.index.cuda, "cuda")
            return None
        if _MACRO.match(word) or _TH.match(word):
            verdict = self.torch_name(word)
            if verdict is None and _TH.match(word) and not self.index.torch.mask(word) and self.ctx.settings.target >= (1, 11):
                rule = family(word, TORCH_FAMILIES)
                if rule is not None:
                    last = f"torch {rule[0]} was the last to have it" if rule[0] else "TH and THC left with torch 1.11"
                    verdict = (word, f"{word} is gone: {last}", lambda: f"write {rule[1]}")
            return verdict
        if _CAMEL_FUNCTION.match(word):
            if not self.from_th(word) or any(self.index.has(f"{space}::{word}", self.ctx.settings.target) for space in _NAMESPACES):
                return None
            return self.torch_name(word)
        if (_is_type_like(word) or "TH" in word) and self.from_th(word):
            return self.torch_name(word) if "TH" in word or self.reaches_torch() else None
        if self.using and _is_type_like(word):
            return next(filter(None, (self.torch_name(f"{space}::{word}") for space in sorted(self.using))), None)
        return None

    def reaches_torch(self) -> bool:
        """Whether a header of torch is among those that the file includes, if any: elsewhere ``ReduceMax`` is somebody else's."""
        names = self.ctx.project.all_includes(self.ctx.path)
        return not names or any(TORCH_HEADERS.match(name) or name in self.index.torch.headers for name in names)

    def is_used_so(self, word, leaf) -> bool:
        """Whether a name that stands alone is used as what ``plain`` takes it for."""
        if _CUDA.match(word):
            is_family = family(word, CUDA_FAMILIES) is not None
            return not is_family or leaf.parent.kind == "call_expression" or word.isupper() or bool(self.index.cuda.mask(word))
        if _MACRO.match(word) or _TH.match(word) or ((_is_type_like(word) or "TH" in word) and self.from_th(word)):
            return True
        if _CAMEL_FUNCTION.match(word):
            callee = leaf.parent if leaf.parent.kind == "template_function" else leaf
            return callee.field == "function" and callee.parent.kind == "call_expression"
        return leaf.kind in ("type_identifier", "identifier") and self.ctx.scopes.lookup(word, leaf) is None

    # the index

    def torch_name(self, name, certain=False):
        """The verdict on a name of torch's."""
        domain = self.index.torch
        mask = self.index.mask(domain, name)
        if not mask or mask & self.torch or not mask & (self.torch - 1) or self.is_elsewhere(name):
            return None
        if not certain and not self.is_operator(name, mask) and self.murky(domain, name):
            return None
        return name, self.message(name, domain, mask), lambda: self.advice(name, domain, "torch")

    def is_elsewhere(self, name) -> bool:
        """Whether the target has a name in a way that the index cannot list: as a member of what an alias stands for, or made by a macro."""
        scope, _, word = name.rpartition("::")
        if self.index.torch.headers.get(f"ATen/ops/{word}.h", 0) & self.torch and scope in ("at", "torch"):
            return True
        found = [e for spelling in spellings(scope) if (e := self.index.torch.entry(spelling)) is not None and e.mask & self.torch] if "::" in scope else []
        return bool(found) and all(e.kind in ("type alias", "using declaration") for e in found)

    def is_operator(self, name, mask) -> bool:
        """Whether a name is one of the operators, whose declarations are generated one by one: the scanner misses none."""
        entry = self.index.lookup(name)
        return entry is not None and name.count("::") == 1 and entry.headers[0].startswith(("ATen/Functions.h", "ATen/ops/"))

    def murky(self, domain, name) -> bool:
        """Whether a macro of the target's headers may declare the word, which the scanner does not see."""
        return domain.murky(name.rpartition("::")[2], self.ctx.settings.cuda if domain is self.index.cuda else self.ctx.settings.target)

    def from_th(self, word) -> bool:
        """Whether a global name came from TH, THC or THCUNN, and no namespace of torch has it now."""
        entry = self.index.torch.entry(word)
        if entry is None or not entry.headers[0].startswith("TH"):
            return False
        return not any(self.index.has(f"{space}::{word}", self.ctx.settings.target) for space in ("torch", "at::cuda"))

    def last(self, domain, mask) -> str:
        mask &= self.cuda - 1 if domain is self.index.cuda else self.torch - 1
        return ".".join(map(str, domain.minors[mask.bit_length() - 1]))

    def first(self, domain, mask) -> str:
        return ".".join(map(str, domain.minors[(mask & -mask).bit_length() - 1]))

    def message(self, name, domain, mask) -> str:
        return f"{name} is gone: {'CUDA' if domain is self.index.cuda else 'torch'} {self.last(domain, mask)} was the last to have it"

    def advice(self, name, domain, title) -> str:
        word = name.rpartition("::")[2]
        other = next((r for r in self.ctx.catalogue.rewrites if word in r.triggers and r.default and r.language == "c++" and r.id != ID), None)
        if other is not None and not other.selected(self.ctx.settings):
            return f"the rewrite {other.id} changes it" + (" with --unsafe-fixes" if other.tier == "unsafe" else f" with --select {other.id}")
        folded = next((new + word for old, new in FOLDED.items() if name == old + word), None)
        if folded is not None and self.index.has(folded, self.ctx.settings.target):
            return f"write {folded}"
        if name in INSTEAD or word in INSTEAD:
            return f"write {INSTEAD.get(name) or INSTEAD[word]}"
        rule = family(word, TORCH_FAMILIES if title == "torch" else CUDA_FAMILIES)
        if rule is not None:
            return f"write {rule[1]}"
        if other is not None:
            return f"the rewrite {other.id} does not know this use: {plain(other.title)}"
        release = self.ctx.settings.cuda if title == "cuda" else self.ctx.settings.target
        near = self.index.nearest(name, release, title, 1, NEAR)
        if near:
            return f"the nearest name that {'CUDA' if title == 'cuda' else 'torch'} {'.'.join(map(str, release[:2]))} has is {near[0]}"
        return f"`cuport api {name}` says where it was"

    # the project

    def is_reported(self, word, offset) -> bool:
        return self.ctx.file.line_of(offset) in self.lines or re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.reported) is not None

    def guarded(self, offset) -> bool:
        """Whether a line stands in an arm that asks for a version or a platform."""
        if self._guarded is None:
            data = self.ctx.file.data
            arms = preproc.arms(data) if b"#" in data else []
            self._guarded = [(a.start, a.end) for a in arms if is_guard(a.condition) or self.needs_library(a.condition)]
        return any(s <= offset < e for s, e in self._guarded)

    def needs_library(self, condition) -> bool:
        """Whether an arm is for those who included a header of a CUDA library before, and no file of the project does."""
        project = self.ctx.project
        library = next((name for guard, name in _LIBRARIES.items() if condition == f"defined({guard})"), None)
        return library is not None and not any(
            include.name.rpartition("/")[2].startswith(library) for path in project.files for include in project.includes(path)
        )

    def defined(self, word) -> bool:
        """Whether the project itself defines a name."""
        if word not in self.own:
            project = self.ctx.project
            self.own[word] = bool(project.macros(word)) or any(
                _defines(leaf) for path in project.with_word(word) for leaf in project.tree(path).names({word})
            )
        return self.own[word]


def _qualifier(data: bytes, start: int) -> str:
    """What qualifies the name at an offset, without blanks and template arguments; empty where nothing does but ``::``."""
    m = _REVERSED_QUALIFIER.match(data[max(0, start - 300) : start][::-1])
    prefix = re.sub(r"<[^<>]*>|\s+", "", m.group()[::-1].decode("utf-8", "replace")) if m else ""
    return prefix.removeprefix("::")


def is_guard(condition: str) -> bool:
    if re.fullmatch(r"!?\(?!?\(?defined\((\w+)\)\)?\)?", condition.replace(" ", "")) and re.search(r"_H_?\)*$|_HPP_?\)*$|_CUH_?\)*$|_H__\)*$", condition):
        return False  # an include guard
    return _GUARD.search(condition) is not None


def in_directive(leaf) -> bool:
    """Whether a name stands in the condition of an ``#if``, or is what a ``#define`` defines."""
    parent = leaf.parent
    if parent.kind in ("preproc_def", "preproc_function_def", "preproc_ifdef", "preproc_defined", "preproc_undef") and leaf.field != "value":
        return True
    node = leaf
    while node.parent is not None and node.parent.kind in ("preproc_defined", "preproc_call", "parenthesized_expression", "binary_expression", "unary_expression"):
        node = node.parent
    return node.field == "condition" and node.parent is not None and node.parent.kind.startswith("preproc_")


def _defines(leaf) -> bool:
    """Whether a leaf is the name that a declaration declares (a forward declaration, and a prototype of TH's, do not count)."""
    parent = leaf.parent
    if parent is None:
        return False
    if parent.kind in ("class_specifier", "struct_specifier", "union_specifier", "enum_specifier"):
        return leaf.field == "name" and parent.field_child("body") is not None
    if parent.kind in ("alias_declaration", "enumerator", "namespace_definition", "namespace_alias_definition", "type_parameter_declaration",
                       "preproc_def", "preproc_function_def", "template_template_parameter_declaration"):  # fmt: skip
        return leaf.field in ("name", None)
    node, function = leaf, False
    while node.parent is not None and node.field in ("declarator", "name") and (
        node.parent.kind.endswith("_declarator") or node.parent.kind in ("qualified_identifier", "template_function")
    ):
        node = node.parent
        function = function or node.kind == "function_declarator"
    if node.parent is None or node.field != "declarator":
        return False
    if node.kind == "qualified_identifier" or (node is leaf and leaf.kind == "qualified_identifier"):
        return True
    if node.parent.kind == "declaration" and function and _TH.match(leaf.text):
        return False
    return node.parent.kind in ("declaration", "field_declaration", "parameter_declaration", "optional_parameter_declaration", "function_definition",
                                "type_definition", "for_range_loop")  # fmt: skip


def _is_type_like(word: str) -> bool:
    return len(word) > 5 and word[0].isupper() and any(c.islower() for c in word) and any(c.isupper() for c in word[1:])


def fix(ctx):
    index = Index.load()
    file = ctx.file
    audit = _Audit(ctx)
    yield from audit.headers()
    words = suspicious(index, ctx.settings, file.words)
    for w in file.words:
        if w.startswith((b"TH", b"cusparse", b"CUSPARSE_", b"CUBLAS_", b"cuda", b"__")) and _known_family(w.decode()):
            words.setdefault(w.decode(), set())
    spelt = [word for word, scopes in words.items() if audit.may_name(word, scopes)]
    if spelt:
        yield from audit.names(spelt)


@cache
def _known_family(word: str) -> bool:
    return family(word, TORCH_FAMILIES) is not None or family(word, CUDA_FAMILIES) is not None


def instead(name: str) -> tuple[str | None, str] | None:
    """The last release that had a name, where the index does not know it, and what to write for it, where no rewrite does."""
    word = name.rpartition("::")[2]
    for families, title in ((CUDA_FAMILIES, "CUDA"), (TORCH_FAMILIES, "torch")):
        rule = family(word, families)
        if rule is not None:
            return f"{title} {rule[0] or '1.10'}", rule[1]
    advice = INSTEAD.get(name) or INSTEAD.get(word)
    return (None, advice) if advice else None


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    instead=instead,
    triggers=frozenset({"include", "at", "c10", "torch", "THCState", "cudaError_t", "cudaStream_t", "__global__", "__device__", "define", "THMin", "THMax"}) | TH_TYPES,
    removed_in="1.0",
    order=9,
    link="https://github.com/pytorch/pytorch/releases",
)
