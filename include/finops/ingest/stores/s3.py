"""Objects in Amazon S3, read with boto3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as aws

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

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")

_REMEDIES: dict[str, tuple[type[FinopsError], str]] = {
    "NoSuchBucket": (BadInput, "there is no such bucket; correct the address"),
    "AccessDenied": (BadInput, "access is denied; allow s3:ListBucket, s3:GetObject and, if encrypted, kms:Decrypt"),
    "403": (BadInput, "access is denied; allow s3:ListBucket, s3:GetObject and, if encrypted, kms:Decrypt"),
    "AllAccessDisabled": (BadInput, "AWS has disabled access to this bucket"),
    "InvalidAccessKeyId": (BadInput, "AWS does not know the access key; correct the credentials"),
    "SignatureDoesNotMatch": (BadInput, "the secret key does not fit its access key; correct the credentials"),
    "InvalidToken": (BadInput, "the session token is not valid; renew the credentials"),
    "ExpiredToken": (Unavailable, "the credentials have expired; renew them and run again"),
    "ExpiredTokenException": (Unavailable, "the credentials have expired; renew them and run again"),
    "TokenRefreshRequired": (Unavailable, "the credentials have expired; renew them and run again"),
    "RequestTimeTooSkewed": (BadInput, "this machine's clock is wrong; set it"),
    "PermanentRedirect": (BadInput, "the bucket is in another region; set AWS_REGION to it"),
    "AuthorizationHeaderMalformed": (BadInput, "the bucket is in another region; set AWS_REGION to it"),
    "InvalidObjectState": (BadInput, "an object is archived; restore it from Glacier first"),
}
_CHANGED = {"PreconditionFailed", "412", "NoSuchKey", "404", "InvalidRange", "416"}
_NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.ProfileNotFound,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
)
_BROKEN = (aws.ResponseStreamingError, aws.IncompleteReadError, aws.ReadTimeoutError, aws.ConnectionClosedError)


class S3Store(RemoteStore):
    """Objects below ``s3://bucket/prefix``.

    Credentials come from ``client`` (a boto3 S3 client) or the SDK's default chain. Throttling and outages are
    retried by the SDK with backoff and jitter, a bounded number of times, and end in Unavailable.
    """

    def __init__(self, uri: str, client: Any = None) -> None:
        bucket, _, path = uri.partition("://")[2].partition("/")
        if not _BUCKET.fullmatch(bucket):
            # The text in its place may be a key and a secret, so the error does not repeat it.
            raise BadInput("the origin has no valid bucket name; give s3://bucket/prefix, without credentials")
        super().__init__(f"s3://{bucket}/{path}".rstrip("/"), path)
        self._bucket = bucket
        with self._explained():
            self._client = client or _new_client()

    def _pages(self, prefix: str) -> Iterator[Page]:
        request: dict[str, str] = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            with self._explained():
                answer = self._client.list_objects_v2(**request)
            token = answer.get("NextContinuationToken")
            yield token, [_object(each) for each in answer.get("Contents", ())]
            if token is None:
                return
            request["ContinuationToken"] = token

    def _stream(self, key: str, etag: str | None, offset: int) -> Iterator[bytes]:
        request = {"Bucket": self._bucket, "Key": key}
        if etag is not None:
            request["IfMatch"] = etag
        if offset:
            request["Range"] = f"bytes={offset}-"
        with self._explained(key):
            body = self._client.get_object(**request)["Body"]
            try:
                yield from body.iter_chunks(CHUNK_BYTES)
            except _BROKEN as error:
                raise BrokenStream from error
            finally:
                body.close()

    @contextmanager
    def _explained(self, key: str | None = None) -> Iterator[None]:
        # Pass on only codes and class names: the SDK's own text may quote its input.
        try:
            yield
        except aws.ClientError as error:
            raise self._meaning(error, key) from None
        except _NO_CREDENTIALS:
            raise BadInput(f"{self.uri}: no usable AWS credentials were found; set a profile, a role or keys") from None
        except aws.CredentialRetrievalError:
            raise Unavailable(f"{self.uri}: the AWS credentials could not be renewed; sign in again") from None
        except aws.BotoCoreError as error:
            raise Unavailable(f"{self.uri}: S3 gave no answer ({type(error).__name__}); try again later") from None

    def _meaning(self, error: aws.ClientError, key: str | None) -> FinopsError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if key is not None and code in _CHANGED:
            return changed(key)
        if code in _REMEDIES:
            kind, remedy = _REMEDIES[code]
            return kind(f"{self.uri}: {remedy}")
        if status >= 500 or status == 429 or code in ("SlowDown", "Throttling", "RequestTimeout"):
            return Unavailable(f"{self.uri}: S3 is busy and answered {code}; try again later")
        return BadInput(f"{self.uri}: S3 refused the request ({code or status}); check the address and the permissions")


def _new_client() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        tcp_keepalive=True,
    )
    return boto3.client("s3", config=config)


def _object(entry: dict[str, Any]) -> StoredObject:
    return StoredObject(entry["Key"], entry["Size"], entry["LastModified"], entry.get("ETag"))
