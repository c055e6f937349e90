"""Which wheels of a project the configured indexes hold.

Reads simple indexes (HTML or JSON, by pypi-simple), `file://` indexes, and find-links folders and pages.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from .errors import ToolchainError, in_a_line, without_password
from .pipconfig import PipConfig, read_pip_config


@dataclass(frozen=True)
class Wheel:
    """One wheel file of an index: where it is, and what its name says."""

    project: str
    version: Version
    tags: frozenset[Tag]
    url: str  # http(s):// or file://
    sha256: str | None = None
    yanked: bool = False

    @property
    def filename(self) -> str:
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])

    @property
    def local_path(self) -> Path | None:
        """The file, where it lies on this machine."""
        parts = urlsplit(self.url)
        if parts.scheme != "file":
            return None
        from urllib.request import url2pathname

        return Path(url2pathname(parts.path))


class Index:
    """The indexes that pip is configured for, as one. `session` is a requests session that reaches them."""

    def __init__(self, config: PipConfig | None = None):
        from .session import PipSession

        self.config = config or read_pip_config()
        self.session = PipSession(self.config)
        self.failures: dict[str, str] = {}

    def wheels(self, project: str) -> list[Wheel]:
        """Every wheel of a project, of every version and platform, in the order of the indexes; one of each file name.

        An index that cannot be read is noted (see `missing`), as others may have what is wanted.
        """
        found: dict[str, Wheel] = {}
        for place in (*self.config.find_links, *self.config.indexes):
            try:
                for wheel in self._wheels_at(place, project):
                    found.setdefault(wheel.filename, wheel)
            except Exception as error:  # what a server or a proxy answers is without end; each is "not readable"
                self.failures[place] = in_a_line(error)
        return list(found.values())

    def missing(self, what: str, advice: str) -> ToolchainError:
        """The error for something that no index has: it names the indexes, or those that could not be read."""
        if self.failures:
            reasons = "; ".join(f"{without_password(place)}: {reason}" for place, reason in self.failures.items())
            return ToolchainError(f"cannot get {what}: the package index cannot be read ({reasons}); run this again when online")
        places = ", ".join(map(without_password, (*self.config.indexes, *self.config.find_links)))
        return ToolchainError(f"there is no {what} at {places or 'any package index'}; {advice}")

    def _wheels_at(self, place: str, project: str) -> Iterator[Wheel]:
        from pypi_simple import NoSuchProjectError, ProjectPage, PyPISimple

        is_index = place in self.config.indexes
        if "://" not in place:
            place = Path(place).expanduser().absolute().as_uri()
        if place.startswith("file://"):
            base = f"{place.rstrip('/')}/{canonicalize_name(project)}/" if is_index else place
            path = Wheel(project, Version("0"), frozenset(), base).local_path
            if path.is_dir() and (path / "index.html").is_file():
                base, path = urljoin(base.rstrip("/") + "/", "index.html"), path / "index.html"
            if path.is_file():
                page = ProjectPage.from_html(project, path.read_bytes(), base)
            else:
                yield from _of_project(project, (_wheel(file.absolute().as_uri(), {}) for file in sorted(path.glob("*.whl"))))
                return
        elif is_index:
            try:
                page = PyPISimple(place, session=self.session).get_project_page(project)
            except NoSuchProjectError:
                return
        else:
            response = self.session.get(place)
            response.raise_for_status()
            page = ProjectPage.from_html(project, response.content, response.url)
        yield from _of_project(project, (_wheel(each.url, each.digests or {}, each.is_yanked) for each in page.packages))


def _of_project(project: str, wheels: Iterable[Wheel | None]) -> Iterator[Wheel]:
    """Those of the project, without links to local files that are not there."""
    for wheel in wheels:
        if wheel and wheel.project == canonicalize_name(project) and (wheel.local_path is None or wheel.local_path.is_file()):
            yield wheel


def _wheel(url: str, digests: dict[str, str], yanked: bool = False) -> Wheel | None:
    """A link as a wheel; None for sdists and for names that are no wheel's."""
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except (InvalidWheelFilename, ValueError):
        return None
    return Wheel(project, version, tags, url, digests.get("sha256"), yanked)
