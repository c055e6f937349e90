"""The one error of this package. Its message is one line that says what to do next."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


class ToolchainError(Exception):
    """Something needed to compile is not here, or could not be fetched."""


@contextmanager
def verify_extra() -> Iterator[None]:
    """Around imports of packages that only the extra `verify` installs: a missing one becomes a ToolchainError."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ToolchainError(f"this needs the Python package {error.name}; run `pip install 'cuport[verify]'`") from error


def in_a_line(error: Exception) -> str:
    """The first line of another library's error, without passwords in addresses."""
    return without_password((str(error) or type(error).__name__).splitlines()[0])[:200]


def without_password(text: str) -> str:
    """https://user:secret@host/... -> https://host/..."""
    return re.sub(r"://[^/@\s]+@", "://", text)
