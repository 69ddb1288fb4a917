"""``finops tags``: the tag policy, who keeps it, and how to repair what does not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, Months, console, table
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.tagging.models import AmbiguousParents, Check, KeyCompliance, UnallocatedMonth

_LONGEST = 60

tags = typer.Typer(help="Tags: the policy, who keeps it, and how to repair what does not.", no_args_is_help=True)
app.add_typer(tags, name="tags")

Month = Annotated[str | None, typer.Option("--billing-period", metavar="YYYY-MM", help="Default: the last published.")]


@tags.command()
def check(billing_period: Months = None, as_json: AsJson = False) -> None:
    """Validate tag_policy.yml and virtual_tags.yml; show what they would change in published months."""
    from finops.tagging import service

    found = service.check(Settings(), [BillingPeriod.parse(text) for text in billing_period or []])
    typer.echo(_json({**asdict(found), "months": [*map(str, found.months)]}) if as_json else _check_text(found))


@tags.command()
def compliance(
    billing_period: Months = None,
    by: Annotated[str, typer.Option(help="company, provider, account, service or cost-center.")] = "company",
    as_json: AsJson = False,
) -> None:
    """Show the share of spend and of resources that is tagged as the policy asks, and what nobody owns."""
    from finops.tagging import service

    periods = [BillingPeriod.parse(text) for text in billing_period or []]
    keys, months, ambiguous = service.compliance(Settings(), periods, by)
    if as_json:
        found = (("keys", keys), ("unallocated", months), ("ambiguous_parents", ambiguous))
        typer.echo(_json({name: [*map(asdict, rows)] for name, rows in found}))
        return
    _print(keys, months)
    for line in _ambiguous(ambiguous):
        typer.echo(line)


@tags.command()
def worklist(
    out: Annotated[Path, typer.Option(help="Folder for one CSV per likely owner, and index.csv.")],
    billing_period: Month = None,
) -> None:
    """Write what each likely owner has to tag, the most expensive first."""
    from finops.tagging import service

    written = service.write_worklists(Settings(), _parsed(billing_period), out)
    rows = sum(count for _, _, count in written)
    typer.echo(f"{rows:,} violations on {len(written)} lists in {out} (index.csv says whose is which)")


@tags.command()
def repair(
    out: Annotated[Path, typer.Option(help="File for the calls.")],
    provider: Annotated[str, typer.Option(help="aws; the other clouds have no such call.")] = "aws",
    billing_period: Month = None,
    with_guesses: Annotated[
        bool, typer.Option("--with-guesses", help="Also values that are only the most frequent of the account.")
    ] = False,
) -> None:
    """Write the exact AWS calls that would repair tags. A dry run: nothing is executed."""
    from finops.tagging import service

    if provider != "aws":
        raise BadInput(f"--provider {provider}: only aws can be repaired by calls; use `finops tags worklist`")
    plan = service.write_repair(Settings(), _parsed(billing_period), out, with_guesses=with_guesses)
    calls = sum(not line.startswith("#") for line in plan.calls)
    typer.echo(
        f"{calls:,} calls in {out}, {len(plan.skipped):,} tags left out with their reasons; nothing was executed"
    )


def _parsed(text: str | None) -> BillingPeriod | None:
    return BillingPeriod.parse(text) if text else None


def _json(content: object) -> str:
    # What JSON does not know are amounts.
    return json.dumps(content, indent=2, ensure_ascii=False, default="{:f}".format)


def _check_text(found: Check) -> str:
    counts = f"{found.keys} keys, {found.parents} parents, {found.account_labels} account labels, {found.rules} rules"
    lines = [f"The tag policy holds: {counts}."]
    if not found.months:
        return "\n".join([*lines, "Nothing is published to compare it with."])
    months = f"{found.months[0]} to {found.months[-1]}"
    lines += [f"{source} matches nothing in {months}" for source in found.idle_rules]
    lines += [f"{source} asks for resources or tags: only a build can tell" for source in found.undecided_rules]
    lines += [
        f"  {s.billing_period} {s.provider:<6} {s.effective_cost:>16,.2f} {s.billing_currency}  "
        f"{_shown(s.cost_center)} ({s.source}) -> {_shown(s.new_cost_center)} ({s.new_source})"
        for s in found.shifts
    ]
    if not found.shifts:
        lines.append(f"No cost of {months} would change its owner.")
    if found.other_parents:
        lines.append(
            f"{', '.join(found.other_parents)}: built by other parents than virtual_tags.yml has now, or by some not "
            "recorded; what is inherited shows only after `finops build --billing-period YYYY-MM`"
        )
    lines += _ambiguous(found.ambiguous)
    if found.outdated:
        lines.append(f"Resolved by another policy: {', '.join(found.outdated)}")
    return "\n".join(lines)


def _ambiguous(months: Iterable[AmbiguousParents]) -> list[str]:
    says = "resources name a parent that several could be, and inherit nothing (`finops tags worklist` names them)"
    return [f"{month.billing_period}: {month.resources:,} {says}" for month in months]


def _print(keys: list[KeyCompliance], months: list[UnallocatedMonth]) -> None:
    states = (("valid", "misspelt", "wrong_value"), ("valid",), ("misspelt",), ("wrong_value",), ("missing",))
    rows: list[tuple[str, ...]] = []
    for key in keys:
        shares = [f"{_share(key.cost_share(*s))} ({_share(key.resource_share(*s))})" for s in states]
        head = (key.billing_period, key.billing_currency, key.subject, key.tag_key, "yes" if key.is_required else "no")
        rows.append((*map(_shown, head), *shares))
    columns = "period,currency,of,key,required,tagged >,valid >,misspelt >,wrong value >,missing >"
    console().print(table("Share of effective cost (of resources)", columns.split(","), rows))
    rows = []
    for month in months:
        share = month.unallocated / month.effective_cost if month.effective_cost else None
        amounts = (month.effective_cost, month.untagged, month.unallocated)
        rows.append((month.billing_period, month.billing_currency, *(f"{a:,.2f}" for a in amounts), _share(share)))
    columns = "period,currency,cost >,by tags >,after labels and rules >,share >"
    console().print(table("Without a cost centre, of effective cost", columns.split(","), rows))


def _shown(text: str) -> str:
    """Return text of a bill for a terminal: one short line that cannot steer it or turn its direction."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def _share(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:.1%}"
