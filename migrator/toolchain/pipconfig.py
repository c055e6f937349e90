"""What pip is configured with: indexes, find-links, certificates, proxy.

Read through `pip config list` of the running interpreter (files and PIP_* variables, as pip itself merges them); where
there is no pip, from the PIP_* variables alone. Never raises: without any configuration it is PyPI.
"""
from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

PYPI = "https://pypi.org/simple"


@dataclass(frozen=True)
class PipConfig:
    indexes: tuple[str, ...] = (PYPI,)
    find_links: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 30.0
    retries: int = 5


def read_pip_config() -> PipConfig:
    """The configuration that `pip install` would use here."""
    settings = _settings()

    def words(name: str) -> tuple[str, ...]:
        return tuple(settings.get(name, "").split())

    indexes = () if settings.get("no-index", "").lower() in ("1", "true", "yes", "on") else (
        settings.get("index-url", PYPI), *words("extra-index-url"))
    return PipConfig(
        indexes=indexes,
        find_links=words("find-links"),
        cert=settings.get("cert") or None,
        client_cert=settings.get("client-cert") or None,
        proxy=settings.get("proxy") or None,
        trusted_hosts=words("trusted-host"),
        timeout=_number(settings.get("timeout") or settings.get("default-timeout"), PipConfig.timeout),
        retries=int(_number(settings.get("retries"), PipConfig.retries)),
    )


def _settings() -> dict[str, str]:
    """Option name -> value; the command's section over [global], the environment over both, as in pip."""
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    environment = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("PIP_")))
    for line in _pip_config_list(environment).splitlines():
        key, equals, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if equals and section in by_section:
            by_section[section][name] = str(ast.literal_eval(value))
    for name, value in environment:
        by_section[":env:"].setdefault(name[4:].lower().replace("_", "-"), value)
    return by_section["global"] | by_section["install"] | by_section[":env:"]


@cache
def _pip_config_list(environment: tuple) -> str:
    """pip's own listing; asked once a process for one environment, as it takes a third of a second."""
    command = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _number(text: str | None, default: float) -> float:
    try:
        return float(text) if text else default
    except ValueError:
        return default
