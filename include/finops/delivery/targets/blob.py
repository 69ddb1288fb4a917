"""Azure Blob Storage, written with azure-storage-blob."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core import exceptions as azure

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.delivery.targets.objects import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, ObjectPlace

_DENIED = "access is denied; grant the role Storage Blob Data Contributor"
_REMEDIES = {
    "ContainerNotFound": "there is no such container; correct the address",
    "AuthorizationFailure": "access is denied; let this network and identity in",
    "AuthorizationPermissionMismatch": _DENIED,
    "AuthenticationFailed": "the credentials are wrong or have expired; renew them",
}


class BlobPlace(ObjectPlace):
    """Blobs below ``az://account/container/prefix``, or the container's ``https://`` address."""

    def __init__(self, uri: str, client: Any = None) -> None:
        parts = urlsplit(uri)
        container, _, prefix = unquote(parts.path).strip("/").partition("/")
        super().__init__(uri, prefix)
        account = parts.netloc if parts.scheme == "https" else f"{parts.netloc}.blob.core.windows.net"
        with self._explained():
            service = client or _new_client(f"https://{account}")
            self._container = service.get_container_client(container)

    def _read(self, key: str) -> bytes | None:
        with self._explained():
            try:
                content: bytes = self._container.download_blob(key).readall()
            except azure.ResourceNotFoundError as error:
                if _code(error) == "ContainerNotFound":
                    raise
                return None
            except azure.HttpResponseError as error:
                if _code(error) == "AuthorizationPermissionMismatch":
                    return None
                raise
            return content

    def _write(self, key: str, content: bytes, kind: str) -> None:
        from azure.storage.blob import ContentSettings

        with self._explained():
            self._container.upload_blob(
                key, content, overwrite=True, validate_content=True, content_settings=ContentSettings(content_type=kind)
            )

    def _delete(self, key: str) -> None:
        with self._explained():
            try:
                self._container.delete_blob(key)
            except azure.ResourceNotFoundError:
                return

    @contextmanager
    def _explained(self) -> Iterator[None]:
        # Only codes and class names are passed on: the service quotes signatures in its messages.
        try:
            yield
        except azure.ServiceRequestError:
            raise Unavailable(f"{self.uri}: the storage account cannot be reached; check its name, try again") from None
        except azure.AzureError as error:
            raise self._meaning(error) from None

    def _meaning(self, error: azure.AzureError) -> FinopsError:
        code, status = _code(error), getattr(error, "status_code", None)
        if code in _REMEDIES:
            return BadInput(f"{self.uri}: {_REMEDIES[code]}")
        if isinstance(error, azure.ClientAuthenticationError):
            return BadInput(f"{self.uri}: no usable Azure credentials; sign in (az login) or set an identity")
        if status is None or status >= 500 or status in (408, 429):
            return Unavailable(f"{self.uri}: the service is busy ({code or type(error).__name__}); try again later")
        return BadInput(f"{self.uri}: Azure refused the request ({code or status}); check the address and the roles")


def _code(error: azure.AzureError) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _new_client(account_url: str) -> Any:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    return BlobServiceClient(
        account_url,
        credential=DefaultAzureCredential(),
        retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=ATTEMPTS - 1),
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
