"""Whose bill it is: one of the three clouds, or another vendor whose bill is in FOCUS."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


class Provider(str):
    """A provider's name as paths, partitions and commands have it: ``aws``, ``azure``, ``gcp`` or a vendor's own.

    ``focus`` (ANY_VENDOR) stands for vendors whose names are in their bills. A vendor's name has a capital letter,
    which sets ``Databricks`` apart from a misspelled cloud. Raise ValueError for any other text.
    """

    __slots__ = ()
    AWS: ClassVar[Provider]
    AZURE: ClassVar[Provider]
    GCP: ClassVar[Provider]

    def __new__(cls, name: str) -> Provider:
        """Return the provider of that name."""
        if name not in (*_CLOUDS, _ANY_VENDOR) and not (_VENDOR.fullmatch(name) and vendor_name(name) == name):
            known = ", ".join(map(repr, (*_CLOUDS, _ANY_VENDOR)))
            raise ValueError(f"must be {known} or a vendor's name such as 'Databricks' (it is {name!r})")
        return super().__new__(cls, name)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """Tell pydantic that a provider is read from a text."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


def vendor_name(text: str) -> str:
    """Return the provider's name for what a bill in FOCUS says: a cloud by each of its names, a vendor by its own.

    What a path cannot hold and the form of the company (``Databricks, Inc.``) are left out.
    """
    for cloud, names in _CLOUDS.items():
        if names.match(text):
            return cloud
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = " ".join(re.sub(r"[^A-Za-z0-9.&-]+", " ", _COMPANY.sub("", plain)).split())
    plain = plain.strip(" .&-")[:60].rstrip(" .&-")
    if not re.search(r"[A-Za-z]", plain):
        return "Vendor-" + hashlib.sha256(text.encode()).hexdigest()[:8]
    return plain if re.search(r"[A-Z]", plain) else re.sub(r"[a-z]", lambda m: m[0].upper(), plain, count=1)


def is_provider(text: Any) -> bool:
    """Tell whether something can be the name of a provider."""
    try:
        Provider(text)
    except (TypeError, ValueError):
        return False
    return True


_VENDOR = re.compile(r"(?=.*[A-Z])[A-Za-z0-9][A-Za-z0-9 .&-]{0,62}", re.ASCII)
_COMPANY = re.compile(r"[, ]+(?:Inc|LLC|Ltd|Limited|GmbH|AG|Corp|Corporation|B\.V|S\.A)\.?\s*$", re.IGNORECASE)
_CLOUDS = {
    "aws": re.compile(r"\s*(aws|amazon)\b", re.IGNORECASE),
    "azure": re.compile(r"\s*(microsoft|azure)\b", re.IGNORECASE),
    "gcp": re.compile(r"\s*(google|gcp)\b", re.IGNORECASE),
}
_ANY_VENDOR = "focus"

CLOUDS = Provider.AWS, Provider.AZURE, Provider.GCP = Provider("aws"), Provider("azure"), Provider("gcp")
ANY_VENDOR = Provider(_ANY_VENDOR)
"""How a source of bills in FOCUS says that they name their vendors themselves; also the provider of a bill that names
several vendors."""
