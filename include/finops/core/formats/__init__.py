"""The native file formats the platform reads, and the columns each has.

One CSV per native format beside this file: ``column`` as the provider writes it, DuckDB ``type``, whether it is
``required`` (a delivery without it is quarantined), and ``aliases`` (other names the same column goes by, separated by
``|``); FOCUS's columns are those of ``finops.core.focus``. Names match without regard to case. Ingestion verifies
against these lists, the sample generator writes them, and a build makes from them empty files, so that staging binds.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from finops.core.focus import COLUMNS, NEWER, FocusColumn, Kind, Level
from finops.core.money import SQL_TYPE


class SourceFormat(StrEnum):
    """What kind of native bill a delivery holds."""

    AWS_CUR2 = "aws_cur2"
    AWS_CUR_LEGACY = "aws_cur_legacy"
    AZURE_ACTUAL = "azure_actual"
    AZURE_AMORTIZED = "azure_amortized"
    AZURE_ONLY_ACTUAL = "azure_only_actual"
    GCP_DETAILED = "gcp_detailed"
    GCP_STANDARD = "gcp_standard"
    FOCUS = "focus"

    @property
    def staged_as(self) -> SourceFormat:
        """The format as which a build reads it: an actual export that knows no commitment is an amortized one."""
        return SourceFormat.AZURE_AMORTIZED if self is SourceFormat.AZURE_ONLY_ACTUAL else self


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a native format. Where a required one is missing, one of its ``stand_ins`` does."""

    name: str
    duckdb_type: str
    is_required: bool
    aliases: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it goes by, its own first."""
        return (self.name, *self.aliases)


_FOCUS_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.JSON: "VARCHAR",
    Kind.DECIMAL: SQL_TYPE,
    Kind.MOMENT: "TIMESTAMP",
}
_FOCUS_MAY_LACK = {"ContractedCost", "InvoiceIssuerName", "PublisherName", "ServiceCategory"}
"""Mandatory columns without which an export can still be mapped."""
_FOCUS_STAND_INS = {"ProviderName": ("ServiceProviderName",)}
"""Columns of FOCUS 1.3 that do where an older one is missing."""
_FOCUS_ALIASES = {
    "ConsumedQuantity": ("UsageQuantity",),
    "ConsumedUnit": ("UsageUnit",),
    "ContractedCost": ("x_OnDemandCost",),
    "ContractedUnitPrice": ("x_OnDemandUnitPrice",),
    "InvoiceId": ("x_InvoiceId",),
    "PricingCurrency": ("x_PricingCurrency",),
    "RegionId": ("Region",),
    "SkuMeter": ("x_SkuMeterName",),
}
"""What FOCUS 1.0-preview calls a column, or an export of Microsoft that is older than the column."""
_FOCUS_EXTENSIONS = dict.fromkeys(NEWER, "VARCHAR") | {
    "ChargeSubcategory": "VARCHAR",
    "x_BillingExchangeRate": SQL_TYPE,
    "x_CostType": "VARCHAR",
    "x_CurrencyConversionRate": SQL_TYPE,
}
"""Columns of FOCUS 1.0-preview and 1.3, of Microsoft and of Google that the mapping uses beside those of FOCUS 1.2."""
NESTED = frozenset(
    {
        *("cost_category", "discount", "product", "resource_tags"),
        *("AllocatedMethodDetails", "AllocatedTags", "ContractApplied", "SkuPriceDetails", "Tags"),
    }
)
"""Columns that a Parquet file may hold as JSON text, as a map, as a struct or as a list of keys and values."""
_FILES = {
    SourceFormat.AZURE_ACTUAL: "azure_cost",
    SourceFormat.AZURE_AMORTIZED: "azure_cost",
    SourceFormat.AZURE_ONLY_ACTUAL: "azure_cost",
}


@cache
def columns_of(source_format: SourceFormat) -> tuple[Column, ...]:
    """Return the columns of a format, in the order the provider documents them."""
    if source_format is SourceFormat.FOCUS:
        extensions = (Column(name, kind, False, ()) for name, kind in _FOCUS_EXTENSIONS.items())
        return (*map(_of_focus, COLUMNS), *extensions)
    name = _FILES.get(source_format, source_format.value)
    text = files("finops.core.formats").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(
        Column(row["column"], row["type"], row["required"] == "yes", tuple(filter(None, row["aliases"].split("|"))))
        for row in csv.DictReader(text.splitlines())
    )


def _of_focus(column: FocusColumn) -> Column:
    must_have_value = column.level is Level.MANDATORY and not column.is_nullable
    is_required = must_have_value and column.name not in _FOCUS_MAY_LACK
    aliases, stand_ins = _FOCUS_ALIASES.get(column.name, ()), _FOCUS_STAND_INS.get(column.name, ())
    return Column(column.name, _FOCUS_TYPES[column.kind], is_required, aliases, stand_ins)
