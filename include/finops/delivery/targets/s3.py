"""Amazon S3, written with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as aws

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.delivery.targets.objects import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, ObjectPlace

_REMEDIES = {
    "NoSuchBucket": "there is no such bucket; correct the address",
    "AccessDenied": "access is denied; allow s3:PutObject, s3:GetObject and s3:DeleteObject",
    "InvalidAccessKeyId": "AWS does not know the access key; correct the credentials",
    "SignatureDoesNotMatch": "the secret key does not fit its access key; correct the credentials",
    "ExpiredToken": "the credentials have expired; renew them",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION to it",
}
_NO_CREDENTIALS = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.ProfileNotFound)


class S3Place(ObjectPlace):
    """Objects below ``s3://bucket/prefix``. S3 checks each one's SHA-256 as it takes it."""

    def __init__(self, uri: str, client: Any = None) -> None:
        parts = urlsplit(uri)
        super().__init__(uri, parts.path)
        self._bucket = parts.netloc
        with self._explained():
            self._client = client or _new_client()

    def _read(self, key: str) -> bytes | None:
        with self._explained():
            try:
                body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except aws.ClientError as error:
                if _code(error) in ("NoSuchKey", "404", "AccessDenied", "403"):
                    return None
                raise
            return body

    def _write(self, key: str, content: bytes, kind: str) -> None:
        with self._explained():
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, ContentType=kind, ChecksumAlgorithm="SHA256"
            )

    def _delete(self, key: str) -> None:
        with self._explained():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        # Only codes and class names are passed on: an SDK's own text may quote what it was given.
        try:
            yield
        except aws.ClientError as error:
            raise self._meaning(error) from None
        except _NO_CREDENTIALS:
            raise BadInput(f"{self.uri}: no usable AWS credentials were found; set a profile, a role or keys") from None
        except aws.BotoCoreError as error:
            raise Unavailable(f"{self.uri}: S3 gave no answer ({type(error).__name__}); try again later") from None

    def _meaning(self, error: aws.ClientError) -> FinopsError:
        code, status = _code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _REMEDIES:
            return BadInput(f"{self.uri}: {_REMEDIES[code]}")
        if status >= 500 or status == 429:
            return Unavailable(f"{self.uri}: S3 is busy and answered {code}; try again later")
        return BadInput(f"{self.uri}: S3 refused the request ({code or status}); check the address and the permissions")


def _code(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _new_client() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
    return boto3.client("s3", config=config)
