"""The repositories that a list names: a path or a git URL a line, or the JSON of GitHub's API or of ``gh repo list``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from migrator.fleet import FleetError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)|[^/\s:@]+@[^/\s:]+:")  # https://..., ext::..., git@host:path
_KEYS = ("clone_url", "url", "sshUrl", "ssh_url")  # of GitHub's REST answers, and of `gh repo list --json`


@dataclass(frozen=True)
class Repository:
    """One repository: its name for people, a real path or a git URL, and a branch, tag or commit ("": what is checked out, the default)."""

    name: str
    location: str
    ref: str = ""

    @property
    def is_url(self) -> bool:
        return _URL.match(self.location) is not None

    @property
    def shown(self) -> str:
        """The location without the password that its URL may hold."""
        if not self.is_url or "@" not in self.location or "://" not in self.location:
            return self.location
        parts = urlsplit(self.location)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def read(path: Path) -> list[Repository]:
    """The repositories of a list, each once, in its order; paths in it are relative to its folder. Raises FleetError."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror or error}; give a file that lists repositories") from None
    base = path.absolute().parent
    found = _of_json(text, path, base) if text.lstrip()[:1] in ("[", "{") else _of_lines(text, base)
    repositories = _named(list({(each.location, each.ref): each for each in found}.values()))
    if not repositories:
        raise FleetError(f"{path} names no repository: write a path or a git URL a line")
    return repositories


def _named(repositories: list[Repository]) -> list[Repository]:
    """Whole paths without the folders that all of them lie in."""
    folders = {os.path.dirname(each.location) for each in repositories if os.path.isabs(each.name)}
    common = os.path.commonpath(folders) if folders else ""
    return [replace(each, name=os.path.relpath(each.name, common)) if os.path.isabs(each.name) else each for each in repositories]


def _of_lines(text: str, base: Path) -> Iterator[Repository]:
    for line in text.splitlines():
        words = line.partition("#")[0] if line.lstrip().startswith("#") else line.partition(" #")[0]
        if words.strip():
            yield repository(words.strip(), base)


def repository(words: str, base: Path) -> Repository:
    """One line of a list: ``LOCATION``, ``LOCATION @REF`` or ``LOCATION@REF``. ``base`` is the folder of relative paths."""
    location, spaced, ref = words.rpartition(" @")
    if not spaced:
        location, ref = words, ""
    scheme = _URL.match(location)
    if scheme is None:
        if not ref and "@" in location and not os.path.lexists(base / os.path.expanduser(location)):
            location, _, ref = location.rpartition("@")
        return Repository(location, os.path.abspath(base / os.path.expanduser(location)), ref)
    if not ref:
        at = location.find("@", location.find("/", scheme.end()) if "://" in scheme[0] else scheme.end())
        if at > 0:
            location, ref = location[:at], location[at + 1 :]
    return Repository(_name_of(location), location, ref)


def _name_of(url: str) -> str:
    parts = [part for part in re.split(r"[/:]", url.rstrip("/").removesuffix("/.git")) if part]
    return "/".join(parts[-2:]).removesuffix(".git")


def _of_json(text: str, path: Path, base: Path) -> Iterator[Repository]:
    for number, entry in enumerate(_entries(text, path), 1):
        if isinstance(entry, str):
            yield repository(entry, base)
            continue
        urls = [entry[key] for key in _KEYS if isinstance(entry.get(key), str)] if isinstance(entry, dict) else []
        urls = [url for url in urls if not urlsplit(url).path.startswith(("/repos/", "/api/"))]  # REST's `url` is that of the API
        if not urls:
            raise FleetError(
                f"{path}: entry {number} has no clone_url, url or sshUrl: write the list with `gh repo list ORG --json nameWithOwner,url`, "
                "or with `gh api --paginate orgs/ORG/repos`"
            )
        name = entry.get("full_name") or entry.get("nameWithOwner")
        yield Repository(name if isinstance(name, str) else _name_of(urls[0]), urls[0])


def _entries(text: str, path: Path) -> Iterator[Any]:
    """The entries of one array, or of the arrays one after another that ``gh api --paginate`` prints."""
    decoder, at = json.JSONDecoder(), 0
    text = text.strip()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise FleetError(f"{path}: not JSON: {error}") from None
        at += len(text[at:]) - len(text[at:].lstrip())
        if not isinstance(value, list):
            raise FleetError(f"{path}: the JSON is no array; give what `gh repo list ORG --json nameWithOwner,url` prints")
        yield from _flat(value)


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):  # gh api --slurp: an array of pages
            yield from value
        else:
            yield value
