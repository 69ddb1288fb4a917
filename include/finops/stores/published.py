"""Read what was published. Features read cost data through this module alone.

``published/current`` is a symbolic link to ``versions/<build_id>/``. A reader resolves it once and stays in that
version, which later publications do not touch. A version holds

- ``manifest.json``: build, time, scope, rows and totals per mart, period and currency, the gate's warnings, and what
  KPIs and features' results were made of;
- ``<mart>/billing_period=YYYY-MM/part.parquet``: every mart;
- ``finops.duckdb``: views over these files, for people's own tools; open it read-only;
- ``fct_focus_costs/provider=…/billing_period=…/*.parquet``: the FOCUS fact as it is stored, and ``reader.sql``,
  which gives it every FOCUS column. ``Publication.focus_sql`` is that text, ready to run. ``owners.parquet`` and
  ``owner_resources.parquet`` beside a partition say whose its lines are.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.errors import BadInput, NotReady
from finops.core.machine import Damaged
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

logger = logging.getLogger(__name__)

RENAMED_MARTS = {"mart_set_aside_lines": "mart_excluded_lines"}
"""Names that marts had in the release before, and have for one more as views of ``finops.duckdb`` and in exports."""

LAYOUT = "13"
"""What the stored fact and the marts look like. Another value makes the next build rebuild every landed month."""

MANIFEST = "manifest.json"
FACT = "fct_focus_costs"
READER = "reader.sql"
OWNERS, OWNER_RESOURCES = "owners.parquet", "owner_resources.parquet"
"""Whose the lines of a partition are, as the build resolved their tags.

``owners``: ``x_details_id``, ``tags`` and ``x_cost_categories`` as stored, ``resource_rules``, ``first_day`` to
``last_day`` of one ``rule_era``, and the daily mart's columns of tags. ``owner_resources``: the ``resource_rules`` of
resources that have any; of others they are ``''``.
"""
_OWNED = """
    (
        select stored.*, coalesce(resources.resource_rules, '') as resource_rules
        from read_parquet({part}, hive_partitioning = false) as stored
        left join read_parquet({resources}, hive_partitioning = false) as resources
            on resources.resource_id = stored.resource_id
    ) as lines
    inner join read_parquet({details}, hive_partitioning = false) as details
        on details.x_details_id = lines.x_details_id
    left join read_parquet({owners}, hive_partitioning = false) as owners
        on owners.x_details_id = lines.x_details_id
        and owners.resource_rules = lines.resource_rules
        and owners.tags is not distinct from lines.tags
        and owners.x_cost_categories is not distinct from lines.x_cost_categories
        and cast(lines.charge_period_start as date) between owners.first_day and owners.last_day
"""
PLAIN_READER = """
    select *
    from read_parquet(
        '{root}/provider=*/billing_period=*/part.parquet',
        hive_partitioning = true,
        hive_types = {'provider': varchar, 'billing_period': varchar}
    )
"""
"""How the fact is read when it is stored with all its columns. ``{root}`` is the folder of its partitions."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One published version."""

    path: Path
    manifest: dict[str, Any]

    @property
    def build_id(self) -> str:
        """The build that made it."""
        return self.path.name

    @property
    def database(self) -> Path:
        """The DuckDB file that shows every mart; open it read-only."""
        return self.path / "finops.duckdb"

    @property
    def layout(self) -> str:
        """What its fact and marts look like; empty for versions of releases that did not say."""
        return str(self.manifest.get("layout", ""))

    @property
    def marts(self) -> list[str]:
        """Names of the marts, sorted."""
        return sorted(self.manifest["marts"])

    @property
    def layers(self) -> dict[str, list[str]]:
        """The marts of each layer that is published apart from bills: KPIs, and each feature's results."""
        # The release before knew one such layer.
        return dict(self.manifest.get("layers", {"kpis": self.manifest.get("kpi_marts", [])}))

    @property
    def billing_periods(self) -> list[BillingPeriod]:
        """The months that hold anything, in order."""
        return [BillingPeriod.parse(text) for text in self.manifest["billing_periods"]]

    def months_of(self, mart: str) -> set[str]:
        """Return the months (YYYY-MM) that a mart has files of."""
        return set(self.manifest["marts"][mart]["billing_periods"])

    def resolved_otherwise(self, tag_policy: str) -> list[str]:
        """Return the ``provider/YYYY-MM`` whose tags were resolved by a policy with another digest."""
        return self._otherwise("tag_policies", tag_policy)

    def inherited_otherwise(self, parents: str) -> list[str]:
        """Return the ``provider/YYYY-MM`` that inherited tags by other parents, or by some that were not recorded."""
        return self._otherwise("tag_parents", parents)

    def allocated_otherwise(self, allocation: str, period: BillingPeriod) -> list[str]:
        """Return the ``provider/YYYY-MM`` of a month whose shared cost was divided by another allocation.

        What an older release published does not say by which, and counts as another.
        """
        return [name for name in self._otherwise("allocations", allocation) if name.endswith(f"/{period}")]

    def _otherwise(self, record: str, digest: str) -> list[str]:
        digests = self.manifest.get(record, {})
        return [name for name in self.manifest["fact"]["partitions"] if digests.get(name) != digest]

    def mart(self, name: str) -> str:
        """Return the mart's present name; an old one is reported to the log. Raise BadInput for an unknown mart."""
        renamed = RENAMED_MARTS.get(name, name)
        if name not in self.marts and renamed in self.marts:
            logger.warning("%s is now called %s; the old name goes with the next release", name, renamed)
            return renamed
        if name not in self.marts:
            raise BadInput(f"there is no mart {name!r}; the marts are {', '.join(self.marts)}")
        return name

    def mart_sql(self, name: str, periods: Collection[str] = ("*",)) -> Sql:
        """Return the SELECT that yields a mart's rows of all months, or of some (YYYY-MM), from its Parquet."""
        columns = self.manifest.get("columns", {}).get(name)
        listed = Sql("*") if columns is None else join(", ", map(identifier, columns))
        query = (
            "select {columns} from read_parquet([{files}], hive_partitioning = true, "
            "hive_types = {{'billing_period': varchar}})"
        )
        files = (str(self.path / name / f"billing_period={period}" / "part.parquet") for period in periods)
        return compose(query, columns=listed, files=join(", ", map(literal, files)))

    def parquet(self, mart: str) -> str:
        """Return the glob of a mart's Parquet files; read it with ``hive_partitioning=true``.

        The month is in the path alone, as Hive has it. For the fact use ``focus_sql``.
        """
        mart = self.mart(mart)
        return str(self.path / mart / "billing_period=*" / "part.parquet")

    def focus_sql(self, provider: Provider | None = None, period: BillingPeriod | None = None) -> Sql:
        """Return the SELECT that yields the FOCUS fact, one row per charge, with every FOCUS and ``x_`` column.

        Provider and period stand in it as literals, so that DuckDB opens the files of these alone.
        """
        wanted = [Sql("true")]
        if provider is not None:
            wanted.append(compose("provider = {provider}", provider=provider))
        if period is not None:
            wanted.append(compose("billing_period = {period}", period=str(period)))
        fact = reader_sql(self.path / FACT)
        return compose("select * from ({fact}) as fact where {wanted}", fact=fact, wanted=join(" and ", wanted))

    def partition(self, provider: Provider, period: BillingPeriod) -> Path:
        """Return the folder of one partition of the fact, with ``owners.parquet``. Raise NotReady without it."""
        path = self.path / FACT / f"provider={provider}" / f"billing_period={period}"
        if not (path / OWNERS).exists():
            raise NotReady(
                f"build {self.build_id} did not keep whose the lines of {provider} {period} are; "
                f"run `finops build --billing-period {period}`"
            )
        return path

    def connect(self) -> DuckDBPyConnection:
        """Return a connection in which every mart can be read by its name, in UTC. The caller closes it."""
        import duckdb

        if "columns" not in self.manifest:
            # The release before kept the rows themselves in the file.
            connection = duckdb.connect(str(self.database), read_only=True)
        else:
            connection = duckdb.connect()
            create_views(connection, self)
        connection.execute("set timezone = 'UTC'")
        return connection


def create_views(connection: DuckDBPyConnection, version: Publication) -> list[str]:
    """Create a view for each mart, and for each name that one had before; return their names."""
    marts = version.marts
    renamed = {old: new for old, new in RENAMED_MARTS.items() if new in marts and old not in marts}
    for name, mart in {**{each: each for each in marts}, **renamed}.items():
        view = "create view {name} as {rows}"
        connection.execute(compose(view, name=identifier(name), rows=version.mart_sql(mart)))
    return [*marts, *renamed]


def reader_sql(root: Path) -> Sql:
    """Return the SELECT over the fact whose partitions lie in ``root``, with every column."""
    text = root / READER
    template = text.read_text(encoding="utf-8").strip().rstrip(";") if text.exists() else PLAIN_READER
    return Sql(template.replace("{root}", str(root).replace("'", "''")))


def join_owners(partition: Path) -> Sql:
    """Return the FROM clause of a partition's charges: ``lines`` as stored, their ``details``, and their ``owners``.

    A line without an owner is there, too, with nulls. ``Publication.partition`` gives the folder.
    """
    return compose(
        _OWNED,
        part=partition / "part.parquet",
        details=partition / "details.parquet",
        owners=partition / OWNERS,
        resources=partition / OWNER_RESOURCES,
    )


def latest(settings: Settings) -> Publication:
    """Return the current version. Raise NotReady when nothing was published yet."""
    path = current_folder(settings)
    if path is None:
        raise NotReady("nothing is published yet; run `finops ingest` and `finops build` first")
    return open_version(path)


def since(settings: Settings, build_id: str | None) -> list[Publication]:
    """Return the versions published after that of a build, newest first; all that are kept where it is not there."""
    found: list[Publication] = []
    path = current_folder(settings)
    known = {build_id}
    while path is not None and path.name not in known and (path / MANIFEST).exists():
        found.append(open_version(path))
        known.add(path.name)
        previous = found[-1].manifest["previous"]
        path = None if previous is None else path.with_name(previous)
    return found


def current_folder(settings: Settings) -> Path | None:
    """Return the folder of the current version: where the link is lost, that of the newest; None before the first."""
    link = settings.published_dir / "current"
    if (link / MANIFEST).exists():
        return link.resolve()
    found = settings.published_dir.glob(f"versions/[!.]*/{MANIFEST}")
    whole = [open_version(manifest.parent.resolve()) for manifest in found]
    if not whole:
        return None
    newest = max(whole, key=lambda each: str(each.manifest["published_at"]))
    logger.warning("%s is lost; the newest version is %s, and the next publication mends it", link, newest.build_id)
    return newest.path


def open_version(path: Path) -> Publication:
    """Return the version in a folder of ``published/versions``. Raise Damaged when its manifest is damaged."""
    try:
        return Publication(path, dict(json.loads((path / MANIFEST).read_text(encoding="utf-8"))))
    except (ValueError, TypeError):
        raise Damaged(f"{path / MANIFEST} is damaged; put the version back from a backup", path / MANIFEST) from None
