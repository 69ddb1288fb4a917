"""What clients of AWS have in common: how often they ask, and one line for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.text import shown

ATTEMPTS = 6
"""Requests for one answer, the first included; botocore repeats what is throttled."""

Clients = Callable[[str, int], Any]
"""From a region, and the seconds that an answer may take, to boto3's client of one service."""

_BUSY = frozenset(
    {
        *("Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalServiceFault", "InternalFailure"),
        *("InternalServerException", "InternalErrorException"),
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


def clients_of(service: str) -> Clients:
    """Return what makes the clients of a service, with the login that AWS's own chain finds."""

    def client(region: str, seconds: int) -> Any:
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        config = Config(retries=retries, connect_timeout=10, read_timeout=seconds)
        return boto3.client(service, region_name=region, config=config)

    return client


@contextmanager
def one_line(where: str, allow: str) -> Iterator[None]:
    """Raise what goes wrong with AWS as a FinopsError that names ``where`` and repeats no message of AWS's.

    ``allow`` says what to do where access is denied.
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(where, allow, shown(str(error.response.get("Error", {}).get("Code", "unknown")))) from None
    except (NoCredentialsError, PartialCredentialsError):
        remedy = "configure the connection of the source, or AWS's own chain"
        raise BadInput(f"{where}: no usable AWS credentials; {remedy}") from None
    except BotoCoreError as error:
        says = shown(type(error).__name__)
        raise Unavailable(f"{where} does not answer ({says}); the next run asks again") from None


def _refusal(where: str, allow: str, code: str) -> FinopsError:
    if code in _BUSY:
        return Unavailable(f"{where} is busy and answered {code}; the next run asks again")
    if code in _EXPIRED:
        return Unavailable(f"{where}: the credentials have expired; renew them and run again")
    if code in ("AccessDenied", "AccessDeniedException"):
        return BadInput(f"{where}: access denied; allow {allow}")
    return BadInput(f"{where} refuses the request ({code}); correct the credentials or the source")
