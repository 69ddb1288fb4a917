"""Check every configuration file at once, and the cost centres that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from finops.core.dimensions import UNALLOCATED
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.policy import (
    accounts,
    allocation,
    anomalies,
    budgets,
    channels,
    cost_centers,
    delivery,
    exchange_rates,
    forecasting,
    invoices,
    kpis,
    rightsizing,
    sources,
    tags,
    telemetry,
)
from finops.policy.allocation.checks import targets
from finops.policy.allocation.drivers import quantities
from finops.policy.allocation.models import Rules
from finops.policy.sources import ConfiguredSource
from finops.policy.tags import POLICY_FILE, RULES_FILE, TagPolicy
from finops.policy.tags.checks import fault_of_value
from finops.stores.published import latest


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A configuration file; ``fault`` is None when it is valid."""

    name: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """All files, what is worth a look, and the sources, for the caller to try."""

    files: tuple[CheckedFile, ...]
    warnings: tuple[str, ...]
    sources: tuple[ConfiguredSource, ...]

    @property
    def is_valid(self) -> bool:
        """Whether no file has a fault."""
        return not any(each.fault for each in self.files)


def _rules(settings: Settings) -> Rules:
    rules = allocation.load(settings)
    quantities(settings, rules, ())
    return rules


def _budgets(settings: Settings) -> tuple[tuple[budgets.Budget, ...], budgets.Configured]:
    return budgets.load(settings), budgets.lines(settings)


LOADERS: dict[str, Callable[[Settings], Any]] = {
    sources.FILE: sources.load,
    POLICY_FILE: tags.load,
    RULES_FILE: tags.load,
    allocation.FILE: _rules,
    cost_centers.FILE: cost_centers.load,
    budgets.FILE: _budgets,
    exchange_rates.FILE: exchange_rates.read,
    invoices.FILE: invoices.load,
    accounts.FILE: accounts.load,
    delivery.FILE: delivery.load,
    telemetry.FILE: telemetry.load,
    kpis.FILE: kpis.load,
    forecasting.FILE: forecasting.load,
    anomalies.FILE: anomalies.load,
    channels.FILE: channels.load,
    rightsizing.FILE: rightsizing.load,
}
_OPTIONAL = LOADERS.keys() - {sources.FILE, POLICY_FILE}


def check(settings: Settings) -> Checked:
    """Read every file; each one's first fault is in the result. A file that may be missing counts as valid then.

    Raise BadInput when the folder does not exist.
    """
    folder = settings.configuration_dir
    if not folder.is_dir():
        raise BadInput(f"{folder} does not exist; `finops init {folder}` writes a configuration to start from")
    loaded: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, load in LOADERS.items():
        if name in _OPTIONAL and not (folder / name).exists():
            continue
        try:
            loaded[name] = load(settings)
        except BadInput as error:
            # What one file says of another is that one's fault, and is listed there.
            if str(error) not in faults.values():
                faults[name] = str(error)
    files = tuple(CheckedFile(name, faults.get(name)) for name in LOADERS)
    _, warnings = loaded.get(invoices.FILE, ((), ()))
    _, configured = loaded.get(budgets.FILE, ((), budgets.Configured(())))
    unknown = (*_unknown_cost_centers(settings, loaded), *_unknown_channels(loaded))
    return Checked(files, (*warnings, *configured.warnings, *unknown), loaded.get(sources.FILE, ()))


def _unknown_channels(loaded: dict[str, Any]) -> Iterator[str]:
    """Yield a warning for each channel of a cost centre or a budget that ``channels.yml`` has not."""
    content: channels.Channels = loaded.get(channels.FILE, channels.Channels())
    known: cost_centers.CostCenters = loaded.get(cost_centers.FILE, cost_centers.CostCenters())
    _, configured = loaded.get(budgets.FILE, ((), budgets.Configured(())))
    named = [(each.channel, f"{cost_centers.FILE}: {each.cost_center}") for each in known.entries.values()]
    named += [(each.channel, f"{each.where}: {each.id}") for each in configured.lines]
    for channel, where in named:
        if channel and content.named(channel) is None:
            yield f"{where}: there is no channel {channel!r} in {channels.FILE}; nobody hears of it there"


def _unknown_cost_centers(settings: Settings, loaded: dict[str, Any]) -> Iterator[str]:
    """Yield a warning for each cost centre that neither the configuration nor a published month knows.

    Where ``cost_centers.yml`` has entries, also for those that are published and not among them.
    """
    policy: TagPolicy | None = loaded.get(POLICY_FILE)
    if policy is None:
        return
    key = policy.key(policy.owner_key)
    given = {each.values.get(policy.owner_key) for each in policy.assignments()}
    known: cost_centers.CostCenters = loaded.get(cost_centers.FILE, cost_centers.CostCenters())
    published = _published_cost_centers(settings)
    if known.entries:
        yield from _without_entry(known, _used(loaded), published)
        return
    for name, used in _used(loaded).items():
        for each in sorted(used - given - published - {UNALLOCATED}):
            if key and (fault := fault_of_value(key, each)):
                yield f"{name}: cost centre {fault}"
            elif key and not key.allowed and published:
                yield f"{name}: cost centre {each!r} is in no published month"


def _without_entry(known: cost_centers.CostCenters, used: dict[str, set[str]], published: set[str]) -> Iterator[str]:
    for name, cost_centers_used in used.items():
        for each in sorted(cost_centers_used - set(known.entries) - {UNALLOCATED}):
            yield f"{name}: cost centre {each!r} is not in {cost_centers.FILE}"
    for each in sorted(published - set(known.entries) - {UNALLOCATED}):
        yield f"{cost_centers.FILE}: cost centre {each!r} of a published month has no entry"


def _used(loaded: dict[str, Any]) -> dict[str, set[str]]:
    rules: Rules = loaded.get(allocation.FILE, Rules())
    in_rules = {name for pool in rules.pools for name in (*targets(pool), *rules.stepped_down_by(pool))}
    in_rules |= {pool.markup.to for pool in rules.pools if pool.markup} | {price.cost_center for price in rules.prices}
    return {
        allocation.FILE: in_rules,
        budgets.FILE: _budgeted(loaded.get(budgets.FILE, ((), budgets.Configured(())))[1]),
        delivery.FILE: {each.cost_center for each in loaded.get(delivery.FILE, ()) if each.cost_center},
    }


def _budgeted(configured: budgets.Configured) -> set[str]:
    return {name for line in configured.lines for name in dict(line.scope).get("cost_center", ())}


def _published_cost_centers(settings: Settings) -> set[str]:
    try:
        publication = latest(settings)
    except NotReady:
        return set()
    with publication.connect() as connection:
        return {name for (name,) in connection.execute("select distinct cost_center from fct_daily_costs").fetchall()}
