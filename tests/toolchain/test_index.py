"""Every kind of place that pip can be told to look in."""
from __future__ import annotations

import os

import pytest

from migrator.toolchain import ToolchainError, header_set
from migrator.toolchain.index import Index
from migrator.toolchain.pipconfig import PYPI, PipConfig, read_pip_config


def names(project: str) -> list[str]:
    return sorted(wheel.filename for wheel in Index().wheels(project))


def test_without_configuration_it_is_pypi(no_pip_config):
    assert read_pip_config().indexes == (PYPI,)


def test_a_configuration_file(no_pip_config, tmp_path, monkeypatch):
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://one.example/simple\ncert = /etc/one.pem\ntimeout = 7\n"
                    "extra-index-url = https://two.example/simple\n    https://three.example/simple\n"
                    "[install]\ntrusted-host = one.example\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    config = read_pip_config()
    assert config.indexes == ("https://one.example/simple", "https://two.example/simple", "https://three.example/simple")
    assert (config.cert, config.timeout, config.trusted_hosts) == ("/etc/one.pem", 7.0, ("one.example",))
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.example/simple")
    assert read_pip_config().indexes[0] == "https://env.example/simple"


def test_no_index(no_pip_config, monkeypatch, wheels):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    assert read_pip_config() == PipConfig(indexes=(), find_links=(str(wheels),))
    assert names("torch") == ["torch-1.10.2-cp36-cp36m-manylinux1_x86_64.whl", "torch-1.4.0-cp38-cp38-manylinux1_x86_64.whl"]


def test_a_find_links_folder_is_enough(no_pip_config, cache, monkeypatch, wheels):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    assert header_set("1.4", download=True).downloaded == 0


def test_an_index_of_files(no_pip_config, monkeypatch, wheels, tmp_path):
    folder = tmp_path / "simple/pybind11"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text('<a href="../../wheels/pybind11-3.0.1-py3-none-any.whl">pybind11-3.0.1-py3-none-any.whl</a>'
                                       '<a href="../../wheels/pybind11-9.9.9-py3-none-any.whl">pybind11-9.9.9-py3-none-any.whl</a>')
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    assert names("pybind11") == ["pybind11-3.0.1-py3-none-any.whl"], "the link to a file that is not there is left out"


def test_one_index_down_the_other_serves(index, monkeypatch):
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{index.url}/simple")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert header_set("1.4", download=True).release == "1.4.0"


def test_a_password_in_the_address_works_and_is_not_kept(index, monkeypatch, cache):
    index.login = "me:secret"
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.url}/simple".replace("http://", "http://me:secret@"))
    headers = header_set("1.4", download=True)
    assert "secret" not in headers.wheel
    assert not [path for path in cache.rglob("*.json") if b"secret" in path.read_bytes()]
    with pytest.raises(ToolchainError) as raised:
        header_set("9.9.9", download=True)
    assert "secret" not in str(raised.value)


def test_a_password_in_netrc_works(index, monkeypatch, tmp_path):
    index.login = "me:secret"
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    with pytest.raises(ToolchainError, match="401"):
        header_set("1.4", download=True)
    monkeypatch.setenv("NETRC", str(netrc))
    assert header_set("1.4", download=True).release == "1.4.0"


def test_pips_proxy_is_used(index, monkeypatch):
    """The server stands as its own proxy: a proxy is asked for the whole address, which this one does not know."""
    monkeypatch.setenv("PIP_PROXY", index.url)
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ToolchainError):
        header_set("1.4", download=True)
    assert any(path.startswith("http://index.invalid/simple/torch") for _, path, _ in index.requests)


def test_pips_certificate_wins_over_requests_own(no_pip_config, monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_CERT", "/etc/pip.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    monkeypatch.setenv("PIP_TRUSTED_HOST", "lan.example")
    session = Index().session
    assert session.merge_environment_settings("https://pypi.org/simple", {}, True, None, None)["verify"] == "/etc/pip.pem"
    assert session.merge_environment_settings("https://lan.example/simple", {}, True, None, None)["verify"] is False
