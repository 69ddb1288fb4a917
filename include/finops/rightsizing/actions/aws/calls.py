"""One call of AWS, named by its permission, and what its failure means for an action.

A change is sent once. Whether an answer that never came means "not done" is for the next look at the resource to say,
so a client must try nothing twice by itself.
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)
from botocore.parsers import ResponseParserError

from finops.rightsizing.actions.model import Busy, Denied, NoCapacity, Rejected, ReplyLost
from finops.rightsizing.models import Change

_CALLS = {
    "s3:GetLifecycleConfiguration": "get_bucket_lifecycle_configuration",
    "s3:PutLifecycleConfiguration": "put_bucket_lifecycle_configuration",
}
"""Calls that are not named as their permission is."""
_SERVICES = {"tag": "resourcegroupstaggingapi"}

_BUSY = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "PriorRequestNotComplete",
        "IncorrectInstanceState",
        "IncorrectModificationState",
        "ResourceContention",
        "ResourceContentionFault",
        "ScalingActivityInProgress",
        "ScalingActivityInProgressFault",
        "ResourceInUse",
        "ConcurrentUpdateException",
        "ConcurrentModificationException",
        "ConflictException",
        "OperationAborted",
        "WAFOptimisticLockException",
        "WAFUnavailableEntityException",
        # Organizations shows late what was just made, attached or taken away: the state is read again.
        "DuplicatePolicyAttachmentException",
        "DuplicatePolicyException",
        "PolicyChangesInProgressException",
        "PolicyInUseException",
        "PolicyNotAttachedException",
    }
)
_NO_CAPACITY = frozenset(
    {
        "InsufficientInstanceCapacity",
        "InsufficientHostCapacity",
        "InsufficientReservedInstanceCapacity",
        "InsufficientCapacity",
        "InstanceLimitExceeded",
        "VcpuLimitExceeded",
        "MaxSpotInstanceCountExceeded",
        "Unsupported",
    }
)
_DENIED = frozenset(
    {
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "OptInRequired",
    }
)
_GONE = frozenset(
    {
        "AccountNotFoundException",
        "PolicyNotFoundException",
        "TargetNotFoundException",
        "NoSuchBucket",
        "NoSuchEntity",
        "ResourceNotFoundException",
        "ResourceNotFound",
    }
)
_WAFS_GONE = "WAFNonexistentItemException"
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)


class AwsAccount(Protocol):
    """The clients of one account."""

    def client(self, service: str, region: str) -> Any:
        """Return the SDK's client, made with one attempt for each call."""


class Gone(Rejected):
    """What was asked for is not there, or not any more."""


def read(account: AwsAccount, change: Change, permission: str, **arguments: Any) -> dict[str, Any]:
    """Ask. Raise Gone, Denied, or Busy where it can be asked again."""
    try:
        return _call(account, change, permission, arguments)
    except ReplyLost as error:
        raise Busy(str(error)) from error


def act(account: AwsAccount, change: Change, permission: str, **arguments: Any) -> dict[str, Any]:
    """Change something, once. Raise Busy where it was surely not done, ReplyLost where it may have been."""
    return _call(account, change, permission, arguments)


def client_token(token: str) -> str:
    """Return a step's token in the length and letters that AWS takes as a client token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _call(account: AwsAccount, change: Change, permission: str, arguments: dict[str, Any]) -> dict[str, Any]:
    service, _, operation = permission.partition(":")
    region = arguments.pop("in_region", change.target.region)
    method = arguments.pop("method", _CALLS.get(permission, xform_name(operation)))
    where = f"{permission} on {change.target.resource_id} in {change.target.account}, {region}"
    try:
        client = account.client(_SERVICES.get(service, service), region)
        answer: dict[str, Any] = getattr(client, method)(**arguments)
    except ClientError as error:
        raise _translated(error, permission, where) from error
    except ParamValidationError as error:
        raise Rejected(f"{where}: {_one_line(error)}") from error
    except NoCredentialsError as error:
        raise Denied(f"{where}: there are no credentials; give the account a connection or a role") from error
    except _NEVER_SENT as error:
        raise Busy(f"{where}: AWS cannot be reached: {_one_line(error)}") from error
    except (HTTPClientError, ResponseParserError) as error:
        raise ReplyLost(f"{where}: no answer came: {_one_line(error)}") from error
    except BotoCoreError as error:
        raise Denied(f"{where}: {_one_line(error)}; check the account's connection or role") from error
    return answer


def _translated(error: ClientError, permission: str, where: str) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", "")).removeprefix("Client.").removeprefix("Server.")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    says = f"{where}: {code}: {_one_line(error.response.get('Error', {}).get('Message', ''))}"
    if code in _BUSY:
        return Busy(says)
    if code in _NO_CAPACITY:
        return NoCapacity(says)
    if code in _DENIED or status == 403:
        return Denied(f"{says}; the permission {permission} is needed: deploy/permissions/aws")
    if code in _GONE or code == _WAFS_GONE or code.endswith((".NotFound", ".Malformed")):
        return Gone(says)
    if status >= 500:
        return ReplyLost(says)
    return Rejected(says)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:300]
