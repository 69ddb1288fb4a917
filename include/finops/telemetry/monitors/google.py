"""What questions to Google's REST APIs have in common: the login, lists of many pages, one line for a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import google.auth
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from pydantic import SecretStr

from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.core.text import shown
from finops.policy.telemetry import HttpSource
from finops.telemetry.monitors.http import Answer, Api, TooMuch

MOST_PAGES = 10_000
"""Of one question."""


def login(source: HttpSource, credentials: Any, scopes: Sequence[str]) -> HttpLogin | None:
    """Return a token; ``credentials`` are google-auth's, None leaves them to the source and Google's own chain."""
    if credentials is None and source.token_file is not None:
        return None
    where = f"source {source.name}"
    try:
        found = credentials or google.auth.default(scopes=scopes)[0]
        found.refresh(Request())
    except DefaultCredentialsError:
        raise BadInput(
            f"{where}: no usable Google credentials; configure its connection, or Google's own chain"
        ) from None
    except TransportError:
        raise Unavailable(f"{where}: Google gives no token now; the next run asks again") from None
    except GoogleAuthError as error:
        # The message may quote what was sent.
        says = shown(type(error).__name__)
        raise BadInput(f"{where}: Google refuses the credentials ({says}); correct them") from None
    return HttpLogin(token=SecretStr(str(found.token)))


class GoogleApi:
    """One of Google's APIs, as one source asks it."""

    def __init__(self, source: HttpSource, found: HttpLogin | None) -> None:
        self._source = source
        self._api = Api(source, found)

    @property
    def name(self) -> str:
        """What is asked, as messages have it."""
        return self._api.name

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def pages(
        self, path: str, query: Mapping[str, str], says_nothing: Callable[[Answer], bool] | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the answers to a question, page by page; none where ``says_nothing`` holds of the first."""
        seen: set[str] = set()
        asked = dict(query)
        while True:
            answer = self._get(path, asked)
            if says_nothing is not None and says_nothing(answer):
                return
            content = self._content(path, answer)
            yield content
            token = str(content.get("nextPageToken") or "")
            if not token:
                return
            if token in seen or len(seen) > MOST_PAGES:
                raise Unavailable(f"{self.name}: the pages repeat themselves; the next run asks again")
            seen.add(token)
            asked["pageToken"] = token

    def _content(self, path: str, answer: Answer) -> Mapping[str, Any]:
        """Return what an answer holds. Raise Unavailable where Google failed, BadInput where it refuses."""
        if answer.status < 300:
            return answer.content or {}
        says = reason(answer)
        if answer.status >= 500:
            raise Unavailable(f"{self.name} failed ({says}); the next run asks again")
        raise BadInput(f"{self.name} refuses {path} ({says}); correct source {self._source.name}")

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Return an answer, whatever its status."""
        try:
            return self._api.ask("GET", path, params=query)
        except TooMuch:
            raise BadInput(f"{self.name} answers more than can be read at once") from None


def reason(answer: Answer) -> str:
    """Return what Google says of a refusal."""
    error = (answer.content or {}).get("error")
    found = error if isinstance(error, dict) else {}
    return shown(str(found.get("message") or found.get("status") or f"status {answer.status}"), 200)
