"""A set of statement files: written complete under a name of its own, then one link is moved to it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.chargeback.formats import csv_file, html, workbook
from finops.chargeback.formats.pdf.statement import write_pdf
from finops.chargeback.invoices.models import Comparison
from finops.chargeback.publish.models import StatementSet
from finops.chargeback.statement.models import AdjustmentBlock, Section, Shown, Statement
from finops.chargeback.statement.sections import total_charged
from finops.core.atomic import replace_link, sync_file, sync_folder
from finops.core.errors import BadInput
from finops.core.money import from_units
from finops.core.periods import BillingPeriod
from finops.stores.statements import StatementFile

MANIFEST = "manifest.json"
DRAFT = "draft-"
"""What the name of an unfinished set's folder begins with."""
_SETS = ".sets"


@contextmanager
def replacing_set(target: Path, period: BillingPeriod) -> Iterator[Path]:
    """Yield a new folder to fill; then let readers of ``target``'s month find it, and remove all but the set before.

    Raise BadInput when something else is in the way.
    """
    with _new_folder(place_of_sets(target, period)) as folder:
        yield folder
        show(target, period, folder)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Raise BadInput, naming the file and the reason, where the block cannot write statements under ``target``."""
    try:
        yield
    except OSError as error:
        where, reason = error.filename or target, error.strerror or str(error)
        raise BadInput(f"statements cannot be written: {where}: {reason}; choose a folder with --out") from error


def link_of(target: Path, period: BillingPeriod) -> Path:
    """Return what readers open: a link to a complete set."""
    return target / f"billing_period={period}"


def place_of_sets(target: Path, period: BillingPeriod) -> Path:
    """Return where a month's sets lie, made if need be. Raise BadInput when something is where readers look."""
    link = link_of(target, period)
    if link.exists() and not link.is_symlink():
        raise BadInput(f"{link} is in the way: it is not a set of statements; move it or choose another --out")
    place = target / _SETS / link.name
    place.mkdir(parents=True, exist_ok=True)
    return place


def show(target: Path, period: BillingPeriod, folder: Path) -> None:
    """Let readers find a complete set; remove all but it and the one before. Drafts are another run's and stay."""
    link, place = link_of(target, period), folder.parent
    before = link.resolve() if link.is_symlink() else None
    replace_link(link, str(Path(_SETS) / link.name / folder.name))
    for old in place.iterdir():
        if not old.name.startswith(DRAFT) and old.resolve() not in (folder.resolve(), before):
            shutil.rmtree(old, ignore_errors=True)


def drafts_in(target: Path) -> list[Path]:
    """Return the drafts of all months, whoever left them."""
    return sorted((target / _SETS).glob(f"*/{DRAFT}*"))


@contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder that readers may enter; remove it when the block fails."""
    folder = Path(tempfile.mkdtemp(prefix="set-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write_set(folder: Path, statements: Sequence[Statement]) -> dict[str, Any]:
    """Write the files of all statements, the company's first, flushed to disk. Return the manifest of the set."""
    owners = owners_of(statements)
    for statement in statements:
        place = folder / statement.slug
        place.mkdir()  # an existing one would be another audience's: fail rather than share it
        write_files(place, statement, owners)
    return complete(folder, statements)


def owners_of(statements: Sequence[Statement]) -> frozenset[str]:
    """Return the cost centres that have a statement, to which the company's page links."""
    return frozenset(each.cost_center for each in statements if each.cost_center is not None)


def write_files(place: Path, statement: Statement, owners: Collection[str]) -> None:
    """Write one audience's files into its folder; the same statement gives the same bytes."""
    page = html.statement_page(statement, owners if statement.cost_center is None else ())
    (place / "statement.html").write_text(page, encoding="utf-8")
    workbook.write_workbook(statement, place / "statement.xlsx")
    write_pdf(statement, place / "statement.pdf")
    csv_file.write_csv(statement, place / "statement.csv")
    csv_file.write_schedules(statement, place / "schedules.csv")
    if statement.has_shared_lines:
        csv_file.write_shared(statement, place / "shared.csv")
    if any(section.adjustments for section in statement.sections):
        csv_file.write_adjustments(statement, place / "adjustments.csv")


def complete(folder: Path, statements: Sequence[Statement]) -> dict[str, Any]:
    """Write the index and the manifest of a folder that holds every audience's files; flush it. Return the manifest."""
    company = statements[0]
    index = html.index_page(company.billing_period, company.build_id, statements)
    (folder / "index.html").write_text(index, encoding="utf-8")
    manifest = _manifest(statements, described_files(folder))
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    flush(folder)
    return manifest


def described_files(folder: Path) -> tuple[StatementFile, ...]:
    """Return every file below a folder, its manifest apart, with its digest."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST]
    found = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths)
    return tuple(StatementFile(name, hashlib.sha256(content).hexdigest(), len(content)) for name, content in found)


def flush(folder: Path) -> None:
    """Flush a set to disk."""
    for path in sorted(folder.rglob("*")):
        (sync_file if path.is_file() else sync_folder)(path)
    sync_folder(folder)


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest of a set."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


def described(
    link: Path, manifest: dict[str, Any], statements: Sequence[Statement] = (), notice: str = ""
) -> StatementSet:
    """Return the set that a manifest describes."""
    return StatementSet(
        path=link,
        billing_period=BillingPeriod.parse(manifest["billing_period"]),
        build_id=manifest["build_id"],
        status=manifest["status"],
        digest=manifest["digest"],
        files=tuple(StatementFile(**each) for each in manifest["files"]),
        totals=manifest["statements"],
        statements=statements,
        notice=notice,
    )


def digest_of(folder: Path) -> str:
    """Return the digest of a set's files as they are now, which its manifest and its month's record must hold."""
    return _together(described_files(folder))


def _manifest(statements: Sequence[Statement], files: Sequence[StatementFile]) -> dict[str, Any]:
    """Return what is in the set; its ``digest`` names the content of all files together."""
    company = statements[0]
    closed: dict[str, Any] = {}
    if made := company.closing:
        closed = {"closed_by": made.by, "closed_at": made.at.isoformat(), "rules": dict(made.rules)}
    return {
        "billing_period": str(company.billing_period),
        "build_id": company.build_id,
        "status": company.status,
        # How complete an open month is: the last day that the bills have costs of.
        "costs_until": None if company.last_day is None else company.last_day.isoformat(),
        **closed,
        "digest": _together(files),
        "statements": summary(statements),
        "invoices": [_invoice(each) for each in company.invoices],
        "files": [*map(asdict, files)],
    }


def _invoice(each: Comparison) -> dict[str, str | None]:
    signed = each.sign_off
    return {
        "invoice": each.invoice,
        "provider": each.provider,
        "issuer": each.issuer,
        "billing_currency": each.currency,
        "status": each.status,
        "billed_cost": f"{each.billed_cost:f}",
        "invoice_total": None if each.given is None else f"{each.given.total:f}",
        "unexplained": f"{each.residue.unexplained:f}",
        "signed_off_by": None if signed is None else signed.signed_by,
        "reason": None if signed is None else signed.reason,
    }


def _together(files: Sequence[StatementFile]) -> str:
    return hashlib.sha256("\n".join(f"{each.sha256}  {each.path}" for each in files).encode()).hexdigest()


def summary(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Return each statement's totals per currency: rounded as shown, and exact; amounts are strings."""
    return [
        {
            "cost_center": statement.cost_center,
            "folder": statement.slug,
            "lines_digest": statement.lines_digest,
            "totals": [{"billing_currency": section.currency, **_totals(section)} for section in statement.sections],
        }
        for statement in statements
    ]


def _totals(section: Section) -> dict[str, str]:
    """Return a section's totals; those of which it has nothing are left out."""
    found = _costs("", section.total, section, exact=(section.exact_effective, section.exact_billed))
    if section.unallocated is not None:
        found["unallocated_effective_cost"] = str(from_units(section.unallocated.shown.effective, section.digits))
    if (block := section.adjustments) is not None:
        found |= _costs("adjustments_", block, section, exact=(block.exact_effective, block.exact_billed))
    if total_charged.beyond_direct(section):
        if (shared := total_charged.parts_of(section).shared) is not None:
            found["shared_effective_cost"] = str(from_units(shared, section.digits))
        found[total_charged.NAME] = str(from_units(section.total_charged, section.digits))
    return found


def _costs(
    what: str, shown: Shown | AdjustmentBlock, section: Section, *, exact: tuple[Decimal, Decimal]
) -> dict[str, str]:
    effective, billed = exact
    return {
        f"{what}effective_cost": str(from_units(shown.effective, section.digits)),
        f"{what}billed_cost": str(from_units(shown.billed, section.digits)),
        f"{what}effective_cost_exact": f"{effective:f}",
        f"{what}billed_cost_exact": f"{billed:f}",
    }
