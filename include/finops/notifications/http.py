"""One POST to an address that was checked: encrypted, never redirected, never into a private network.

The name is resolved once and the connection goes to the very address that was checked, so that a name which answers
differently the second time (DNS rebinding) leads nowhere else. The certificate is still that of the name. No proxy of
the environment is used: it would resolve the name again.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache

import httpx

from finops.core.settings import Settings
from finops.notifications.models import Broken, Busy, NoAnswer, Refused, one_line

SECONDS = 15.0
_MOST_BYTES = 2000
_LONGEST_PAUSE = timedelta(hours=6)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_speaks_of_secrets: ContextVar[bool] = ContextVar("speaks_of_secrets", default=False)
# httpx logs the address of each request, and of a chat the address is the secret.
logging.getLogger("httpx").addFilter(lambda _: not _speaks_of_secrets.get())

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def post(settings: Settings, url: str, body: bytes, headers: Mapping[str, str], seconds: float = SECONDS) -> str:
    """Post a body; return the beginning of the answer.

    Raise Refused, Broken, Busy or NoAnswer; none of them repeats the address, which may be the secret.
    """
    target = _parsed(settings, url)
    fault = NoAnswer("its name has no address", is_in_doubt=False)
    quiet = _speaks_of_secrets.set(True)
    try:
        for address in checked_addresses(settings, target):
            try:
                return _post(target, address, body, headers, seconds)
            except NoAnswer as error:
                if error.is_in_doubt:
                    raise
                fault = error
    finally:
        _speaks_of_secrets.reset(quiet)
    raise fault


@cache
def authorities() -> ssl.SSLContext:
    """Return the authorities whose certificates are trusted; SSL_CERT_FILE may name others. They are read once."""
    return httpx.create_ssl_context()


def _parsed(settings: Settings, url: str) -> httpx.URL:
    try:
        target = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        raise Broken("its address is no address; correct it") from None
    is_trusted = _is_trusted(settings, target)
    if not target.host or target.userinfo or not (target.scheme == "https" or (target.scheme == "http" and is_trusted)):
        raise Broken("its address must be https://; http:// is for a host in FINOPS_CHANNEL_HOSTS alone")
    return target


def _is_trusted(settings: Settings, target: httpx.URL) -> bool:
    return bool({target.host, target.netloc.decode("ascii")} & settings.trusted_channel_hosts)


def checked_addresses(settings: Settings, target: httpx.URL) -> list[Address]:
    """Return the addresses of a host. Raise Broken when any of them is not public and the host is not trusted.

    A link-local one, where clouds keep their machines' credentials, is refused whatever is trusted.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoAnswer("its name cannot be resolved", is_in_doubt=False) from None
    addresses = list(dict.fromkeys(ipaddress.ip_address(each[4][0]) for each in found))
    for address in addresses:
        if _innermost(address).is_link_local:
            raise Broken("its name leads to a link-local address, which is refused")
        if not is_public(address) and not _is_trusted(settings, target):
            raise Broken("its name leads to a private or loopback address; name the host in FINOPS_CHANNEL_HOSTS")
    return addresses


def is_public(address: Address) -> bool:
    """Tell whether an address, and what is wrapped in it, belongs to the public Internet."""
    inner = _innermost(address)
    return address.is_global and inner.is_global and not inner.is_multicast and not inner.is_reserved


def _innermost(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _post(target: httpx.URL, address: Address, body: bytes, headers: Mapping[str, str], seconds: float) -> str:
    sent = {**headers, "Host": target.netloc.decode("ascii")}
    limits = httpx.Timeout(seconds)
    try:
        is_encrypted = target.scheme == "https"
        with httpx.Client(verify=authorities(), trust_env=False, timeout=limits, follow_redirects=False) as client:
            options = {"extensions": {"sni_hostname": target.host}} if is_encrypted else {}
            pinned = target.copy_with(host=str(address))
            with client.stream("POST", pinned, content=body, headers=sent, **options) as answer:  # type: ignore[arg-type]
                return _judged(answer, _beginning(answer, seconds))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NoAnswer(f"it cannot be reached ({type(error).__name__})", is_in_doubt=False) from None
    except httpx.HTTPError as error:
        raise NoAnswer(f"it gave no answer ({type(error).__name__})", is_in_doubt=True) from None


def _beginning(answer: httpx.Response, seconds: float) -> str:
    content, ends = b"", time.monotonic() + seconds
    try:
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > _MOST_BYTES or time.monotonic() > ends:
                break
    except httpx.HTTPError:
        # Its status is the answer; what it says beyond that is for people.
        pass
    return one_line(content[:_MOST_BYTES].decode("utf-8", "replace"), 200)


def _judged(answer: httpx.Response, says: str) -> str:
    status = answer.status_code
    words = f"it answered {status}" + (f": {says}" if says else "")
    if 200 <= status < 300:
        return says
    if status in (408, 425, 429) or status >= 500:
        if status in (502, 504):
            # A gateway lost the answer of whoever took the message, perhaps.
            raise NoAnswer(words, is_in_doubt=True)
        raise Busy(words, retry_after(answer.headers.get("Retry-After", "")))
    if status in (401, 403, 404, 410) or 300 <= status < 400:
        raise Broken(f"{words}; its address or secret is wrong or has expired: renew it")
    raise Refused(words)


def retry_after(given: str, now: datetime | None = None) -> timedelta | None:
    """Return how long ``Retry-After`` asks to wait, of seconds or a date (RFC 9110, 10.2.3); at most six hours."""
    try:
        if given.strip().isdigit():
            pause = timedelta(seconds=min(int(given), 10**6))
        else:
            pause = parsedate_to_datetime(given).astimezone(UTC) - (now or datetime.now(UTC))
    except (ValueError, TypeError):
        return None
    return min(max(pause, timedelta(seconds=1)), _LONGEST_PAUSE)
