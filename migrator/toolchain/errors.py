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
    """What another library's error comes down to, in one line without passwords in addresses."""
    chain: list[BaseException] = [error]
    while (inner := _reason(chain[-1])) is not None and inner not in chain:
        chain.append(inner)
    said = getattr(chain[-1], "strerror", None) or str(chain[-1]) or type(chain[-1]).__name__
    proxy = "the proxy: " if any(type(each).__name__ == "ProxyError" for each in chain) else ""
    return proxy + without_password(str(said).splitlines()[0])[:200]


def _reason(error: BaseException) -> BaseException | None:
    """The error that an error is about: urllib3 and requests keep it in ``reason``, among the arguments, or as the cause."""
    known = (getattr(error, "reason", None), *error.args, error.__cause__)
    return next((each for each in known if isinstance(each, BaseException)), None)


def without_password(text: str) -> str:
    """https://user:secret@host/... -> https://host/..."""
    return re.sub(r"://[^/@\s]+@", "://", text)
