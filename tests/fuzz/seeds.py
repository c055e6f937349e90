"""Where fuzzing starts from: the fixtures, the recorded logs, and words that matter."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path

from .targets import SCRIPTS, SOURCES

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
WORDS = [
    b"THCState *state", b"AT_CHECK(", b"x.type()", b".data<float>()", b"AT_DISPATCH_ALL_TYPES(x.type(), f, [&] {})", b"#define ",
    b"\\\n", b"#if 0\n", b"#endif\n", b"#else\n", b"// cuport: ignore\n", b"# cuport: ignore[at-check]\n", b"(", b")", b"{", b"}", b"[",
    b"]", b'"', b"'", b'"""', b"/*", b"*/", b",", b";", b"\n", b"\r\n", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"R\"(",
    b"create_extension(", b"CUDAExtension(", b"extra_compile_args=", b"'-std=c++11'", b"from torch.utils.ffi import create_extension\n",
    b"import torch\n", b"set(CMAKE_CXX_STANDARD 11)\n", b"-arch=sm_35", b"torch==1.0\n", b"@staticmethod\n",
    b"class F(Function):\n    def forward(self, x):\n        return x\n", b"lambda: ", b"f'{x}'", b"error: identifier \"", b"../",
    b"\x1b[31m",
]  # fmt: skip


@cache
def seeds(target: str) -> tuple[bytes, ...]:
    """Inputs that mean something to a target."""
    files = [p for p in sorted(FIXTURES.rglob("*")) if p.is_file() and ("before" in p.name or "same" in p.name or "before" in p.parts)]
    if target == "source":
        return tuple(bytes([i]) + p.read_bytes() for p in files for i, name in enumerate(SOURCES) if p.suffix == Path(name).suffix)
    if target == "script":
        named = [(p, i) for p in files for i, name in enumerate(SCRIPTS) if p.suffix == Path(name).suffix or p.name == name]
        return tuple(bytes([i]) + p.read_bytes() for p, i in named)
    if target == "several":
        texts = [p.read_bytes() for p in files if p.suffix in (".h", ".cu")]
        return tuple(b"\0".join([b"import torch\n", text, text, b"void f();\n"]) for text in texts)
    if target == "log":
        return tuple(p.read_bytes()[:20000] for p in sorted((FIXTURES / "logs").iterdir()) if p.is_file())
    stream = io.BytesIO()
    entry = {"old_path": "csrc/a.cu", "new_path": "csrc/a.cu", "old_hash": "0", "new_hash": "1", "mode": 420}
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("record.json", json.dumps({"format": 1, "command": "cuport", "folders": ["a"], "entries": [entry]}))
        archive.writestr("originals/0", "old")
    return (stream.getvalue(),)
