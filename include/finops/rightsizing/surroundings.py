"""Reads what is known around resources: prices, checkpoints, requests, work, spot, commitments, budgets, incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING

from finops.core.providers import Provider
from finops.core.sql import Sql, compose
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing import advised, committed, read_budgets, requested
from finops.rightsizing.breaches import Breach
from finops.rightsizing.read import COSTS, INVENTORY, Around, rows_of
from finops.rightsizing.resource import Catalogue, Known, Machine, Members, Runs, Stored
from finops.rightsizing.rules.network import Transfer
from finops.rightsizing.rules.told import Attack
from finops.rightsizing.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication

MACHINE_TYPES = "mart_machine_types"
TRAINING = "mart_training_run_costs"
_GIB = 2**30
_RUNS = 90
"""Days of training runs by which families are compared."""


class Reader(Window):
    """A window, and what it shows around resources. Amounts of a month are scaled to one of 730 hours."""

    def known(self) -> Known:
        """Return what rules know beside a resource."""
        return Known(
            self.rules,
            self.run_date,
            self._catalogue(),
            self._stored(),
            requested.asked(self),
            self._work(),
            self._runs(),
            self._spot(),
            self._unused(),
            self._snapshots(),
            *self._budgets(),
            commitment_ends=committed.ends(self),
            expected=requested.expected(self),
        )

    def around(self, known: Known) -> Around:
        """Return what is found beside resources."""
        places = read_budgets.places(self.connection, self.version, self.run_date) if known.breaches else ()
        return Around(
            self._transfers(),
            places,
            self._attacks(),
            committed.commitments(self),
            committed.endings(self),
            committed.floors(self),
        )

    def _catalogue(self) -> Catalogue:
        if MACHINE_TYPES not in self.version.marts:
            return Catalogue()
        query = """
            select provider, instance_type, coalesce(family, ''), coalesce(vcpus, 0)::double,
                coalesce(memory_gib, 0)::double, coalesce(gpus, 0)::integer, coalesce(gpu_family, ''),
                coalesce(gpu_memory_gib, 0)::double, coalesce(architecture, ''), coalesce(local_disk_gb, 0)::double,
                price_per_hour::decimal(38, 12)
            from ({rows})
            qualify row_number() over (partition by provider, instance_type order by billing_period desc) = 1
        """
        rows = self.version.mart_sql(MACHINE_TYPES)
        found = self.connection.execute(compose(query, rows=rows)).fetchall()
        return Catalogue(Machine(provider, as_written(provider, name), *facts) for provider, name, *facts in found)

    def _stored(self) -> dict[tuple[str, str], Stored]:
        query = """
            select provider, resource_id, sum(stale_checkpoints)::bigint, sum(stale_bytes)::double, sum(stale_cost),
                sum(old_checkpoints)::bigint,
                sum(archive_saving::double * greatest(1 - stale_bytes::double / nullif(old_bytes::double, 0), 0))
                    ::decimal(38, 12)
            from ({rows}) where model <> '(other)' and resource_id <> '(unknown)' group by all
        """
        scale = self.scale()
        return {
            (provider, resource): Stored(stale, size / _GIB, (cost or 0) * scale, old, Decimal(saving or 0) * scale)
            for provider, resource, stale, size, cost, old, saving in self.rows(query, "mart_checkpoint_storage")
        }

    def _work(self) -> dict[tuple[str, str, str, str, str], Decimal]:
        first = self.run_date - timedelta(days=_RUNS)
        types = rows_of(self.version, INVENTORY, first, self.last)
        if types is None:
            return {}
        runs = """
            with types as (
                select distinct provider, resource_id, lower(instance_type) as instance_type
                from ({types}) where instance_type <> ''
            )
            select r.provider, r.ai_model, r.billing_currency, t.instance_type, 'epoch',
                (sum(r.effective_cost) / nullif(sum(r.epochs), 0))::decimal(38, 12)
            from ({rows}) as r inner join types as t using (provider, resource_id)
            where r.status = 'finished' and r.epochs > 0 and r.effective_cost > 0 group by all
        """
        predictions = """
            with types as (
                select distinct provider, resource_id, lower(instance_type) as instance_type
                from ({types}) where instance_type <> ''
            )
            select r.provider, r.ai_model, r.billing_currency, t.instance_type, '1,000 predictions',
                (1000 * sum(r.allocated_cost)::double / nullif(sum(r.successes), 0))::decimal(38, 12)
            from ({rows}) as r inner join types as t on t.provider = r.provider and t.resource_id = r.endpoint_id
            where r.charge_date >= {since}::date and r.charge_date < {run_date}::date group by all
        """
        found = self.rows(runs, TRAINING, first, types=types)
        found += self.rows(predictions, "mart_inference_costs", self.since, types=types)
        return {(key[0], key[1], key[2], key[3], key[4]): cost for *key, cost in found if cost}

    def _runs(self) -> dict[tuple[str, str], Runs]:
        # A run that goes on in another month has a row in each; the newest knows the most.
        query = """
            select provider, resource_id, count(*), max(hours_at_risk)::double, bool_and(checkpoints > 0 or has_ended)
            from (
                select provider, resource_id, longest_hours_without_checkpoint as hours_at_risk, checkpoints,
                    ended_at is not null as has_ended
                from ({rows})
                where longest_hours_without_checkpoint is not null and started_at < {run_date}::date
                    and (ended_at is null or ended_at > {since}::date)
                qualify row_number() over (
                    partition by provider, resource_id, run_id, stage order by billing_period desc
                ) = 1
            ) group by all
        """
        found = self.rows(query, TRAINING, self.since)
        return {(provider, machine): Runs(*facts) for provider, machine, *facts in found}

    def _spot(self) -> dict[tuple[str, str], Decimal]:
        query = """
            select provider, billing_currency, (sum(net_benefit) / nullif(sum(on_demand_cost), 0))::decimal(38, 12)
            from ({rows}) where net_benefit is not null group by all
        """
        found = self.rows(query, "mart_spot_jobs", self.run_date - timedelta(days=_RUNS))
        return {
            (provider, currency): max(share, Decimal(0)) for provider, currency, share in found if share is not None
        }

    def _unused(self) -> dict[tuple[str, str], Decimal]:
        inventory = rows_of(self.version, INVENTORY, self.since, self.last)
        unused = """
            select provider, billing_currency, sum(unused_cost) from ({rows})
            where commitment_type = '(all)' group by all
        """
        batch = """
            select c.provider, c.billing_currency, sum(c.on_demand_cost) from ({rows}) as c
            semi join (
                select provider, resource_id from ({inventory}) where ai_stage in ('data-preprocessing', 'evaluation')
            ) as i using (provider, resource_id) group by all
        """
        if inventory is None:
            return {}
        of_batch = {(p, c): cost for p, c, cost in self.rows(batch, COSTS, inventory=inventory)}
        found = {(p, c): cost for p, c, cost in self.rows(unused, "mart_commitment_kpis")}
        return {
            key: min(cost / of_batch[key], Decimal(1)) for key, cost in found.items() if cost > 0 and of_batch.get(key)
        }

    def _snapshots(self) -> dict[tuple[str, str, date], list[str]]:
        query = """
            select provider, attached_to, created_at::date, list(resource_id order by created_at, resource_id)
            from (
                select distinct provider, attached_to, created_at, resource_id from ({rows})
                where resource_type = 'snapshot' and attached_to <> '' and created_at is not null
            ) group by all
        """
        return {(provider, disk, day): found for provider, disk, day, found in self.rows(query, INVENTORY)}

    def _transfers(self) -> list[Transfer]:
        query = """
            select provider, billing_currency, model, source_zone, destination_zone, sum(billed_cost),
                coalesce(sum(gigabytes), 0)::double
            from ({rows}) where attribution = 'run' group by all order by all
        """
        scale = self.scale()
        return [
            Transfer(
                each[0],
                each[1],
                each[2],
                each[3],
                each[4],
                (each[5] * scale).quantize(Decimal("1e-12")),
                each[6] * float(scale),
            )
            for each in self.rows(query, "mart_epoch_transfer_costs")
        ]

    def _budgets(self) -> tuple[list[Breach], dict[tuple[str, str], Members]]:
        found = read_budgets.breaches(self.connection, self.version, self.run_date)
        if not any(each.action == "throttle" for each in found):
            return found, {}
        return found, read_budgets.members(self.connection, self.version, self.rules, self.run_date)

    def _attacks(self) -> list[Attack]:
        query = """
            with resources as (
                select incident_id, min_by("value", "rank") as resource_id from ({causes})
                where dimension = 'resource_id' group by all
            )
            select billing_currency, incident_id, {provider}, {account}, {region}, coalesce(resource_id, series), owner,
                title, actual_cost, avoided_cost, mitigation, traffic_times, top_sources_percent
            from ({rows}) left join resources using (incident_id)
            where is_suspected_attack and state = 'open' and first_day < {run_date}::date order by incident_id
        """
        first = self.run_date - timedelta(days=_RUNS)
        causes = rows_of(self.version, "mart_incident_causes", first, self.last)
        if causes is None:
            return []
        above = "if({name} = '(all)', '', {name})"
        names = {"provider": "provider", "account": "sub_account_id", "region": "region_id"}
        parts = {key: compose(above, name=Sql(name)) for key, name in names.items()}
        return [Attack(*each) for each in self.rows(query, "mart_incidents", first, causes=causes, **parts)]


def as_written(provider: str, name: str) -> str:
    """Return the name of a type, which the catalogue has in lower case, as its provider writes it."""
    if provider != Provider.AZURE or not name.startswith("standard_"):
        return name
    size, *others = name.removeprefix("standard_").split("_")
    series = "".join(takewhile(str.isalpha, size))
    # Standard_E8s_v5, Standard_NC24ads_A100_v4: versions stay small.
    parts = (each if each.startswith("v") else each.upper() for each in others)
    return "_".join(("Standard", series.upper() + size[len(series) :], *parts))


def read(connection: DuckDBPyConnection, version: Publication, rules: Rules, run_date: date) -> tuple[Known, Around]:
    """Return what is known around resources as of the run date."""
    reader = Reader(connection, version, rules, run_date)
    every = advised.read(connection, version, run_date)
    advice = advised.by_resource(every)
    unlisted = advised.unlisted(connection, version, rules, run_date, advice)
    known = replace(reader.known(), advice=advice)
    return known, replace(reader.around(known), unlisted=unlisted, to_commit=advised.to_commit(every))
