"""What questions to Azure Resource Manager have in common: the login, lists of many pages, one line for a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from azure.core.exceptions import AzureError
from azure.identity import CredentialUnavailableError, DefaultAzureCredential
from pydantic import SecretStr

from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.core.text import shown
from finops.policy.telemetry import HttpSource
from finops.telemetry.monitors.http import Answer, Api, TooMuch


def login(source: HttpSource, credential: Any) -> HttpLogin | None:
    """Return a token; ``credential`` is one of azure-identity's, None leaves it to the source and Azure's own chain."""
    if credential is None and source.token_file is not None:
        return None
    try:
        token = (credential or DefaultAzureCredential()).get_token(f"{source.url}/.default").token
    except CredentialUnavailableError:
        remedy = "configure its connection, or Azure's own chain"
        raise BadInput(f"source {source.name}: no usable Azure credentials; {remedy}") from None
    except AzureError as error:
        # The message may quote what was sent.
        says = shown(type(error).__name__)
        raise BadInput(f"source {source.name}: Azure refuses the credentials ({says}); correct them") from None
    return HttpLogin(token=SecretStr(token))


def pages(
    first: str, ask: Callable[[str], Mapping[str, Any]], address: str, name: str, what: str, source: str
) -> Iterator[list[Any]]:
    """Yield the values of a list of Resource Manager page by page; ``ask`` gives what is at a link.

    Raise Unavailable where the pages repeat themselves, BadInput where an answer is no list, or names a next page at
    another address: the token goes to ``address`` and nowhere else. ``name``, ``what`` and ``source`` are for messages.
    """
    seen: set[str] = set()
    link = first
    while link:
        if link in seen:
            raise Unavailable(f"{name}: the pages of {what} repeat themselves; the next run asks again")
        seen.add(link)
        content = ask(link)
        found = content.get("value")
        if not isinstance(found, list):
            raise BadInput(f"{name} answers with no list of {what}; correct url of {source}")
        yield found
        link = str(content.get("nextLink") or "")
        if link and not link.startswith(f"{address}/"):
            raise BadInput(f"{name} sends elsewhere for its next page; correct url of {source}")


class Arm:
    """Azure Resource Manager, as one source asks it."""

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

    def pages(self, path: str, query: Mapping[str, str], what: str) -> Iterator[list[Any]]:
        """Yield the values of a list page by page. ``what`` says in messages what is listed."""

        def ask(link: str) -> Mapping[str, Any]:
            return self.content(self.get(link.removeprefix(self._source.url), {}), f"the list of {what}")

        first = self._source.url + path + (f"?{urlencode(query)}" if query else "")
        return pages(first, ask, self._source.url, self.name, what, self._source.name)

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Return an answer, whatever its status."""
        try:
            return self._api.ask("GET", path, **({"params": query} if query else {}))
        except TooMuch:
            raise BadInput(f"{self.name} answers more than can be read at once") from None

    def content(self, answer: Answer, what: str) -> Mapping[str, Any]:
        """Return what an answer holds. Raise Unavailable where Azure failed, BadInput where it refuses."""
        content = answer.content or {}
        if answer.status < 300:
            return content
        error = content.get("error")
        says = shown(str(error.get("code") if isinstance(error, dict) else f"status {answer.status}"), 100)
        if answer.status >= 500:
            raise Unavailable(f"{self.name} failed at {what} ({says}); the next run asks again")
        raise BadInput(f"{self.name} refuses {what} ({says}); correct source {self._source.name}")
