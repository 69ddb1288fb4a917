"""To which rows each of FOCUS 1.2's columns applies, as its nullability requirements say: ``applicability.csv``.

Where a requirement turns on something only the provider knows (whether a charge has a zone, a region, an invoice),
the condition is the widest set of rows that may have it, and null is allowed there (``must``: no). ``ChargeClass``
applies where it is: nothing else in the fact says that a charge is a correction.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files

from finops.conformance.models import Applicability

_TERMS = {
    "all": "true",
    "committed": "commitment_discount_id is not null",
    "priced": "charge_category in ('Usage', 'Purchase') and charge_class is distinct from 'Correction'",
    "usage": "charge_category = 'Usage'",
    "used": "charge_category = 'Usage' and commitment_discount_status is distinct from 'Unused'",
}
"""What ``{…}`` in the file's conditions stands for."""


def _read() -> Iterator[Applicability]:
    with files("finops.conformance").joinpath("applicability.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            where = row["applies_where"].format_map(_TERMS)
            yield Applicability(row["column"], where, row["rule"], row["must"] == "yes")


APPLICABILITY: tuple[Applicability, ...] = tuple(_read())
