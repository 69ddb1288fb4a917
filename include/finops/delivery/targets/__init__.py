"""The places a package can go to, behind one protocol."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlsplit

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.delivery.models import Package
from finops.policy.delivery import Target, fault_of_host


class Place(Protocol):
    """A target that takes packages."""

    def holds(self, package: Package) -> bool:
        """Tell whether this very package is there already, as far as the place can be asked."""

    def put(self, package: Package) -> None:
        """Deliver it. Raise BadInput or Unavailable, naming the place, when it cannot be."""


def open_place(settings: Settings, target: Target, client: Any = None) -> Place:
    """Return the place of a target. ``client`` is the SDK's own (for mail a MailServer); None: the default chain.

    Raise BadInput for a blob target on a host that is not Azure's and not trusted in the settings.
    """
    if fault := fault_of_host(target.uri, settings.other_blob_hosts):
        raise BadInput(f"{target.uri}: {fault}")
    scheme = urlsplit(target.uri).scheme
    if scheme == "s3":
        from finops.delivery.targets.s3 import S3Place

        return S3Place(target.uri, client)
    if scheme in ("az", "https"):
        from finops.delivery.targets.blob import BlobPlace

        return BlobPlace(target.uri, client)
    if scheme == "gs":
        from finops.delivery.targets.gcs import GcsPlace

        return GcsPlace(target.uri, client)
    if scheme == "mailto":
        from finops.core.mail import configured_server
        from finops.delivery.targets.mail import MailPlace

        return MailPlace(target.uri, client or configured_server(settings))
    from finops.delivery.targets.folder import FolderPlace

    return FolderPlace(target.uri)
