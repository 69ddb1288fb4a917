"""No secret in what is told: every error, log line and line on standard error passes ``redact``.

Two kinds are taken out. What a place gives away: the password of an address, the value of a parameter such as ``sig``
or ``AccountKey``, the token of a webhook. And what is known: the secrets of this process's environment and command
line, however a library quotes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"

_SHORTEST_KNOWN = 8
"""A shorter secret may be an ordinary word: it is hidden by its place alone."""
_SHORTEST_FRAGMENT = 6
"""Of a secret that breaks its address, since a library then quotes what it takes for the host."""

# Repetitions have bounds, and begin no pattern: a long text would else be searched anew from each letter.
_NAME = (
    r"(?:passw(?:or)?d|pwd|passphrase|secret|token|signature|credential|"
    r"(?:api|access|account|private|shared|fernet|storage)[_-]?key)[\w-]{0,64}|(?:\b|(?<=%3f)|(?<=%26))sig|(?<=[?&])(?:key|code|auth)"
)
_QUOTED = r'b?"(?:[^"\\]|\\.)*"' + r"|b?'(?:[^'\\]|\\.)*'"
_PARAMETER = re.compile(
    rf"""(?is)(?P<before>(?:{_NAME})(?:["']?\s*=\s*|%3d|["']\s*:\s*))(?P<secret>{_QUOTED}|[^\s&;,"'}})]+)"""
)
# To the last @: a password that nobody has percent-encoded may hold any character that ends one.
_LOGIN = re.compile(r"(?i)(?P<before>\b[a-z][a-z0-9+.-]{0,30}:/{1,3}[^\s:/@?#'\"]{0,300}:)(?P<secret>\S{0,2000})(?=@)")
_PLACES = (
    # A token in the place of a user.
    re.compile(r"(?i)(?P<before>\bhttps?://)(?P<secret>[^\s/@?#'\"]{1,2000})(?=@)"),
    # The login of an address that is percent-encoded as a whole.
    re.compile(
        r"(?i)(?P<before>\b[a-z][a-z0-9+.-]{0,30}(?:%3a|:)(?:%2f|/){2}(?:[^\s:@%]|%(?!3a|40)){0,300}(?:%3a|:))(?P<secret>\S{1,2000}?)(?=%40)"
    ),
    # Webhooks of chats: whoever knows the path may post.
    re.compile(
        r"(?i)(?P<before>https?://(?:hooks?\.[^\s/'\"]{1,300}/|[^\s'\"]{0,300}?(?:/services/|webhook[^\s/'\"]{0,300}/|/hooks?/|/workflows/|/bot(?=\d+:))))"
        r"(?P<secret>[^\s'\"<>),;]+)"
    ),
    re.compile(r"(?i)(?P<before>\b(?:bearer|basic)\s+)(?P<secret>[a-z0-9._~+/-]{12,}=*)"),
    # What is a secret by its own shape: private keys, JSON web tokens, tokens of GitHub, Slack and GitLab.
    re.compile(
        r"(?P<before>)(?P<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
        r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bgh[oprsu]_\w{20,}|\bxox[abeprs]-[\w-]{10,}|\bglpat-[\w-]{16,})",
        re.DOTALL,
    ),
    _PARAMETER,
)
_WHOLE_LOGIN = re.compile(r"(?is)[a-z][a-z0-9+.-]*:/{1,3}[^:/@?#]*:(?P<secret>.*)@")
_SECRET_VARIABLE = re.compile(r"(?i)(?:.*_)?(?:\w*passw(?:or)?d|pwd|passphrase|secrets?|token|key|sas)")
_EXAMPLES = frozenset({"password", "…", HIDDEN})
"""What stands for a secret where an address is explained."""

_known: set[str] = set()


def redact(text: str) -> str:
    """Return a text without the secrets in it, those that are known and those that their place gives away."""
    text = hide_known(text)
    for place in (_LOGIN, *_PLACES):
        text = place.sub(_hidden, text)
    return text


def hide_known(text: str) -> str:
    """Return a text without the secrets that are known; nothing else of it changes."""
    for secret in known():
        text = text.replace(secret, HIDDEN)
    return text


def known() -> list[str]:
    """Return the secrets that are known, in every spelling, the longest first."""
    return sorted(_known, key=len, reverse=True)


def know(texts: Iterable[str]) -> None:
    """Remember the secrets in addresses, connection strings and options, each text being one of them."""
    for text in texts:
        if login := _WHOLE_LOGIN.search(text):
            _remember(login["secret"])
            fragments = re.split(r"[@/:?#&=%\s\\'\"]+", login["secret"])
            # Of one alone there is none: it is the whole.
            _known.update(each for each in fragments[1:] + fragments[:-1] if len(each) >= _SHORTEST_FRAGMENT)
        for place in _PLACES:
            for match in place.finditer(text):
                _remember(match["secret"])


def know_secrets(secrets: Iterable[str]) -> None:
    """Remember secrets that were read from a file, a connection or a vault, each being one as a whole."""
    for secret in secrets:
        _remember(secret)


def know_environment(environment: Mapping[str, str]) -> None:
    """Remember the secrets of an environment: variables that are named for one, and those in any other."""
    for name, value in environment.items():
        if _SECRET_VARIABLE.fullmatch(name):
            _remember(value)
        know([value])


def _remember(secret: str) -> None:
    if re.fullmatch(_QUOTED, secret):
        secret = secret[secret.index(secret[-1]) + 1 : -1]
    if secret in _EXAMPLES:
        return
    for spelt in {secret, unquote(secret), unquote_plus(secret), secret.rstrip("=")}:
        spellings = {spelt, quote(spelt), quote(spelt, safe=""), quote_plus(spelt), repr(spelt)[1:-1]}
        _known.update(each for each in spellings if len(each) >= _SHORTEST_KNOWN)


def _hidden(match: re.Match[str]) -> str:
    secret = match["secret"]
    return match[0] if secret in _EXAMPLES else f"{match['before']}{HIDDEN}"


class Redacting:
    """A text stream that writes no secret: no known one, and with ``fully`` none that its place gives away."""

    # Who looks for bytes below finds none and writes text.
    buffer = None

    def __init__(self, stream: TextIO, *, fully: bool) -> None:
        self._stream, self._hide = stream, redact if fully else hide_known

    def write(self, text: str) -> int:
        """Write a text without its secrets."""
        return self._stream.write(self._hide(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts without their secrets."""
        for line in lines:
            self.write(line)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
