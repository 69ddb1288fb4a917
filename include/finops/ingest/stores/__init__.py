"""Object stores behind one Protocol: a folder, S3, Azure Blob."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from finops.core.errors import BadInput
from finops.ingest.stores.folder import FolderStore
from finops.ingest.stores.objects import ObjectStore


def open_store(uri: str, client: object | None = None) -> ObjectStore:
    """Return the store for a path, ``file://``, ``s3://bucket/prefix``, ``az://account/container/prefix`` or
    ``https://account.blob.core.windows.net/container/prefix``.

    ``client`` is the cloud SDK's client if the caller has one with credentials; otherwise the SDK's default chain
    is used. Raise BadInput for an address of another kind and for a path that does not exist.
    """
    scheme = scheme_of(uri)
    if scheme == "s3":
        from finops.ingest.stores.s3 import S3Store

        return S3Store(uri, client)
    if scheme in ("az", "http", "https"):
        from finops.ingest.stores.blob import BlobStore

        return BlobStore(uri, client)
    if scheme not in ("", "file"):
        raise BadInput(
            f"origin {uri!r}: unknown scheme {scheme}://; give a path, s3://, az:// or the container's https://"
        )
    return FolderStore(Path(unquote(urlsplit(uri).path) if scheme else uri))


def scheme_of(uri: str) -> str:
    """Return the scheme of an origin in lower case, empty for a path. Raise BadInput for what is no address."""
    try:
        return urlsplit(uri).scheme.lower()
    except ValueError as error:
        raise BadInput(f"origin {uri!r}: is no address ({error}); give a path, s3://, az:// or bq://") from None
