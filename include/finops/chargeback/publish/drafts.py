"""Statements made in steps by several processes: planned once, rendered one audience at a time, shown when complete.

A draft lies beside the month's sets, where no reader looks, until it is complete:

- ``planned.json``: month, build, the set that it is to replace, and each audience with the digest of its statement;
- ``statements/AUDIENCE.json``: a statement as it was composed, with its exact figures;
- ``rendered/AUDIENCE.json``: the files that were written of it, with their digests;
- ``set/``: the files. This folder becomes the set.

The files are written by the same functions as those of ``publish``: the same bytes, the same digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from finops.chargeback.formats import statement_json
from finops.chargeback.month import prepare, read
from finops.chargeback.publish import final, index, sets
from finops.chargeback.publish.models import StatementSet
from finops.chargeback.statement.models import Statement
from finops.core.atomic import write_whole
from finops.core.errors import BadInput, Finding
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published
from finops.stores.closed_files import closed_months
from finops.stores.published import Publication

_PLAN = "planned.json"


@dataclass(frozen=True, slots=True)
class PlannedAudience:
    """Who gets a statement: its folder's name, its cost centre (None: the whole company), its statement's digest."""

    folder: str
    cost_center: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a draft is to become. ``replaces`` is the name of the set readers had when it was made, empty for none."""

    billing_period: BillingPeriod
    build_id: str
    replaces: str
    audiences: tuple[PlannedAudience, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A set that is being made, by its name: the path below the folder of all statements."""

    name: str

    @property
    def period(self) -> BillingPeriod:
        """The month whose statements it has."""
        return BillingPeriod.parse(Path(self.name).parent.name.partition("=")[2])

    @property
    def set_name(self) -> str:
        """What its set is called when it is complete."""
        return Path(self.name).name.replace(sets.DRAFT, "set-", 1)


def plan(settings: Settings, periods: Sequence[BillingPeriod]) -> dict[Draft, Plan]:
    """Compose the statements of open months, each month once and proven, into a draft each.

    One run makes drafts at a time, so any draft found is a leftover of a killed run and is removed. Raise what
    ``publish`` raises when there is nothing to compose or anything does not tie out.
    """
    target = settings.statements_dir
    with sets.writing(target), exclusive(settings, "statements"):
        for left in sets.drafts_in(target):
            shutil.rmtree(left, ignore_errors=True)
        publication = published.latest(settings)
        return dict(_plan(settings, publication, period) for period in periods)


def render(settings: Settings, draft: Draft, audience: str) -> None:
    """Write the files of one audience; again, if need be: the files are the same, and whole or not there.

    Raise BadInput when the draft has gone, Finding when a composed statement is not what was planned.
    """
    folder = settings.statements_dir / draft.name
    planned = _plan_of(folder)
    who = next((each for each in planned.audiences if each.folder == audience), None)
    if who is None:
        raise BadInput(f"{folder / _PLAN} plans no statement for {audience!r}")
    with sets.writing(settings.statements_dir):
        written = Path(tempfile.mkdtemp(prefix="writing-", dir=folder))
        written.chmod(0o755)
        owners = {each.cost_center for each in planned.audiences if each.cost_center is not None}
        sets.write_files(written, _statement(folder, who), owners)
        sets.flush(written)
        files = [asdict(each) for each in sets.described_files(written)]
        place = folder / "set" / audience
        shutil.rmtree(place, ignore_errors=True)
        written.rename(place)
        write_whole(folder / "rendered" / f"{audience}.json", json.dumps(files))


def complete(settings: Settings, draft: Draft) -> StatementSet:
    """Prove that every planned statement is there as it was rendered, add what concerns all, and show the set.

    Where the month was closed meanwhile, or another run has shown a set, that one stays and the draft is dropped: it
    was composed earlier. Repeated, it changes nothing. Raise Finding, and leave readers the set they have, when a
    statement is missing or its files are not those that were rendered; BadInput when the draft has gone.
    """
    target, folder, period = settings.statements_dir, settings.statements_dir / draft.name, draft.period
    link = sets.link_of(target, period)
    with sets.writing(target), exclusive(settings, "statements"):
        months = closed_months(settings)
        shown = link.resolve().name if link.is_symlink() else ""
        if period in months:
            found = final.put_back(settings, months, period, target)
        elif shown == draft.set_name:
            found = sets.described(link, sets.manifest_of(link))
        elif shown not in ("", _plan_of(folder).replaces):
            notice = f"another run has published {period} since this one was planned: its statements stay"
            found = sets.described(link, sets.manifest_of(link), notice=notice)
        else:
            found = _show(target, folder, draft)
        index.write(settings, target)
        shutil.rmtree(folder, ignore_errors=True)
        return found


def _plan(settings: Settings, publication: Publication, period: BillingPeriod) -> tuple[Draft, Plan]:
    target, link = settings.statements_dir, sets.link_of(settings.statements_dir, period)
    place = sets.place_of_sets(target, period)
    statements = prepare(read(settings, publication, period, closed_months(settings)))
    folder = Path(tempfile.mkdtemp(prefix=sets.DRAFT, dir=place))
    for name in ("statements", "rendered", "set"):
        (folder / name).mkdir()
    audiences = tuple(_keep(folder, each) for each in statements)
    planned = Plan(period, publication.build_id, link.resolve().name if link.is_symlink() else "", audiences)
    write_whole(folder / _PLAN, TypeAdapter(Plan).dump_json(planned).decode())
    return Draft(folder.relative_to(target).as_posix()), planned


def _keep(folder: Path, statement: Statement) -> PlannedAudience:
    content = statement_json.dumps(statement)
    # Two audiences of one name would share a folder: fail rather than that.
    with (folder / "statements" / f"{statement.slug}.json").open("xb") as file:
        file.write(content)
    return PlannedAudience(statement.slug, statement.cost_center, hashlib.sha256(content).hexdigest())


def _plan_of(folder: Path) -> Plan:
    try:
        return TypeAdapter(Plan).validate_json((folder / _PLAN).read_bytes())
    except FileNotFoundError:
        raise BadInput(f"the draft {folder} has gone; have the month's statements written again") from None


def _statement(folder: Path, who: PlannedAudience) -> Statement:
    path = folder / "statements" / f"{who.folder}.json"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != who.sha256:
        raise Finding(f"{path} is not the statement that was planned; have the month's statements written again")
    return statement_json.loads(content)


def _show(target: Path, folder: Path, draft: Draft) -> StatementSet:
    planned, final = _plan_of(folder), folder.with_name(draft.set_name)
    made = folder / "set"
    if made.exists():  # Killed after the set had its name, the rest is still to be done.
        _prove_rendered(folder, planned)
        sets.complete(made, [_statement(folder, who) for who in planned.audiences])
        made.chmod(0o755)
        os.rename(made, final)
    sets.show(target, planned.billing_period, final)
    return sets.described(sets.link_of(target, planned.billing_period), sets.manifest_of(final))


def _prove_rendered(folder: Path, planned: Plan) -> None:
    month = planned.billing_period
    for who in planned.audiences:
        record = folder / "rendered" / f"{who.folder}.json"
        if not record.exists():
            raise Finding(f"the statement of {who.folder} for {month} was not rendered; have it rendered, then repeat")
        found = [asdict(each) for each in sets.described_files(folder / "set" / who.folder)]
        if found != json.loads(record.read_text(encoding="utf-8")):
            raise Finding(f"{folder / 'set' / who.folder} is not what was rendered for {month}; have it rendered again")
    strange = {each.name for each in (folder / "set").iterdir()} - {who.folder for who in planned.audiences}
    if strange - {"index.html", sets.MANIFEST}:
        raise Finding(f"{folder / 'set'} holds {sorted(strange)[0]!r}, which was not planned for {month}")
