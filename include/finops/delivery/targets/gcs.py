"""Google Cloud Storage, written with google-cloud-storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from finops.core.errors import BadInput, Unavailable
from finops.delivery.targets.objects import CONNECT_SECONDS, READ_SECONDS, ObjectPlace

_TIMEOUT = (CONNECT_SECONDS, READ_SECONDS)


class GcsPlace(ObjectPlace):
    """Objects below ``gs://bucket/prefix``. The client checks each one's CRC32C as the service took it."""

    def __init__(self, uri: str, client: Any = None) -> None:
        parts = urlsplit(uri)
        super().__init__(uri, parts.path)
        with self._explained():
            self._bucket = (client or _new_client()).bucket(parts.netloc)

    def _read(self, key: str) -> bytes | None:
        with self._explained():
            try:
                content: bytes = self._bucket.blob(key).download_as_bytes(timeout=_TIMEOUT)
            except (google.NotFound, google.Forbidden):
                return None
            return content

    def _write(self, key: str, content: bytes, kind: str) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        with self._explained():
            # The whole object is written again, so repeating the request is safe.
            self._bucket.blob(key).upload_from_string(
                content, content_type=kind, checksum="crc32c", timeout=_TIMEOUT, retry=DEFAULT_RETRY
            )

    def _delete(self, key: str) -> None:
        with self._explained():
            try:
                self._bucket.blob(key).delete(timeout=_TIMEOUT)
            except google.NotFound:
                return

    @contextmanager
    def _explained(self) -> Iterator[None]:
        # Only codes and class names are passed on: the service's own text may quote tokens.
        try:
            yield
        except auth.DefaultCredentialsError:
            raise BadInput(f"{self.uri}: no usable Google credentials were found; set an identity or a key") from None
        except (auth.GoogleAuthError, google.Unauthorized):
            raise BadInput(f"{self.uri}: the Google credentials are wrong or have expired; renew them") from None
        except google.NotFound:
            raise BadInput(f"{self.uri}: there is no such bucket; correct the address") from None
        except google.Forbidden:
            raise BadInput(f"{self.uri}: access is denied; grant the role Storage Object User") from None
        except google.ClientError as error:
            if error.code in (408, 429):
                raise Unavailable(f"{self.uri}: the service is busy ({error.code}); try again later") from None
            raise BadInput(f"{self.uri}: Google refused the request ({error.code}); check the address") from None
        except (google.GoogleAPIError, requests.RequestException, ConnectionError) as error:
            raise Unavailable(f"{self.uri}: the service gave no answer ({type(error).__name__}); try later") from None


def _new_client() -> Any:
    from google.cloud import storage

    return storage.Client()
