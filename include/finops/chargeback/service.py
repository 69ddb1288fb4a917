"""Publish the statements of a billing period: read, prove, write beside the old set, move one link."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finops.chargeback import csv_file, html, workbook
from finops.chargeback.compose import compose
from finops.chargeback.models import PublishedMonth, Statement, StatementFile, StatementSet
from finops.chargeback.pdf.statement import write_pdf
from finops.chargeback.proof import prove_month, prove_statements
from finops.chargeback.read import read_month
from finops.chargeback.rounding import from_units
from finops.core import published
from finops.core.atomic import replace_link, sync_file, sync_folder
from finops.core.errors import BadInput
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

_SETS = ".sets"


def publish(settings: Settings, period: BillingPeriod, out: Path | None = None) -> StatementSet:
    """Write the statements of ``period`` under ``out``, by default the home's ``statements``.

    ``billing_period=YYYY-MM`` is a link to a complete set of files: a set is written beside the one that readers
    have open, and then the link is moved. The set before stays for them until the next publication. Same published
    version, same bytes.

    Raise BadInput when the period is not published or the folder cannot be written, NotReady when nothing is
    published, Finding when published totals or the statements do not tie out; the old set is then untouched.
    """
    month = read_month(published.latest(settings), period)
    statements = prepare(month)
    target = settings.statements_dir if out is None else out
    try:
        with exclusive(settings, "statements"):
            return _replace_set(target, month, statements)
    except OSError as error:
        where, reason = error.filename or target, error.strerror or str(error)
        raise BadInput(f"statements cannot be written: {where}: {reason}; choose a folder with --out") from error


def prepare(month: PublishedMonth) -> tuple[Statement, ...]:
    """Return the statements, the company's first. Raise Finding when anything does not tie out."""
    prove_month(month)
    statements = compose(month)
    prove_statements(month, statements)
    return statements


def _replace_set(target: Path, month: PublishedMonth, statements: Sequence[Statement]) -> StatementSet:
    link = target / f"billing_period={month.billing_period}"
    if link.exists() and not link.is_symlink():
        raise BadInput(f"{link} is in the way: it is not a set of statements; move it or choose another --out")
    sets = target / _SETS / link.name
    sets.mkdir(parents=True, exist_ok=True)
    before = link.resolve() if link.is_symlink() else None
    with _new_folder(sets) as folder:
        files = _write_set(folder, month, statements)
        replace_link(link, str(Path(_SETS) / link.name / folder.name))
    for old in sets.iterdir():
        if old.resolve() not in (folder.resolve(), before):
            shutil.rmtree(old, ignore_errors=True)
    return StatementSet(link, month.billing_period, month.build_id, files, statements)


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


def _write_set(folder: Path, month: PublishedMonth, statements: Sequence[Statement]) -> tuple[StatementFile, ...]:
    owners = frozenset(each.cost_center for each in statements if each.cost_center is not None)
    for statement in statements:
        place = folder / statement.slug
        place.mkdir()  # an existing one would be another audience's: fail rather than share it
        page = html.statement_page(statement, owners if statement.cost_center is None else ())
        (place / "statement.html").write_text(page, encoding="utf-8")
        workbook.write_workbook(statement, place / "statement.xlsx")
        csv_file.write_csv(statement, place / "statement.csv")
        write_pdf(statement, place / "statement.pdf")
    index = html.index_page(month.billing_period, month.build_id, statements)
    (folder / "index.html").write_text(index, encoding="utf-8")
    files = tuple(_described(path, folder) for path in sorted(folder.rglob("*")) if path.is_file())
    manifest = json.dumps(_manifest(month, statements, files), indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(manifest + "\n", encoding="utf-8")
    for path in sorted(folder.rglob("*")):
        (sync_file if path.is_file() else sync_folder)(path)
    sync_folder(folder)
    return files


def _described(path: Path, folder: Path) -> StatementFile:
    content = path.read_bytes()
    return StatementFile(path.relative_to(folder).as_posix(), hashlib.sha256(content).hexdigest(), len(content))


def _manifest(
    month: PublishedMonth, statements: Sequence[Statement], files: Sequence[StatementFile]
) -> dict[str, object]:
    """Return what is in the set; its ``digest`` names the content of all files together."""
    together = hashlib.sha256("\n".join(f"{each.sha256}  {each.path}" for each in files).encode())
    return {
        "billing_period": str(month.billing_period),
        "build_id": month.build_id,
        "status": "provisional",
        "digest": together.hexdigest(),
        "statements": summary(statements),
        "files": [{"path": each.path, "sha256": each.sha256, "size": each.size} for each in files],
    }


def summary(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Return each statement's totals per currency: rounded as shown, and exact; amounts are strings."""
    return [
        {
            "cost_center": statement.cost_center,
            "folder": statement.slug,
            "totals": [
                {
                    "billing_currency": section.currency,
                    "effective_cost": str(from_units(section.total.effective, section.digits)),
                    "billed_cost": str(from_units(section.total.billed, section.digits)),
                    "effective_cost_exact": f"{section.exact_effective:f}",
                    "billed_cost_exact": f"{section.exact_billed:f}",
                }
                | _unallocated(section)
                for section in statement.sections
            ],
        }
        for statement in statements
    ]


def _unallocated(section: Any) -> dict[str, str]:
    if section.unallocated is None:
        return {}
    return {"unallocated_effective_cost": str(from_units(section.unallocated.shown.effective, section.digits))}
