"""One call of Azure, named by its permission, and what its failure means for an action.

A change is sent once. Azure accepts most changes and does them later; what fails soon after (there is no capacity) is
waited for a short time, what takes longer shows in the resource's state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import BadResponse, BadStatus
from azure.core.rest import HttpRequest
from azure.mgmt.core.polling.arm_polling import ARMPolling
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from finops.rightsizing.actions.model import Busy, Denied, NoCapacity, Rejected, ReplyLost
from finops.rightsizing.models import Change

POLLS = 8
PAUSE_SECONDS = 2.5
"""How often, and how far apart, the outcome of a change is asked for before its resource's state has to tell."""

WATCH = "Microsoft.Compute/locations/operations/read"

_BUSY = frozenset(
    {
        "AnotherOperationInProgress",
        "AttachDiskWhileBeingDetached",
        "ConcurrentUpdateError",
        "Conflict",
        "ConflictingConcurrentWriteNotAllowed",
        "EtagMismatch",
        # A definition is let go a moment after its assignment.
        "InvalidDeletePolicyDefinitionRequest",
        "OperationPreempted",
        "PreconditionFailed",
        "ResourceCollectionRequestsThrottled",
        "RetryableError",
        "ServerBusy",
        "StorageAccountOperationInProgress",
        "SubscriptionRequestsThrottled",
        "TooManyRequests",
    }
)
_NO_CAPACITY = frozenset(
    {
        "AllocationFailed",
        "NotAvailableForSubscription",
        "OutOfCapacity",
        "OutOfQuota",
        "OverconstrainedAllocationRequest",
        "OverconstrainedZonalAllocationRequest",
        "QuotaExceeded",
        "SkuNotAvailable",
        "SpotAllocationFailed",
        "ZonalAllocationFailed",
    }
)
_TOO_MANY, _GONE, _CHANGED, _FAILURE = 429, 404, 412, 500
_NO_LOGIN = (401, 403)


class Gone(Rejected):
    """What was asked for is not there, or not any more."""


def read(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Ask. Raise Gone, Denied, or Busy where it can be asked again."""
    try:
        return _call(change, permission, call, *arguments, **options)
    except ReplyLost as error:
        raise Busy(str(error)) from error


def act(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Change something, once. Raise Busy where it was surely not done, ReplyLost where it may have been."""
    _call(change, permission, call, *arguments, **options)


def begin(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Begin a change, once, and see for a short time whether it fails."""

    def watched() -> None:
        call(*arguments, polling=_Watch(), **options).wait()

    _call(change, permission, watched)


def begin_request(change: Change, permission: str, client: Any, request: HttpRequest) -> None:
    """Begin a change that the SDK has no method for, as ``begin`` does."""

    def watched() -> None:
        answer = client.send_request(request, _return_pipeline_response=True)
        answer.http_response.raise_for_status()
        LROPoller(client, answer, lambda _: None, _Watch()).wait()

    _call(change, permission, watched)


def ask(client: Any, request: HttpRequest) -> Any:
    """Send a request of Azure's that the SDK has no method for; return what the answer holds."""
    response = client.send_request(request)
    response.raise_for_status()
    return response.json() if response.content else {}


class _Watch(ARMPolling):
    """Asks for an operation's outcome a few times; not having heard it is no failure."""

    def _poll(self) -> None:
        for _ in range(POLLS):
            if self.finished():
                break
            try:
                self.update_status()
            except (AzureError, BadResponse, BadStatus):
                return
            if not self.finished():
                time.sleep(PAUSE_SECONDS)
        if self.status().lower() in ("failed", "canceled", "cancelled"):
            raise HttpResponseError(response=self._pipeline_response.http_response)


def _call(change: Change, permission: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    where = f"{permission} on {change.target.resource_id}"
    try:
        return call(*arguments, **options)
    except ClientAuthenticationError as error:
        raise Denied(f"{where}: {_one_line(error)}; check the account's connection") from error
    except HttpResponseError as error:
        raise _translated(error, permission, where) from error
    except ServiceRequestError as error:
        if _never_sent(error):
            raise Busy(f"{where}: Azure cannot be reached: {_one_line(error)}") from error
        raise ReplyLost(f"{where}: no answer came: {_one_line(error)}") from error
    except ServiceResponseError as error:
        raise ReplyLost(f"{where}: no answer came: {_one_line(error)}") from error
    except AzureError as error:
        raise ReplyLost(f"{where}: {_one_line(error)}") from error


def _translated(error: HttpResponseError, permission: str, where: str) -> Exception:
    code = str(getattr(error.error, "code", None) or "")
    status = error.status_code or _FAILURE
    says = f"{where}: {code or status}: {_one_line(getattr(error.error, 'message', None) or error.message)}"
    is_quota = code == "OperationNotAllowed" and "quota" in says.lower()
    if code in _NO_CAPACITY or is_quota:
        return NoCapacity(says)
    if status in _NO_LOGIN:
        return Denied(f"{says}; the permission {permission} is needed: deploy/permissions/azure")
    if status == _GONE:
        return Gone(says)
    if code in _BUSY or status in (_TOO_MANY, _CHANGED):
        return Busy(says)
    if status >= _FAILURE:
        return ReplyLost(says)
    return Rejected(says)


def _never_sent(error: ServiceRequestError) -> bool:
    cause: Any = error.inner_exception
    reason = getattr((cause.args or [None])[0], "reason", cause) if cause is not None else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:300]
