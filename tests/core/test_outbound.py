"""The way out: which proxy an address is reached through, whose certificates are trusted, and what is refused."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from core.adapters.outbound import Outbound
from core.domain.errors import SettingsError

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environment", "url", "variable"),
    [
        ({"HTTPS_PROXY": PROXY}, "https://slack.com/api/", "HTTPS_PROXY"),
        ({"https_proxy": PROXY}, "https://slack.com/api/", "https_proxy"),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, "https://slack.com/", "https_proxy"),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, "https://slack.com/", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": f'"{PROXY}"'}, "https://slack.com/", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": PROXY}, "wss://slack.com/link", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": PROXY}, "http://slack.com/", ""),
        ({"HTTP_PROXY": PROXY}, "http://slack.com/", "HTTP_PROXY"),
        ({"HTTP_PROXY": PROXY}, "ws://slack.com/", "HTTP_PROXY"),
        ({"HTTP_PROXY": PROXY}, "https://slack.com/", ""),
        ({"ALL_PROXY": PROXY}, "https://slack.com/", "ALL_PROXY"),
        ({"all_proxy": PROXY}, "http://slack.com/", "all_proxy"),
        ({"ALL_PROXY": "socks5://x", "HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "NO_PROXY": "*"}, "https://a.b", ""),
        ({"HTTPS_PROXY": PROXY}, "https://127.0.0.1/", ""),
        ({"HTTPS_PROXY": PROXY}, "https://[::1]:8443/", ""),
        ({"HTTPS_PROXY": PROXY}, "https://localhost/", ""),
        ({}, "https://slack.com/", ""),
    ],
)
def test_each_address_has_its_proxy(environment: dict[str, str], url: str, variable: str) -> None:
    proxy = Outbound(environment).proxy_for(url)
    assert (proxy.variable if proxy else "") == variable
    assert proxy is None or proxy.address == PROXY


@pytest.mark.parametrize(
    ("exceptions", "url", "is_direct"),
    [
        ("slack.com", "https://slack.com/", True),
        ("slack.com", "https://wss.slack.com/", True),
        ("slack.com", "https://notslack.com/", False),
        (".slack.com", "https://wss.slack.com/", True),
        ("*.slack.com", "https://wss.slack.com/", True),
        ("SLACK.com", "https://Slack.COM/", True),
        ("a.b, slack.com", "https://slack.com/", True),
        ("a.b slack.com", "https://slack.com/", True),
        ("slack.com:443", "https://slack.com/", True),
        ("slack.com:8443", "https://slack.com/", False),
        ("*", "https://slack.com/", True),
        ("10.0.0.0/8", "https://10.255.255.255/", True),
        ("10.0.0.0/8", "https://11.0.0.0/", False),
        ("10.1.2.3", "https://10.1.2.3/", True),
        ("[fd00::1]", "https://[fd00::1]/", True),
        ("fd00::/8", "https://[fdff::1]/", True),
        ("fd00::/8", "https://[fe00::1]/", False),
        ("[fd00::1]:8443", "https://[fd00::1]/", False),
        ("[fd00::1]:8443", "https://[fd00::1]:8443/", True),
        ("[::1]", "https://slack.com/", False),
        ("", "https://slack.com/", False),
        (",,", "https://slack.com/", False),
    ],
)
def test_exceptions_are_read_as_people_write_them(exceptions: str, url: str, is_direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        outbound = Outbound({"HTTPS_PROXY": PROXY, name: exceptions})
        assert (outbound.proxy_for(url) is None) is is_direct


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ALL_PROXY": "socks5://x:1080"}, "ALL_PROXY: socks5:// proxies are not supported"),
        ({"all_proxy": "socks5h://x:1080"}, "all_proxy: socks5h:// proxies"),
        ({"HTTPS_PROXY": "ftp://x"}, "HTTPS_PROXY: ftp://"),
        ({"HTTP_PROXY": "http://hush:hush@"}, "HTTP_PROXY: is not"),
        ({"HTTP_PROXY": "http://x:99999"}, "HTTP_PROXY: is not"),
        ({"HTTPS_PROXY": "http://[::1"}, "HTTPS_PROXY: is not"),
        ({"HTTPS_PROXY": "http://a b"}, "HTTPS_PROXY: is not"),
        ({"SSL_CERT_FILE": "/no/such/file"}, "SSL_CERT_FILE: /no/such/file cannot be used (No such file"),
        ({"SSL_CERT_FILE": __file__}, "SSL_CERT_FILE: "),
        ({"SSL_CERT_DIR": "/no/such/folder"}, "SSL_CERT_DIR: "),
        ({"REQUESTS_CA_BUNDLE": "/no/such/file"}, "REQUESTS_CA_BUNDLE: "),
        ({"CURL_CA_BUNDLE": "/no/such/file"}, "CURL_CA_BUNDLE: "),
    ],
)
def test_what_cannot_be_used_is_one_line_that_names_it(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Outbound(environment)
    assert str(caught.value).startswith(said)
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_user_and_password_are_read_and_not_shown() -> None:
    outbound = Outbound({"HTTPS_PROXY": "http://me:hush%40@proxy:3128"})
    proxy = outbound.proxy_for("https://slack.com")
    assert proxy is not None
    assert proxy.auth == ("me", "hush@")
    assert proxy.url == "http://me:hush%40@proxy:3128"
    assert "hush" not in f"{proxy!r}{outbound.way_to('https://slack.com')}"
    assert outbound.secrets() == ("hush@", "hush@") or outbound.secrets() == ("hush@",)


def test_certificates_that_are_named_are_the_only_ones(tmp_path: Path) -> None:
    one = tmp_path / "ca.pem"
    one.write_text(
        Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    )
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        outbound = Outbound({name: str(one)})
        assert len(outbound.tls.get_ca_certs()) == 1
        assert outbound.trusted == f"the certificates of {name}"
    assert len(Outbound({}).tls.get_ca_certs()) > 50
