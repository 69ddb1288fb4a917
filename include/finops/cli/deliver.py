"""``finops chargeback deliver``: statements to the folders, buckets and mailboxes of their audiences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.chargeback import chargeback
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.delivery.models import DeliveryReport


@chargeback.command()
def deliver(
    billing_period: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get what, and send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome of each target as JSON.")] = False,
) -> None:
    """Deliver published statements as include/config/delivery.yml has it; what a target has is not sent again.

    Exit status: 0 all well, 1 a target failed (the others have theirs; repeat for the rest), 2 bad input.
    """
    from finops.pipelines import statements

    [report] = statements.deliver(Settings(), [BillingPeriod.parse(billing_period)], dry_run=dry_run)
    typer.echo(_as_json(report) if as_json else _as_text(report))
    statements.require_delivered([report])


def _as_json(report: DeliveryReport) -> str:
    content = {
        "billing_period": str(report.billing_period),
        "deliveries": [
            {name: getattr(each, name) for name in ("cost_center", "target", "result", "digest", "files", "reason")}
            for each in report.outcomes
        ],
        "without_statement": report.without_statement,
        "without_target": report.without_target,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _as_text(report: DeliveryReport) -> str:
    lines = [f"Statements of {report.billing_period}"]
    lines += [f"  {each.result:<10} {_who(each.cost_center):<28} {each.target}" for each in report.outcomes]
    lines += [f"  no statement this month for {_who(each)}, which has targets" for each in report.without_statement]
    lines += [f"  no target for {_who(each)}" for each in report.without_target]
    return "\n".join(lines)


def _who(cost_center: str | None) -> str:
    # As a literal: a tag's value may hold anything, control characters of terminals too.
    return "the whole company" if cost_center is None else repr(cost_center)
