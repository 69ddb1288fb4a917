"""The published FOCUS fact: hard links to the partitions, new ones from the warehouse, the others as they were."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from finops.core.database import limits
from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.core.sql import compose, identifier, join
from finops.policy.tags.models import Dimension
from finops.stores.candidate import Candidate
from finops.stores.published import FACT, OWNER_RESOURCES, OWNERS, READER, Publication


def write(settings: Settings, candidate: Candidate, previous: Publication | None, building: Path) -> dict[str, Any]:
    """Link the fact into the version under construction and return the manifest's entry: rows per partition."""
    root = building / FACT
    root.mkdir()
    if (settings.focus_dir / READER).exists():
        shutil.copyfile(settings.focus_dir / READER, root / READER)
    in_scope = {f"{each.provider}/{each.billing_period}" for each in candidate.scope}
    partitions: dict[str, dict[str, int]] = {}
    if previous is not None:
        before = previous.manifest["fact"]["partitions"]
        partitions = {name: entry for name, entry in before.items() if name not in in_scope}
        for name in partitions:
            _link_files(previous.path / FACT / _leaf(name), root / _leaf(name))
    for name in sorted(in_scope):
        _link_files(settings.focus_dir / _leaf(name), root / _leaf(name))
        partitions[name] = {"rows": _row_count(root / _leaf(name) / "part.parquet")}
    _write_owners(settings, candidate, root)
    rows = sum(partition["rows"] for partition in partitions.values())
    return {"rows": rows, "partitions": dict(sorted(partitions.items()))}


def carry(previous: Publication, building: Path) -> dict[str, Any]:
    """Link the fact of the version before into the version under construction; return the manifest's entry."""
    root = building / FACT
    root.mkdir()
    if (previous.path / FACT / READER).exists():
        shutil.copyfile(previous.path / FACT / READER, root / READER)
    for name in previous.manifest["fact"]["partitions"]:
        _link_files(previous.path / FACT / _leaf(name), root / _leaf(name))
    return dict(previous.manifest["fact"])


_OWNERS = """
    select sums.x_details_id, tag_sets.line_tags as tags, tag_sets.x_cost_categories,
        sums.resource_rules, sums.rule_era,
        min(sums.charge_date) as first_day, max(sums.charge_date) as last_day,
        {columns}, resolutions.has_required_tags
    from charge_sums as sums
    inner join tag_resolutions as resolutions using (provider, billing_period, resolution_id)
    inner join (
        select distinct hash(tags, x_cost_categories) as tag_set_id, tags as line_tags, x_cost_categories
        from read_parquet({part})
    ) as tag_sets on tag_sets.tag_set_id = sums.tag_set_id
    where sums.provider = {provider} and sums.billing_period = {period}
    group by all
    order by all
"""
_OWNER_RESOURCES = """
    select resource_id, resource_rules from resource_rules
    where provider = {provider} and billing_period = {period} order by resource_id
"""


def _write_owners(settings: Settings, candidate: Candidate, root: Path) -> None:
    """Write beside each partition in scope whose its lines are, so that a statement can be traced to them."""
    import duckdb

    columns = join(", ", (compose("resolutions.{name}", name=identifier(c)) for c in Dimension))
    config = limits(settings, settings.warehouse_dir)
    with duckdb.connect(str(settings.warehouse_path), read_only=True, config=config) as connection:
        known = connection.execute("select 1 from duckdb_tables() where table_name = 'tag_resolutions'").fetchall()
        for each in candidate.scope if known else ():
            folder = root / _leaf(f"{each.provider}/{each.billing_period}")
            for query, name in ((_OWNERS, OWNERS), (_OWNER_RESOURCES, OWNER_RESOURCES)):
                bill = {"provider": each.provider, "period": str(each.billing_period)}
                rows = compose(query, columns=columns, part=folder / "part.parquet", **bill)
                copy = "copy ({rows}) to {target} (format parquet, compression zstd)"
                connection.execute(compose(copy, rows=rows, target=folder / name))


def _leaf(name: str) -> str:
    provider, period = name.split("/")
    return f"provider={provider}/billing_period={period}"


def _link_files(source: Path, target: Path) -> None:
    # A COPY that was killed leaves `tmp_part.parquet` beside the part it was to replace.
    files = [path for path in sorted(source.glob("*.parquet")) if not path.name.startswith(("tmp_", "."))]
    if not any(path.name == "part.parquet" for path in files):
        raise NotReady(f"the build wrote no {source / 'part.parquet'}; run `finops build` again")
    target.mkdir(parents=True)
    for path in files:
        os.link(path, target / path.name)


def _row_count(part: Path) -> int:
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute("select num_rows from parquet_file_metadata(?)", [str(part)]).fetchall()
    return int(found[0][0])
