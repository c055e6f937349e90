"""A package index on loopback, with small wheels made up here, and a cache and pip configuration of the test's own."""
from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import threading
import zipfile
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HEADERS = 80


def make_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def torch_members(release: str, cuda: bool = True, include: str = "torch/include") -> dict[str, bytes]:
    """Headers, a library of two megabytes that does not compress, and headers again: two runs with a gap between."""
    noise = random.Random(release).randbytes(2_000_000)
    members = {f"{include}/ATen/part{n}.h": f"// {release} {n}\n".encode() * 50 for n in range(HEADERS)}
    members["torch/lib/libtorch.so"] = noise
    members[f"{include}/torch/extension.h"] = b"#pragma once\n"
    if cuda:
        members[f"{include}/ATen/cuda/CUDAConfig.h"] = b"#pragma once\n"
    members["torch/version.py"] = f"__version__ = '{release}'\n".encode()
    members["torch/utils/cpp_extension.py"] = b"# flags\n"
    return members


@cache
def digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Server(ThreadingHTTPServer):
    """A simple index. The attributes make it behave as some real ones do."""

    daemon_threads = True

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.ranges = "all"  # "all", "no suffix" (bytes=-5 refused), "none"
        self.login: str | None = None
        self.break_after = 0  # bytes of an answer with a range after which the connection breaks
        self.breaks = 0  # how often that happens
        self.requests: list[tuple[str, str, str | None]] = []
        self.sent = 0

    def handle_error(self, request, client_address):
        """A client that was killed in the middle of an answer is no error."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wheel_requests(self) -> list[str | None]:
        return [wanted for method, path, wanted in self.requests if method == "GET" and path.endswith(".whl")]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def log_message(self, *_):
        pass

    def answer(self, body: bool) -> None:
        wanted = self.headers.get("Range")
        self.server.requests.append((self.command, self.path, wanted))
        login = self.server.login
        if login and self.headers.get("Authorization") != "Basic " + base64.b64encode(login.encode()).decode():
            return self.send(401, b"", body)
        project = re.fullmatch(r"/simple/([^/]+)/", self.path)
        if project:
            return self.send(200, self.page(project[1]), body, {"Content-Type": "text/html"})
        file = self.server.folder / self.path.rpartition("/")[2]
        if not file.is_file() or not self.path.startswith("/files/"):
            return self.send(404, b"", body)
        content = file.read_bytes()
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted or "")
        if not match or self.server.ranges == "none":
            return self.send(200, content, body)
        if not match[1] and self.server.ranges == "no suffix":
            return self.send(416, b"", body)
        first = int(match[1]) if match[1] else max(0, len(content) - int(match[2]))
        last = min(int(match[2]), len(content) - 1) if match[1] and match[2] else len(content) - 1
        self.send(206, content[first:last + 1], body, {"Content-Range": f"bytes {first}-{last}/{len(content)}"})

    def page(self, project: str) -> bytes:
        names = [path.name for path in sorted(self.server.folder.glob("*.whl")) if path.name.partition("-")[0] == project]
        if not names:
            return b"<html></html>"
        links = "".join(f'<a href="/files/{name}#sha256={self.digest(name)}">{name}</a>' for name in names)
        return f"<html>{links}</html>".encode()

    def digest(self, name: str) -> str:
        path = self.server.folder / name
        return digest(path, path.stat().st_mtime_ns)

    def send(self, status: int, content: bytes, body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body:
            return
        limit = self.server.break_after
        if self.server.breaks and status == 206 and len(content) > limit:
            self.server.breaks -= 1
            content = content[:limit]
            self.close_connection = True
        self.wfile.write(content)
        self.server.sent += len(content)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The folder of wheels that `index` serves: torch 1.4.0, 1.10.2 and pybind11 3.0.1."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "torch-1.4.0-cp38-cp38-manylinux1_x86_64.whl", torch_members("1.4.0"))
    make_wheel(folder, "torch-1.10.2-cp36-cp36m-manylinux1_x86_64.whl", torch_members("1.10.2"))
    make_wheel(folder, "pybind11-3.0.1-py3-none-any.whl", {"pybind11/include/pybind11/pybind11.h": b"#pragma once\n"})
    return folder


@pytest.fixture(name="cache")
def cache_fixture(tmp_path: Path, monkeypatch) -> Path:
    """An empty cache of cuport's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CUPORT_CACHE", str(folder))
    return folder


@pytest.fixture
def no_pip_config(monkeypatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def index(wheels: Path, cache: Path, no_pip_config, monkeypatch) -> Server:
    """The index, which is also the one that pip is configured for."""
    server = Server(wheels)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    yield server
    server.shutdown()
    server.server_close()
