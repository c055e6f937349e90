"""The index's file format: what ``build`` writes and ``index`` reads.

    b"cuport-api 2\\n", then for each domain (torch, CUDA) one line of JSON with the lengths of its sections, then the sections:

    headers   zlib: one line a header: path TAB mask in hex
    gone      zlib: the last parts of the names that some release lost, one a line, sorted; an empty line; the part before each (``.``
              for a global name); an empty line; then for each two little-endian 64-bit masks: the releases that lack the name and are
              newer than one that has it, and the releases where a macro may declare the last part
    blocks    names in blocks of ``BLOCK``, each zlib: one line a name: shared prefix length, rest, kind, mask, number of the header

The names are sorted; the JSON holds the first name and the offset of every block, so that one look-up unpacks one block.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

PATH = Path(__file__).parent / "data" / "api.idx"
MAGIC = b"cuport-api 2\n"
BLOCK = 512


@dataclass
class Packing:
    """One domain: what is written, and what is read back (``names`` then stays in its blocks)."""

    title: str
    releases: tuple[str, ...]
    names: dict[str, list]  # name -> [mask, kind, header]
    headers: dict[str, int]
    gone: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # (last part, part before it) -> masks


def pack(domains: list[Packing]) -> bytes:
    """The bytes of the data file."""
    out = [MAGIC]
    for domain in domains:
        paths = sorted(domain.headers)
        number = {path: i for i, path in enumerate(paths)}
        headers = zlib.compress("".join(f"{p}\t{domain.headers[p]:x}\n" for p in paths).encode(), 9)
        masks = b"".join(struct.pack("<QQ", *each) for each in domain.gone.values())
        words, scopes = ("\n".join(pair[i] or "." for pair in domain.gone).encode() for i in (0, 1))
        gone = zlib.compress(words + b"\n\n" + scopes + b"\n\n" + masks, 9)
        names = sorted(domain.names)
        blocks, firsts, offsets = [], [], [0]
        for start in range(0, len(names), BLOCK):
            lines, before = [], ""
            for name in names[start : start + BLOCK]:
                mask, kind, header = domain.names[name]
                shared = 0
                while shared < min(len(before), len(name)) and before[shared] == name[shared]:
                    shared += 1
                lines.append(f"{shared}\t{name[shared:]}\t{kind}\t{mask:x}\t{number[header]:x}\n")
                before = name
            blocks.append(zlib.compress("".join(lines).encode(), 9))
            firsts.append(names[start])
            offsets.append(offsets[-1] + len(blocks[-1]))
        meta = {
            "title": domain.title, "releases": domain.releases, "names": len(names), "headers": len(headers), "gone": len(gone),
            "blocks": offsets[-1],
        }  # fmt: skip
        table = zlib.compress("\n".join(f"{first}\t{offset}" for first, offset in zip(firsts, offsets, strict=False)).encode(), 9)
        meta["table"] = len(table)
        out += [json.dumps(meta).encode() + b"\n", headers, gone, table, *blocks]
    return b"".join(out)


def unpack(data: bytes) -> list[tuple[dict, dict[str, memoryview]]]:
    """The domains: their JSON, and their sections still packed."""
    if not data.startswith(MAGIC):
        raise ValueError("not an index of the API that this cuport can read")
    view, position, found = memoryview(data), len(MAGIC), []
    while position < len(data):
        end = data.index(b"\n", position)
        meta = json.loads(data[position:end])
        position = end + 1
        sections = {}
        for section in ("headers", "gone", "table", "blocks"):
            sections[section] = view[position : position + meta[section]]
            position += meta[section]
        found.append((meta, sections))
    return found
