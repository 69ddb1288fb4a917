"""Requests to an HTTP API: bounded retries, bounded time, bounded size, and one line for what goes wrong."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from finops.core import redaction
from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.core.text import shown
from finops.policy.telemetry import HttpSource

ATTEMPTS = 4
"""Requests for one answer, the first included."""

LONGEST_WAIT = 60
"""Seconds that a server may ask to wait before the next request; one that asks for more is left to the next run."""

MOST_BYTES = 32 << 20
"""Of one answer, unpacked: about a million values."""

_BUSY = frozenset({429, 502, 503, 504})


class TooMuch(Exception):
    """An answer that is larger than the bound; asking for less may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the status, and the JSON object of the body; None where it holds none."""

    status: int
    content: dict[str, Any] | None
    retry_after: str | None = None


def pause(seconds: float) -> None:
    """Wait before the next attempt."""
    time.sleep(seconds)


class Api:
    """The HTTP API of one source."""

    def __init__(self, source: HttpSource, login: HttpLogin | None) -> None:
        self._source = source
        self._seconds = source.timeout_seconds
        login = login or _login_of(source)
        token = login.token.get_secret_value() if login.token else None
        password = login.password.get_secret_value() if login.password else None
        redaction.know_environment({"token": token or "", "password": password or ""})
        self._http = httpx.Client(
            auth=(login.user, password or "") if login.user and not token else None,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=self._seconds,
            follow_redirects=False,
            verify=_certificates(source),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        """Return the answer to a request, after retries where it may help.

        Raise Unavailable when there is none, BadInput when the login is refused or this is no API, TooMuch when it is
        larger than the bound. Other statuses are for the caller to judge.
        """
        for attempt in range(1, ATTEMPTS + 1):
            is_last = attempt == ATTEMPTS
            try:
                answer = self._once(method, path, request)
            except httpx.TimeoutException:
                says = f"did not answer within {self._seconds} seconds"
            except (httpx.TransportError, httpx.DecodingError, _Cut) as error:
                says = f"broke off, or does not answer ({shown(str(error) or type(error).__name__, 160)})"
            else:
                if answer.status not in _BUSY or is_for_caller(answer):
                    return self._judged(answer)
                says = f"is busy and answered {answer.status}"
                self._heed(answer)
                if not is_last and (seconds := _seconds(answer.retry_after)) is not None:
                    pause(seconds)
                    continue
            if not is_last:
                pause(2.0 ** (attempt - 1))
        raise Unavailable(f"{self.name} {says}, {ATTEMPTS} times; the next run asks again")

    @property
    def name(self) -> str:
        """What is asked, as messages have it."""
        return f"{self._source.type} at {self._source.url}"

    def _once(self, method: str, path: str, request: Mapping[str, Any]) -> Answer:
        deadline = time.monotonic() + self._seconds
        body = bytearray()
        with self._http.stream(method, self._source.url + path, **request) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise TooMuch
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer takes too long")
            is_json = "json" in response.headers.get("content-type", "")
            try:
                content = json.loads(body) if is_json or body[:1] == b"{" else None
            except (ValueError, RecursionError):
                if response.is_success:
                    raise _Cut("its JSON does not end") from None
                content = None
            is_object = isinstance(content, dict)
            return Answer(
                response.status_code, content if is_object else None, response.headers.get("retry-after") or None
            )

    def _judged(self, answer: Answer) -> Answer:
        if answer.status in (401, 403):
            raise BadInput(
                f"{self.name} refuses the login ({answer.status}); correct the connection, or token_file, of source "
                f"{self._source.name}"
            )
        if 300 <= answer.status < 400:
            raise BadInput(f"{self.name} sends elsewhere ({answer.status}); give the address that it names as url")
        if answer.status < 300 and answer.content is None:
            raise BadInput(f"{self.name} answers no JSON; correct url of source {self._source.name}")
        return answer

    def _heed(self, answer: Answer) -> None:
        seconds = _seconds(answer.retry_after)
        if seconds is not None and seconds > LONGEST_WAIT:
            raise Unavailable(
                f"{self.name} is busy ({answer.status}) and asks to wait {seconds:,.0f} seconds; the next run asks "
                "again"
            )


class _Cut(Exception):
    """An answer that ended too early."""


def is_for_caller(answer: Answer) -> bool:
    """Tell whether a busy server says, as Prometheus does, that the question itself was too heavy."""
    return answer.status == 503 and (answer.content or {}).get("errorType") in ("timeout", "canceled", "execution")


def _seconds(retry_after: str | None) -> float | None:
    """Return for how long Retry-After asks to wait: a number of seconds, or a date; None where it says neither."""
    text = retry_after or ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _login_of(source: HttpSource) -> HttpLogin:
    from pydantic import SecretStr

    if source.token_file is None:
        return HttpLogin()
    try:
        token = Path(source.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise BadInput(f"{source.token_file}: {reason}; correct token_file of source {source.name}") from None
    if not token or not token.isascii() or not token.isprintable():
        raise BadInput(f"{source.token_file}: holds no token; write it there, alone on one line")
    return HttpLogin(token=SecretStr(token))


def _certificates(source: HttpSource) -> ssl.SSLContext | bool:
    if source.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=source.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"{source.ca_file}: {error.strerror or error}; correct ca_file of {source.name}") from None
