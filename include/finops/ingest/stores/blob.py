"""Objects in Azure Blob Storage, read with azure-storage-blob."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core import MatchConditions
from azure.core import exceptions as azure

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.ingest.stores.objects import StoredObject, changed
from finops.ingest.stores.remote import (
    ATTEMPTS,
    CHUNK_BYTES,
    CONNECT_SECONDS,
    READ_SECONDS,
    BrokenStream,
    Page,
    RemoteStore,
)

_FORMS = "give az://account/container/prefix or https://account.blob.core.windows.net/container/prefix"
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"\$?[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]|\$web|\$root")
_REMEDIES: dict[str, tuple[type[FinopsError], str]] = {
    "ContainerNotFound": (BadInput, "there is no such container; correct the address"),
    "AuthorizationFailure": (BadInput, "access is denied; let this network and identity in"),
    "AuthorizationPermissionMismatch": (BadInput, "access is denied; grant the role Storage Blob Data Reader"),
    "PublicAccessNotPermitted": (BadInput, "access is denied; grant the role Storage Blob Data Reader"),
    "AuthenticationFailed": (Unavailable, "the credentials are wrong or have expired; renew them and run again"),
    "InvalidAuthenticationInfo": (Unavailable, "the credentials are wrong or have expired; renew them and run again"),
    "BlobArchived": (BadInput, "a blob is archived; rehydrate it first"),
    "BlobBeingRehydrated": (Unavailable, "a blob is still being rehydrated; try again later"),
}
_CHANGED = {"ConditionNotMet", "BlobNotFound", "ResourceNotFound", "InvalidRange", "BlobOverwritten"}


class BlobStore(RemoteStore):
    """Blobs below a container's prefix.

    Credentials come from ``client`` (a BlobServiceClient) or ``DefaultAzureCredential``. Throttling and outages
    are retried by the SDK with backoff and jitter, a bounded number of times, and end in Unavailable.
    """

    def __init__(self, uri: str, client: Any = None) -> None:
        account_url, container, path = _parse(uri)
        super().__init__(f"{account_url}/{container}/{path}".rstrip("/"), path)
        service = client or _new_client(account_url)
        self._container = service.get_container_client(container)

    def _pages(self, prefix: str) -> Iterator[Page]:
        with self._explained():
            # In accounts with a hierarchical namespace the metadata tells folders from blobs.
            pages = self._container.list_blobs(name_starts_with=prefix or None, include=["metadata"]).by_page()
            for page in pages:
                blobs = [_object(each) for each in page if not _is_folder(each)]
                yield pages.continuation_token or None, blobs

    def _stream(self, key: str, etag: str | None, offset: int) -> Iterator[bytes]:
        condition = {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        with self._explained(key):
            try:
                yield from self._container.download_blob(key, offset=offset or None, **condition).chunks()
            except (azure.IncompleteReadError, azure.ServiceResponseError) as error:
                raise BrokenStream from error

    @contextmanager
    def _explained(self, key: str | None = None) -> Iterator[None]:
        # Pass on only codes and class names: the service quotes signatures in its messages.
        try:
            yield
        except azure.ServiceRequestError:
            raise Unavailable(f"{self.uri}: the storage account cannot be reached; check its name, try again") from None
        except azure.AzureError as error:
            raise self._meaning(error, key) from None

    def _meaning(self, error: azure.AzureError, key: str | None) -> FinopsError:
        code, status = _code(error), getattr(error, "status_code", None)
        if key is not None and (isinstance(error, azure.ResourceModifiedError) or code in _CHANGED):
            return changed(key)
        if code in _REMEDIES:
            kind, remedy = _REMEDIES[code]
            return kind(f"{self.uri}: {remedy}")
        if isinstance(error, azure.ClientAuthenticationError):
            return BadInput(f"{self.uri}: no usable Azure credentials; sign in (az login) or set an identity")
        if status is None or status >= 500 or status in (408, 429):
            return Unavailable(f"{self.uri}: the service is busy ({code or type(error).__name__}); try again later")
        return BadInput(f"{self.uri}: Azure refused the request ({code or status}); check the address and the roles")


def _parse(uri: str) -> tuple[str, str, str]:
    parts = urlsplit(uri)
    if parts.query or parts.username or parts.password:
        # A shared access signature would end up in the ledger and in logs.
        raise BadInput(f"the origin must hold no signature or password; {_FORMS}, the credentials beside it")
    if parts.scheme == "az":
        if not _ACCOUNT.fullmatch(parts.netloc):
            raise BadInput(f"origin {uri!r} names no valid storage account; {_FORMS}")
        account_url, path = f"https://{parts.netloc}.blob.core.windows.net", parts.path
    elif parts.scheme == "https":
        account_url, path = f"https://{parts.netloc}", unquote(parts.path)
    else:
        raise BadInput(f"origin {uri!r} is not encrypted; {_FORMS}")
    container, _, prefix = path.strip("/").partition("/")
    if not _CONTAINER.fullmatch(container):
        raise BadInput(f"origin {uri!r} names no valid container; {_FORMS}")
    return account_url, container, prefix


def _new_client(account_url: str) -> Any:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    return BlobServiceClient(
        account_url,
        credential=DefaultAzureCredential(),
        retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=ATTEMPTS - 1),
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_single_get_size=CHUNK_BYTES * 8,
        max_chunk_get_size=CHUNK_BYTES * 8,
    )


def _object(blob: Any) -> StoredObject:
    return StoredObject(blob.name, blob.size, blob.last_modified, blob.etag)


def _is_folder(blob: Any) -> bool:
    return (blob.metadata or {}).get("hdi_isfolder") == "true"


def _code(error: azure.AzureError) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")
