"""A month that is delivered twice: Google's bill as it came first, and as it was corrected.

In the first, charges of one project are three times what they should be. The corrected one is what the sample has
without a restatement, to the byte; it lies beside the bills until somebody moves it to where they are offered.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.atomic import sha256_of
from finops.core.periods import BillingPeriod
from finops.core.sql import compose
from finops.sample.files import parquet, write_json
from finops.sample.gcp.export import EXPORT

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "restated"
PROJECT = "atlas"
FACTOR = 3
_EARLIER = timedelta(hours=12)


def write(out: Path, period: BillingPeriod) -> Path:
    """Put the first delivery of Google's month in the place of the bill, and the bill below ``restated``.

    Return the folder of the latter. Same bytes for the same bill.
    """
    place = Path("gcp") / EXPORT / f"invoice_month={period.year:04d}{period.month:02d}"
    offered, restated = out / place, out / FOLDER / place
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    restated.parent.mkdir(parents=True)
    offered.rename(restated)
    offered.mkdir()
    manifest = json.loads((restated / "manifest.json").read_text(encoding="utf-8"))
    for each in manifest["files"]:
        part = offered / each["name"]
        table = _overcharged(restated / each["name"])
        with parquet(part, table.schema, frozenset()) as append:
            append(table, True)
        each |= {"byte_count": part.stat().st_size, "sha256": sha256_of(part)}
    newest = datetime.fromisoformat(manifest["max_export_time"]) - _EARLIER
    write_json(offered / "manifest.json", {**manifest, "max_export_time": f"{newest:%Y-%m-%dT%H:%M:%S.%fZ}"})
    return restated


def _overcharged(path: Path) -> pa.Table:
    import duckdb
    import pyarrow.parquet as pq

    query = """
        select * replace (
            cost * rate as cost, cost_at_list * rate as cost_at_list, export_time - interval {earlier} as export_time
        )
        from (
            select *, if(list_contains([each.value for each in labels], {project}), {factor}::integer, 1) as rate
            from read_parquet({path}, hive_partitioning = false)
        )
    """
    values = {"project": PROJECT, "factor": str(FACTOR), "earlier": f"{_EARLIER.total_seconds():.0f} seconds"}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return (
            connection.sql(compose(query, path=path, **values))
            .to_arrow_table()
            .drop_columns(["rate"])
            .cast(pq.read_schema(path))
        )
