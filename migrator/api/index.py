"""Which release has a name: the reader of the index of the API.

    index = Index.load()
    index.lookup("at::cholesky")            Entry: since 1.0, last 2.13, declared in ATen/Functions.h
    index.has("at::cholesky", (2, 15))      False
    index.nearest("at::cholesky", (2, 15))  ["at::linalg_cholesky", ...]

A look-up unpacks one block of names, so the file costs what is asked of it.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

from migrator import releases as numbers
from migrator.api import layout

_ASKED_OFTEN = 30  # times: from then on a table of all answers pays

KINDS = {
    "o": "macro", "m": "macro", "f": "function", "c": "class", "n": "enum", "e": "enumerator", "t": "type alias", "v": "variable",
    "F": "member function", "d": "member", "u": "using declaration", "N": "namespace", "h": "header",
}  # fmt: skip
# A name written with the first prefix may live under the second: using directives of torch's own headers.
FOLDED = (("torch::", "at::"), ("at::cuda::", "c10::cuda::"), ("at::", "c10::"), ("torch::", "c10::"), ("caffe2::", "c10::"))


@dataclass(frozen=True)
class Entry:
    """One name: its kind, the releases that have it (minors, oldest first), the header that declares it in the newest of them."""

    name: str
    kind: str
    domain: str
    releases: tuple[str, ...]
    headers: tuple[str, ...]
    mask: int

    @property
    def first(self) -> str:
        return self.releases[0]

    @property
    def last(self) -> str:
        return self.releases[-1]


class Domain:
    """The names of one product ("torch" or "cuda")."""

    def __init__(self, meta: dict, sections: dict[str, memoryview]):
        self.title: str = meta["title"]
        self.releases: tuple[str, ...] = tuple(meta["releases"])
        self.size: int = meta["names"]
        self._sections = sections
        self._unpacked: dict[int, dict[str, tuple[str, int, int]]] = {}
        self._below: dict[str, list[tuple[str, int]]] = {}
        self._lost: dict[numbers.Release, dict[bytes, set[bytes]]] = {}
        self._asked = 0

    def _text(self, section: str) -> str:
        return zlib.decompress(self._sections[section]).decode()

    @cached_property
    def minors(self) -> list[numbers.Release]:
        return [numbers.minor(numbers.parse(r)) for r in self.releases]

    @cached_property
    def headers(self) -> dict[str, int]:
        """Path as it is included -> mask of the releases that have it."""
        lines = (line.split("\t") for line in self._text("headers").splitlines())
        return {path: int(mask, 16) for path, mask in lines}

    @cached_property
    def _paths(self) -> list[str]:
        return list(self.headers)

    @cached_property
    def _gone(self) -> tuple[list[bytes], list[bytes], array[int]]:
        words, scopes, packed = zlib.decompress(self._sections["gone"]).split(b"\n\n", 2)
        masks = array("Q", packed)
        if sys.byteorder == "big":
            masks.byteswap()
        return words.split(b"\n"), scopes.split(b"\n"), masks

    @cached_property
    def _gone_words(self) -> frozenset[bytes]:
        return frozenset(self._gone[0])

    def lost(self, words: frozenset[bytes], release: numbers.Release) -> dict[bytes, set[bytes]]:
        """Those of the words that end a name which a release lacks and an older one had -> the parts before them (b".": global names)."""
        table = self._lost.get(release)
        if table is None:
            self._asked += 1
            table = self._lost_of(release, None if self._asked > _ASKED_OFTEN else words)
            if self._asked > _ASKED_OFTEN:
                self._lost[release] = table
        return {word: table[word] for word in words & table.keys()}

    def _lost_of(self, release: numbers.Release, words: frozenset[bytes] | None) -> dict[bytes, set[bytes]]:
        """What a release lost, of some words or of all."""
        found: dict[bytes, set[bytes]] = {}
        bit = self.bit(release)
        known, scopes, masks = self._gone
        for word in self._gone_words if words is None else words & self._gone_words:
            at = bisect_left(known, word)
            while at < len(known) and known[at] == word:
                if masks[2 * at] & bit:
                    found.setdefault(word, set()).add(scopes[at])
                at += 1
        return found

    def murky(self, word: str, release: numbers.Release) -> bool:
        """Whether a macro of a release may declare a word (one that some release lost)."""
        words, _, masks = self._gone
        at = bisect_left(words, word.encode())
        return at < len(words) and words[at] == word.encode() and bool(masks[2 * at + 1] & self.bit(release))

    @cached_property
    def _table(self) -> tuple[list[str], list[int]]:
        lines = [line.split("\t") for line in self._text("table").splitlines()]
        return [first for first, _ in lines], [int(offset) for _, offset in lines]

    def bit(self, release: numbers.Release) -> int:
        """The mask of a release: of the newest one that is not newer (of the oldest, for what is older still)."""
        at = max(bisect_right(self.minors, numbers.minor(release)) - 1, 0)
        return 1 << at

    def _block(self, number: int) -> dict[str, tuple[str, int, int]]:
        if number not in self._unpacked:
            _, offsets = self._table
            end = offsets[number + 1] if number + 1 < len(offsets) else None
            names, before = {}, ""
            for line in zlib.decompress(self._sections["blocks"][offsets[number] : end]).decode().splitlines():
                shared, rest, kind, mask, header = line.split("\t")
                before = before[: int(shared)] + rest
                names[before] = (kind, int(mask, 16), int(header, 16))
            self._unpacked[number] = names
        return self._unpacked[number]

    def find(self, name: str) -> tuple[str, int, int] | None:
        """(kind, mask, number of the header) of a qualified name."""
        firsts, _ = self._table
        number = bisect_right(firsts, name) - 1
        return self._block(number).get(name) if number >= 0 else None

    def mask(self, name: str) -> int:
        """The releases that have a qualified name; 0 where none has."""
        found = self.find(name)
        return found[1] if found else 0

    def entry(self, name: str) -> Entry | None:
        found = self.find(name)
        if found is None:
            return None
        kind, mask, header = found
        return Entry(name, KINDS[kind], self.title, self._names_of(mask), (self._paths[header],), mask)

    def header(self, path: str) -> Entry | None:
        mask = self.headers.get(path, 0)
        return Entry(path, "header", self.title, self._names_of(mask), (path,), mask) if mask else None

    def _names_of(self, mask: int) -> tuple[str, ...]:
        return tuple(".".join(map(str, m)) for i, m in enumerate(self.minors) if mask >> i & 1)

    def below(self, scope: str) -> list[tuple[str, int]]:
        """The names directly in a scope ("at::"; "" for none), with their masks."""
        if scope not in self._below:
            firsts, _ = self._table
            start = max(bisect_right(firsts, scope) - 1, 0)
            end = bisect_right(firsts, scope + "\x7f") if scope else len(firsts)
            cut = len(scope)
            self._below[scope] = [
                (name, found[1])
                for number in range(start, end)
                for name, found in self._block(number).items()
                if name.startswith(scope) and "::" not in name[cut:]
            ]
        return self._below[scope]

    def all(self) -> list[str]:
        """Every name: unpacks everything."""
        return [name for number in range(len(self._table[0])) for name in self._block(number)]


class Index:
    """The index of every domain."""

    def __init__(self, domains: list[Domain]):
        self.domains = domains
        self.torch, self.cuda = domains

    _loaded: Index | None = None

    @classmethod
    def load(cls) -> Index:
        """The index that cuport ships; read once a process."""
        if cls._loaded is None:
            cls._loaded = cls([Domain(meta, sections) for meta, sections in layout.unpack(layout.PATH.read_bytes())])
        return cls._loaded

    def lookup(self, name: str) -> Entry | None:
        """A qualified name, a macro, or a header's path; ``at::X`` finds ``c10::X`` too, as the compiler does."""
        entries = self.lookup_all(name)
        return entries[0] if entries else None

    def lookup_all(self, name: str) -> list[Entry]:
        """What a name may mean, the one that lived longest first."""
        name = name.removeprefix("::")
        found = []
        for domain in self.domains:
            if "/" in name or "." in name:
                entry = domain.header(name)
                found += [entry] if entry else []
                continue
            found += [e for spelling in spellings(name) if (e := domain.entry(spelling)) is not None]
        return sorted(found, key=lambda e: (-e.mask.bit_length(), -e.mask.bit_count()))

    def search(self, word: str) -> list[Entry]:
        """Every name whose last part is ``word``; unpacks everything."""
        tail = "::" + word
        found = [d.entry(n) for d in self.domains for n in d.all() if n == word or n.endswith(tail)]
        return sorted(filter(None, found), key=lambda e: (-e.mask.bit_length(), len(e.name), e.name))

    def mask(self, domain: Domain, name: str) -> int:
        """The releases that have a name, under any of its spellings."""
        mask = 0
        for spelling in spellings(name.removeprefix("::")):
            mask |= domain.mask(spelling)
        return mask

    def has(self, name: str, release: numbers.Release, domain: str = "torch") -> bool:
        """Whether a release has a name or header."""
        chosen = next(d for d in self.domains if d.title == domain)
        mask = chosen.headers.get(name, 0) if "/" in name or "." in name else self.mask(chosen, name)
        return bool(mask & chosen.bit(release))

    def nearest(self, name: str, release: numbers.Release | None = None, domain: str = "torch", count: int = 3, cutoff: float = 0.6) -> list[str]:
        """Names of the same scope that the release (default: any) has and that are spelt most alike; headers of the same file name."""
        import difflib

        chosen = next(d for d in self.domains if d.title == domain)
        bit = chosen.bit(release) if release is not None else (1 << len(chosen.releases)) - 1
        if "/" in name or "." in name:
            file = name.rpartition("/")[2]
            same = [p for p, mask in chosen.headers.items() if mask & bit and p.rpartition("/")[2] == file]
            if same or release is not None:
                return sorted(same, key=len)[:count]
            return difflib.get_close_matches(name, [p for p, mask in chosen.headers.items() if abs(len(p) - len(name)) < 3], count, 0.9)
        scope, colons, word = name.removeprefix("::").rpartition("::")
        wanted = _grams(word)
        enough = len(wanted) / 4  # of these parts a name shares, to be a quarter of both
        scored = []
        for spelling in spellings(f"{scope}::") if colons else [""]:
            for candidate, mask in chosen.below(spelling):
                if mask & bit:
                    last = candidate[len(spelling) :]
                    lower = f"^{last.lower()}$"
                    shared = sum([gram in lower for gram in wanted])
                    if shared < enough:
                        continue
                    score = shared / ((len(wanted) + len(_grams(last)) - shared) or 1)
                    if score > 0.25:
                        scored.append((score, candidate, last))
        scored.sort(key=lambda s: (-s[0], s[1]))
        rated = [(difflib.SequenceMatcher(None, word, last).ratio(), -len(last), candidate) for _, candidate, last in scored[:20]]
        return [candidate for ratio, _, candidate in sorted(rated, reverse=True) if ratio >= cutoff][:count]


def spellings(name: str) -> list[str]:
    """A qualified name as written, and under the namespaces that torch's headers fold into its own."""
    found = [name]
    for written in found:
        for prefix, real in FOLDED:
            if written.startswith(prefix):
                other = real + written.removeprefix(prefix)
                if other not in found:
                    found.append(other)
    return found


def _grams(word: str) -> set[str]:
    word = f"^{word.lower()}$"
    return {word[i : i + 3] for i in range(len(word) - 2)}
