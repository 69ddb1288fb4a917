"""From a published set of statements to one audience's package, with proof that no other audience is in it."""

from __future__ import annotations

import csv
import hashlib
import io

from finops.core.errors import Finding
from finops.core.spreadsheet import neutralise
from finops.delivery.models import Package, PackageFile
from finops.stores.statements import AudienceStatement, PublishedStatements


def pack(statements: PublishedStatements, audience: AudienceStatement) -> Package:
    """Return the package of an audience: the files of its own folder, as the set's manifest lists them.

    Raise Finding when a file is not what the manifest says, or holds another cost centre's rows.
    """
    files = []
    for file in sorted(audience.files, key=lambda each: each.path):
        content = statements.verified(file).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        if file.name == "statement.csv" and audience.cost_center is not None:
            _prove_own(statements, audience.cost_center, file.path, content)
        files.append(PackageFile(file.name, content, sha256))
    if not files:
        raise Finding(f"{statements.path}: the manifest lists no file in folder {audience.folder!r}")
    about = (statements.billing_period, statements.build_id, statements.status)
    return Package(audience.cost_center, audience.folder, *about, audience.totals, tuple(files))


def _prove_own(statements: PublishedStatements, cost_center: str, path: str, content: bytes) -> None:
    owner = neutralise(cost_center)
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")):
        if row.get("cost_center", owner) != owner:
            raise Finding(f"{statements.path / path} holds rows of another cost centre; it is not delivered")
