"""An HTTP session that reaches what pip reaches: its certificates, proxy, trusted hosts, retries; netrc by requests itself."""
from __future__ import annotations

from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from .pipconfig import PipConfig


class PipSession(requests.Session):
    """Requests' own session, but for two things: pip's `cert` wins over REQUESTS_CA_BUNDLE, and trusted hosts are not verified."""

    def __init__(self, config: PipConfig):
        super().__init__()
        self._config = config
        self.cert = config.client_cert
        self.headers["Accept-Encoding"] = "identity"  # byte ranges count the file's own bytes
        retry = Retry(
            total=config.retries,
            connect=min(config.retries, 2),
            backoff_factor=0.25,
            status_forcelist=(500, 502, 503, 520, 527),  # pip's
            raise_on_status=False,
        )
        self.mount("https://", HTTPAdapter(max_retries=retry))
        self.mount("http://", HTTPAdapter(max_retries=retry))

    def merge_environment_settings(self, url, proxies, stream, verify, cert):
        if self._config.proxy:
            proxies = {"http": self._config.proxy, "https": self._config.proxy, **(proxies or {})}
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        parts = urlsplit(url)
        if parts.hostname in self._config.trusted_hosts or parts.netloc in self._config.trusted_hosts:
            settings["verify"] = False
        elif self._config.cert:
            settings["verify"] = self._config.cert
        return settings

    def request(self, method, url, **kwargs):
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._config.timeout
        return super().request(method, url, **kwargs)
