"""``finops ingest``: land new deliveries of cloud bills."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import a_provider, as_json_of, progress_bar
from finops.core.errors import BadInput, FinopsError
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import ANY_VENDOR, CLOUDS, Provider
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.ingest.models import IngestReport
    from finops.ingest.service import Plan
    from finops.policy.sources import ConfiguredSource

_WAITING = "waiting"


@app.command()
def ingest(
    provider: Annotated[
        Provider | None,
        typer.Option(
            parser=a_provider,
            metavar="NAME",
            help="Whose bills: aws, azure, gcp, or focus for FOCUS of any other vendor; a vendor's name keeps all rows "
            "under it. Without --from, the configured sources.",
        ),
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--from", help="File, folder, s3://, az:// or bq://; else include/config/sources.yml.")
    ] = None,
    billing_period: Annotated[list[str] | None, typer.Option(help="Only this month, YYYY-MM; repeatable.")] = None,
    no_manifest: Annotated[
        bool, typer.Option("--no-manifest", help="Ingest downloaded files without a manifest, as one set.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="Only this export; with --no-manifest the source's name.")] = None,
    source_format: Annotated[
        SourceFormat | None,
        typer.Option(
            "--format",
            help="With --no-manifest: the format, where columns do not tell. azure_only_actual: there is no amortized "
            "export, since the account has no reservation or savings plan.",
        ),
    ] = None,
    accept_empty: Annotated[
        bool, typer.Option("--accept-empty", help="Accept an empty export of a month that had rows.")
    ] = False,
    accept_smaller: Annotated[
        bool,
        typer.Option(
            "--accept-smaller", help="Accept files without a manifest that have much less than the bill before."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Take a delivery again that was withdrawn.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is new and land nothing.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON; `not_taken` is the former name of `rejected`."),
    ] = False,
) -> None:
    """Land what is new: discover, verify the whole set, copy, record. Known deliveries cost one look-up.

    Every delivery is tried. Exit status: 0 all accepted, 1 a delivery waits to be complete, 2 one was rejected.
    """
    from finops.ingest import service

    settings = Settings()
    periods = [BillingPeriod.parse(each) for each in billing_period] if billing_period else None
    report: dict[str, Any] = {"landed": [], "new": [], "unchanged": 0, "rejected": []}
    for each in _chosen(settings, provider, origin, no_manifest, source):
        options: dict[str, Any] = {
            "periods": periods,
            "no_manifest": each.no_manifest,
            "source": each.export,
            "source_format": source_format or each.format,
        }
        try:
            if dry_run:
                _add(report, service.plan(settings, each.provider, each.uri, **options))
                continue
            with progress_bar() as progress:
                options |= {"accept_empty": accept_empty, "accept_smaller": accept_smaller}
                options |= {"force": force, "progress": progress}
                done = service.ingest(settings, each.provider, each.uri, **options)
            _add(report, done)
        except FinopsError as error:
            # A source that cannot be read must not stop the others.
            report["rejected"].append(_failed(each, error))
    # Scripts read `not_taken`, the former name of `rejected`; it goes with the next release.
    written = report | {"not_taken": report["rejected"]}
    typer.echo(json.dumps(written, indent=2) if as_json else _as_text(report))
    for each in report["rejected"]:
        typer.echo(f"finops: {each['outcome']}: {each['reason']}", err=True)
    if report["rejected"]:
        raise typer.Exit(1 if all(each["outcome"] == _WAITING for each in report["rejected"]) else 2)


def _chosen(
    settings: Settings, provider: Provider | None, origin: str | None, no_manifest: bool, source: str | None
) -> list[ConfiguredSource]:
    from finops.policy import sources

    if origin is None:
        if no_manifest or source is not None:
            raise BadInput("--no-manifest and --source need --from; without it the sources are those of sources.yml")
        found = [each for each in sources.load(settings) if each.is_of(provider)]
        if not found:
            file, whose = settings.configuration_dir / "sources.yml", provider or "any provider"
            raise BadInput(f"{file}: has no source of {whose}")
        return found
    if provider is None:
        raise BadInput(f"--from needs --provider, one of {', '.join((*CLOUDS, ANY_VENDOR))}")
    return [
        sources.ConfiguredSource(name=origin, provider=provider, uri=origin, export=source, no_manifest=no_manifest)
    ]


def _add(report: dict[str, Any], done: IngestReport | Plan) -> None:
    report["unchanged"] += done.unchanged
    why = ("provider", "source", "billing_period", "outcome", "reason")
    report["rejected"] += [as_json_of(each, *why) for each in done.rejections]
    report["new"] += [as_json_of(each, "provider", "source", "billing_period") for each in getattr(done, "new", ())]
    names = ("delivery_id", "provider", "source", "format", "billing_period", "row_count", "byte_count", "new_columns")
    for each in getattr(done, "landed", ()):
        totals = [as_json_of(total, *total.__slots__) for total in each.totals]
        report["landed"].append(as_json_of(each, *names) | {"totals": totals})


def _failed(source: ConfiguredSource, error: FinopsError) -> dict[str, Any]:
    found = {"provider": source.provider, "source": source.name, "billing_period": None}
    return {**found, "outcome": "unavailable" if error.is_retryable else "failed", "reason": str(error)}


def _as_text(report: dict[str, Any]) -> str:
    lines = []
    for each in report["landed"]:
        sums = ", ".join(f"{total['source_cost']} {total['billing_currency']}" for total in each["totals"])
        lines.append(
            f"landed {each['provider']} {each['source']} {each['billing_period']}: "
            f"{each['row_count']:,} rows, {sums or 'no cost'}"
        )
    lines += [f"new {each['provider']} {each['source']} {each['billing_period']}" for each in report["new"]]
    counts = f"{len(report['landed'] or report['new'])} new, {report['unchanged']} unchanged"
    return "\n".join([*lines, f"{counts}, {len(report['rejected'])} rejected"])
