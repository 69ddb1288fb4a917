"""One call of Google Cloud, named by its permission, and what its failure means for an action.

A change is sent once, under an id that is the same whenever the same step is tried again. Compute Engine answers with
an operation; what fails soon after (there is no capacity) is waited for a short time, what takes longer shows in the
resource's state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from google.api_core.exceptions import GoogleAPICallError, from_http_response
from google.auth.exceptions import GoogleAuthError
from google.auth.exceptions import TransportError as LoginUnreachable
from google.cloud.compute_v1.types import Operation
from requests.exceptions import ConnectionError as Unconnected
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import NewConnectionError

from finops.rightsizing.actions.gcp.names import Name
from finops.rightsizing.actions.model import Busy, Denied, NoCapacity, Rejected, ReplyLost
from finops.rightsizing.models import Change

POLLS = 10
PAUSE_SECONDS = 2.0
"""How often, and how far apart, an operation is asked for before its resource's state has to tell."""
CALL_SECONDS = 60
WATCH = "compute.zoneOperations.get"

_BUSY = (
    "RESOURCE_NOT_READY",
    "RESOURCE_OPERATION_RATE_EXCEEDED",
    "conditionNotMet",
    "rateLimitExceeded",
    "resourceNotReady",
    "userRateLimitExceeded",
)
_NO_CAPACITY = (
    "QUOTA_EXCEEDED",
    "RESOURCE_POOL_EXHAUSTED",
    "STOCKOUT",
    "quotaExceeded",
)
_REFUSED, _GONE, _CONFLICT, _CHANGED, _TOO_MANY, _FAILURE = 400, 404, 409, 412, 429, 500
_NO_LOGIN = (401, 403)
_ONCE: dict[str, Any] = {"retry": None, "timeout": CALL_SECONDS}


class Gone(Rejected):
    """What was asked for is not there, or not any more."""


def read(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Ask. Raise Gone, Denied, or Busy where it can be asked again."""
    try:
        return _call(change, permission, call, *arguments, **{**_ONCE, **options})
    except ReplyLost as error:
        raise Busy(str(error)) from error


def act(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Change something, once. Raise Busy where it was surely not done, ReplyLost where it may have been."""
    return _call(change, permission, call, *arguments, **{**_ONCE, **options})


def begin(
    client: Any,
    change: Change,
    permission: str,
    call: Callable[..., Any],
    where: Name,
    token: str,
    request: Mapping[str, Any],
) -> None:
    """Begin a change in a zone, once, and see for a short time whether it fails.

    Google answers a request whose id it knows with the first one's operation. Where that has failed it had no effect,
    so the change is asked for anew.
    """
    asked = {"project": where.project, "zone": where.zone, **request}
    operation = act(change, permission, call, {**asked, "request_id": request_id(token)})
    if _is_done(operation) and _errors(operation):
        operation = act(change, permission, call, {**asked, "request_id": str(uuid4())})
    for _ in range(POLLS):
        if _is_done(operation):
            break
        time.sleep(PAUSE_SECONDS)
        try:
            asked_for = {"project": where.project, "zone": where.zone, "operation": operation.name}
            operation = read(change, WATCH, client.zone_operations.get, asked_for)
        except (Busy, Gone):
            return
    if _is_done(operation) and (errors := _errors(operation)):
        raise _meaning(0, f"{permission} on {change.target.resource_id}: {_one_line(errors)}", errors, permission)


def send(client: Any, method: str, address: str, **options: Any) -> dict[str, Any]:
    """Send one request of an API that no client of ours knows; ``retry`` is of those that do."""
    options.pop("retry", None)
    response = client.http.request(method, address, **options)
    if response.status_code == _CONFLICT:
        raise Busy(f"{method} {address}: somebody else is changing it, or has: {response.text[:200]}")
    if response.status_code >= _REFUSED:
        raise from_http_response(response)
    found: dict[str, Any] = response.json()
    return found


def request_id(token: str) -> str:
    """Return a step's token in the form that Google takes as a request's id."""
    return str(uuid5(NAMESPACE_URL, token))


def _call(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    where = f"{permission} on {change.target.resource_id}"
    try:
        return call(*arguments, **options)
    except GoogleAPICallError as error:
        says = f"{where}: {error.code}: {_one_line(error.message)}"
        reasons = " ".join(str(each.get("reason", "")) for each in error.errors if isinstance(each, Mapping))
        raise _meaning(int(error.code or _FAILURE), says, f"{reasons} {error.message}", permission) from error
    except LoginUnreachable as error:
        raise Busy(f"{where}: the login cannot be reached: {_one_line(error)}") from error
    except GoogleAuthError as error:
        raise Denied(f"{where}: {_one_line(error)}; check the account's connection") from error
    except ConnectTimeout as error:
        raise Busy(f"{where}: Google cannot be reached: {_one_line(error)}") from error
    except Unconnected as error:
        if isinstance(getattr(next(iter(error.args), None), "reason", None), NewConnectionError):
            raise Busy(f"{where}: Google cannot be reached: {_one_line(error)}") from error
        raise ReplyLost(f"{where}: no answer came: {_one_line(error)}") from error
    except RequestException as error:
        raise ReplyLost(f"{where}: no answer came: {_one_line(error)}") from error


def _meaning(status: int, says: str, reasons: str, permission: str) -> Exception:
    if any(each in reasons for each in _NO_CAPACITY):
        return NoCapacity(says)
    if status in (_TOO_MANY, _CHANGED) or any(each in reasons for each in _BUSY):
        return Busy(says)
    if status in _NO_LOGIN:
        return Denied(f"{says}; the permission {permission} is needed: deploy/permissions/gcp")
    if status == _GONE:
        return Gone(says)
    return ReplyLost(says) if status >= _FAILURE else Rejected(says)


def _is_done(operation: Operation) -> bool:
    return bool(operation.status == Operation.Status.DONE)


def _errors(operation: Operation) -> str:
    return "; ".join(f"{each.code}: {each.message}" for each in operation.error.errors)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:300]
