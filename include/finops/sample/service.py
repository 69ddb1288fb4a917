"""Write the sample: bills of three clouds, what goes with them, and the telemetry of their resources."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from finops.core.errors import BadInput
from finops.core.money import cents
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import CLOUDS, Provider
from finops.sample import drivers, restatement
from finops.sample.aws import export as aws
from finops.sample.azure import export as azure
from finops.sample.files import write_csv, write_json
from finops.sample.gcp import export as gcp
from finops.sample.lines import Month
from finops.sample.models import (
    InvoiceKey,
    InvoiceTotal,
    Label,
    MonthResult,
    SampleReport,
    Steps,
    Total,
    TotalKey,
)
from finops.sample.rhythm import EPOCH
from finops.sample.telemetry import month as telemetry
from finops.sample.telemetry.assets import Asset, Harvest
from finops.sample.telemetry.scene import Truth

MINIMUM_LINES = 2_000
_MARK = "expected.json"
logger = logging.getLogger(__name__)

Writer = Callable[[Path, int, int, Month, Steps, Harvest], MonthResult]
_WRITERS: dict[Provider, Writer] = {
    Provider.AWS: aws.write_month,
    Provider.AZURE: azure.write_month,
    Provider.GCP: gcp.write_month,
}


def generate(
    out: Path,
    *,
    months: int = 6,
    lines_per_month: int = 20_000,
    seed: int = 7,
    first_period: BillingPeriod | None = None,
    providers: Sequence[Provider] = CLOUDS,
    with_telemetry: bool = True,
    with_restatement: bool = False,
    progress: Progress | None = None,
) -> SampleReport:
    """Write ``months`` billing periods of each provider under ``out``, and the telemetry of their resources.

    ``lines_per_month`` is the number of CUR lines of a month of 31 days, exactly (a shorter month has fewer in
    proportion); Azure and GCP get about a third each. The same arguments give the same bytes; an earlier sample
    under ``out`` is removed. A month's usage depends only on the seed, the size and the month, so a longer horizon
    only adds months. The last month is open (not invoiced). With ``with_restatement`` Google's last month is offered as
    it was delivered first, and its corrected bill is below ``restated``. Raise BadInput for invalid arguments.
    """
    if months < 1:
        raise BadInput(f"--months {months} is less than 1; ask for at least one month")
    if lines_per_month < MINIMUM_LINES:
        raise BadInput(f"--lines-per-month {lines_per_month} is too few; ask for at least {MINIMUM_LINES}")
    periods = _periods(first_period or EPOCH, months)
    if with_restatement and Provider.GCP not in providers:
        raise BadInput("--restatement is of Google's bill; ask for gcp, too")
    try:
        _clear(out)
        report = _generate(out, periods, lines_per_month, seed, providers, with_telemetry, progress)
        if with_restatement:
            restatement.write(out, periods[-1])
        return report
    except OSError as error:
        raise BadInput(
            f"--out {out} cannot be written: {error.strerror}; choose a writable folder with enough space"
        ) from None


def _clear(out: Path) -> None:
    """Remove an earlier sample, known by its ``expected.json``; refuse a folder that holds anything else.

    Write the mark before anything else, so a killed run can be repeated.
    """
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise BadInput(f"--out {out} holds files that are not a sample; choose an empty folder")
    write_json(out / _MARK, [])
    for name in (*CLOUDS, telemetry.FOLDER, restatement.FOLDER):
        if (out / name).is_dir():
            shutil.rmtree(out / name)


def summary(report: SampleReport) -> dict[str, object]:
    """Return a report as JSON values."""
    return {
        "out": str(report.out),
        "periods": [str(period) for period in report.periods],
        "row_count": report.row_count,
        "file_count": len(report.files),
        "label_count": len(report.labels),
        "truth_count": report.truth_count,
        "totals": _expected(report.totals),
    }


def _periods(first: BillingPeriod, months: int) -> tuple[BillingPeriod, ...]:
    periods = [first]
    while len(periods) < months:
        periods.append(periods[-1].next)
    return tuple(periods)


def _generate(
    out: Path,
    periods: Sequence[BillingPeriod],
    lines_per_month: int,
    seed: int,
    providers: Sequence[Provider],
    with_telemetry: bool,
    progress: Progress | None,
) -> SampleReport:
    wanted = [provider for provider in CLOUDS if provider in providers]
    steps = Steps(len(periods) * sum(_share(provider, lines_per_month) for provider in wanted), progress)
    files: list[Path] = []
    totals: dict[TotalKey, Total] = {}
    invoices: dict[InvoiceKey, InvoiceTotal] = {}
    labels: set[Label] = set()
    truths: list[Truth] = []
    for period in periods:
        month = Month(period, 24, is_open=period == periods[-1])
        assets: dict[Provider, list[Asset]] = {}
        for provider in wanted:
            steps.message = f"{provider} {period}"
            harvest = Harvest(is_on=with_telemetry)
            made = _WRITERS[provider](out, seed, _share(provider, lines_per_month), month, steps, harvest)
            assets[provider] = harvest.assets
            files += made.files
            totals |= made.totals
            invoices |= made.invoices
            labels |= set(made.labels)
            logger.info("wrote %s %s: %d files", provider, period, len(made.files))
        if with_telemetry:
            written, known = telemetry.write(out, seed, period, assets, labels)
            files += written
            truths += known
    if with_telemetry:
        files.append(telemetry.write_truths(out, truths))
    kept = _within(labels, periods)
    _write_labels(out / "labels.csv", kept)
    _write_invoices(out / "invoices.csv", invoices)
    drivers.write(out / "drivers.csv", periods, seed)
    write_json(out / _MARK, _expected(totals))
    also = (out / "labels.csv", out / "invoices.csv", out / "drivers.csv", out / _MARK)
    return SampleReport(out, tuple(periods), (*files, *also), totals, kept, len(truths))


def _share(provider: Provider, lines_per_month: int) -> int:
    return lines_per_month if provider == Provider.AWS else lines_per_month // 3


def _within(labels: Iterable[Label], periods: Sequence[BillingPeriod]) -> tuple[Label, ...]:
    """Cut labels to the months that were written."""
    begin, end = periods[0].start, periods[-1].end
    cut = {
        Label(each.provider, each.series, max(each.start, begin), min(each.end, end), each.kind)
        for each in labels
        if each.start < end and each.end > begin
    }
    return tuple(sorted(cut))


def _write_labels(path: Path, labels: Sequence[Label]) -> None:
    rows = []
    for each in labels:
        series = each.series
        moments = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (each.start, each.end)]
        rows.append([each.provider, series, series.account, series.service, series.model, *moments, each.kind])
    write_csv(path, ["provider", "series", "account", "service", "model", "start", "end", "kind"], rows)


def _write_invoices(path: Path, invoices: dict[InvoiceKey, InvoiceTotal]) -> None:
    """Write one line per invoice, as ``invoices.yml`` reads it: what the clouds ask for, in whole cents.

    Every cloud rounds an invoice once, at its end. Tax is given where the bill has tax lines.
    """
    rows = []
    for key, sums in sorted(invoices.items(), key=lambda item: item[0]):
        amounts = [cents(sums.total), cents(sums.tax) if sums.tax else ""]
        rows.append([key.issuer, key.invoice_id, key.period, key.currency, *amounts, key.billing_account_id])
    columns = ["issuer", "invoice_id", "billing_period", "currency", "total", "tax", "billing_account_id"]
    write_csv(path, columns, rows)


def _expected(totals: dict[TotalKey, Total]) -> list[dict[str, object]]:
    """Return one entry per provider, billing period, source and currency; amounts as text with twelve decimals."""
    return [
        {
            "provider": key.provider,
            "billing_period": str(key.period),
            "source": key.source,
            "currency": key.currency,
            "row_count": total.row_count,
            "source_cost": f"{total.source_cost:.12f}",
            "billed_cost": f"{total.billed_cost:.12f}",
            "untagged_cost": f"{total.untagged_cost:.12f}",
            "untagged_share": f"{total.untagged_cost / total.source_cost:.6f}" if total.source_cost else None,
        }
        for key, total in sorted(
            totals.items(), key=lambda item: (item[0].provider, item[0].period, item[0].source, item[0].currency)
        )
    ]
