"""What rules moved between cost centres is posted once, and the books then hold what every statement charges."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from tests.unit.chargeback.close.test_closing import JUNE, MAY, quarter
from tests.unit.chargeback.journal.test_adjustments import adjustments, rows
from tests.unit.chargeback.journal.test_journal import ACCOUNTS, amounts, charge, charges, month_of, without_names
from tests.unit.chargeback.published_version import publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.close import closed
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.models import JournalEntry
from finops.chargeback.journal.proof import prove
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import Adjustment, Charge, DirectTotal, PublishedMonth
from finops.chargeback.statement.facts import AllocationEntry as Moved
from finops.chargeback.statement.models import Statement
from finops.core.dimensions import UNALLOCATED
from finops.core.errors import BadInput, Finding
from finops.core.settings import Settings
from finops.policy import accounts as gl_accounts
from finops.policy import allocation
from finops.policy.accounts import Accounts, Allocated
from finops.stores import closed_files
from finops.stores.state import tables
from finops.stores.state.store import open_state

WITH_SHARED = ACCOUNTS.model_copy(update={"allocated": Allocated(default="6590", rules={"tax": "6591"})})
CC = ("cc-1001", "cc-1002", "cc-1003", UNALLOCATED)


def moved(owner: str, amount: str | Decimal, kind: str = "pool", rule: str = "tax", **values: str) -> Moved:
    texts = {"provider": "aws", "billing_currency": "USD", "counterpart": "(several)", "rule_digest": "abc", **values}
    cost = Decimal(amount)
    return Moved(
        *(owner, texts["provider"], texts["billing_currency"], kind, rule, 1, texts["rule_digest"]),
        *(texts["counterpart"], None, None, cost, cost),
    )


@st.composite
def rules_moves(draw: st.DrawFn) -> list[Moved]:
    """What some rules moved of some bills: each takes from one and gives to others, and is zero in all."""
    found: list[Moved] = []
    bills = st.tuples(st.sampled_from(["aws", "gcp"]), st.sampled_from(["USD", "EUR", "JPY"]))
    for provider, currency in draw(st.lists(bills, max_size=3, unique=True)):
        bill = {"provider": provider, "billing_currency": currency}
        for rule in draw(st.lists(st.sampled_from(["tax", "platform", "gpu"]), max_size=3, unique=True)):
            giver = draw(st.sampled_from(CC))
            parts = draw(st.dictionaries(st.sampled_from(CC), amounts, min_size=1))
            found += [moved(owner, part, rule=rule, counterpart=giver, **bill) for owner, part in parts.items()]
            found.append(moved(giver, -sum(parts.values(), Decimal(0)), "offset", rule, **bill))
    return found


def with_moves(costs: list[Charge], moves: list[Moved], changed: list[Adjustment] = []) -> PublishedMonth:  # noqa: B006
    direct = [DirectTotal(c.cost_center, c.provider, c.billing_currency, *(c.effective_cost,) * 2) for c in costs]
    nothing = DirectTotal("cc-1001", "aws", "USD", Decimal(0), Decimal(0))
    whole = {"adjustments": tuple(changed), "entries": tuple(moves), "direct_totals": (nothing, *direct)}
    return replace(month_of(costs), **whole)  # type: ignore[arg-type]


def posted(statements: tuple[Statement, ...], accounts: Accounts = WITH_SHARED) -> tuple[JournalEntry, ...]:
    return entries_of(statements, [Digests(*[f"{n:012x}"] * 3) for n in range(len(statements))], accounts)


def net(entries: tuple[JournalEntry, ...] | list[JournalEntry]) -> dict[tuple[str, str], int]:
    """Return debits less credits by cost centre and currency, of what is no clearing account."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        if not entry.is_clearing:
            sums[entry.cost_center, entry.currency] += entry.debit - entry.credit
    return {key: units for key, units in sums.items() if units}


@given(charges, rules_moves(), adjustments)
def test_direct_shared_and_adjusted_are_together_what_each_statement_charges(
    costs: list[Charge], moves: list[Moved], changed: list[Adjustment]
) -> None:
    statements = compose(with_moves(costs, moves, changed))
    entries = posted(statements)
    prove(statements, entries, WITH_SHARED)
    balance: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        balance[entry.document, entry.currency] += entry.debit - entry.credit
        assert min(entry.debit, entry.credit) == 0 < max(entry.debit, entry.credit)
    assert set(balance.values()) <= {0}
    # Counted here from the statements' lines and not by the proof's own sums.
    owed: dict[tuple[str, str], int] = defaultdict(int)
    for statement in statements[1:]:
        for section in statement.sections:
            lines = [*section.details, *(section.shared.lines if section.shared else ())]
            lines += section.adjustments.lines if section.adjustments else ()
            owed[str(statement.cost_center), section.currency] += sum(line.effective for line in lines)
    of_owners = {key: units for key, units in net(entries).items() if key[0] != "9999"}
    assert of_owners == {key: units for key, units in owed.items() if units}
    assert len({each.document for each in entries if each.kind == "CS"}) <= 1
    assert len({each.reference for each in entries}) == len(entries)


@given(charges, rules_moves(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(costs: list[Charge], moves: list[Moved], rng: random.Random) -> None:
    shuffled = with_moves(rng.sample(costs, len(costs)), rng.sample(moves, len(moves)))
    assert posted(compose(with_moves(costs, moves))) == posted(compose(shuffled))


TAX = [
    moved("cc-1001", "3.33", counterpart=UNALLOCATED),
    moved("cc-1002", "6.67", counterpart=UNALLOCATED),
    moved(UNALLOCATED, "-10", "offset"),
]
PLATFORM = [
    moved("cc-1001", "4", rule="platform", counterpart="cc-1002"),
    moved("cc-1002", "1", rule="platform", counterpart="cc-1002"),
    moved("cc-1002", "-5", "offset", "platform"),
    moved("cc-1001", "0.2", "markup", "platform", counterpart="cc-1002"),
    moved("cc-1002", "-0.2", "markup_offset", "platform", counterpart="cc-1001"),
]


def test_who_bears_is_debited_and_who_gave_or_earned_is_credited_on_the_rules_account() -> None:
    costs = [charge("100"), charge("50", cost_center="cc-1002"), charge("10", cost_center=UNALLOCATED)]
    entries = [e for e in posted(compose(with_moves(costs, TAX + PLATFORM))) if e.kind == "CS"]
    assert [(e.cost_center, e.account, e.debit - e.credit, e.text) for e in entries] == [
        ("cc-1001", "6590", 420, "AWS June 2026, shared by rule platform: cc-1001, from cc-1002"),
        ("cc-1001", "6591", 333, "AWS June 2026, shared by rule tax: cc-1001, from Not allocated"),
        # What it keeps of its own pool is in what it gave: the rule took 5.00 and 0.20 from it, and left it 1.00.
        ("cc-1002", "6590", -420, "AWS June 2026, shared by rule platform: cc-1002"),
        ("cc-1002", "6591", 667, "AWS June 2026, shared by rule tax: cc-1002, from Not allocated"),
        ("9999", "6591", -1000, "AWS June 2026, shared by rule tax: Not allocated"),
    ]
    assert {e.posting_date.isoformat() for e in entries} == {"2026-06-30"}
    assert not any(e.is_clearing for e in entries)


def test_an_entry_names_its_lines_and_a_single_other_side() -> None:
    given_back = [moved("cc-1002", "7", "kept", "support", counterpart="cc-1002")]
    given_back.append(moved("cc-1002", "-7", "offset", "support", counterpart="cc-1002"))
    sold = [moved("cc-1001", "2", "price", "gpu", counterpart="cc-1003")]
    sold.append(moved("cc-1003", "-2", "offset", "gpu", counterpart="cc-1001"))
    first, second = (e for e in posted(compose(with_moves([charge("9")], given_back + sold))) if e.kind == "CS")
    assert first.statement_lines == sold[0].line_id
    assert second.statement_lines == sold[1].line_id
    assert second.text == "AWS June 2026, shared by rule gpu: cc-1003, to cc-1001"


def test_very_many_lines_are_counted() -> None:
    owners = [f"cc-{number}" for number in range(101)]
    takes = [moved("cc-1001", "1", counterpart=owner) for owner in owners]
    gives = [moved(owner, "-1", "offset", counterpart="cc-1001") for owner in owners]
    entries = [e for e in posted(compose(with_moves([charge("9")], takes + gives))) if e.kind == "CS"]
    assert {e.statement_lines for e in entries if e.cost_center == "cc-1001"} == {"101 lines of the rule"}


def test_a_posting_at_the_wrong_cost_centre_is_found_out_although_it_balances() -> None:
    statements = compose(with_moves([charge("100"), charge("50", cost_center="cc-1002")], PLATFORM))
    entries = posted(statements)
    prove(statements, entries, WITH_SHARED)
    swapped = [replace(e, cost_center="cc-1002") if e.cost_center == "cc-1001" else e for e in entries]
    with pytest.raises(Finding, match=r"journal of 2026-06: USD posted to 'cc-1001' differs by -10420 from what its"):
        prove(statements, swapped, WITH_SHARED)
    # Shared cost that accounts were given for and that is not there is a difference, too.
    with pytest.raises(Finding, match="USD posted to 'cc-1001' differs by -420"):
        prove(statements, [e for e in entries if e.kind != "CS"], WITH_SHARED)


def test_a_cost_centre_that_is_named_as_the_remainder_is_posted_with_it() -> None:
    costs = [charge("1", cost_center="9999"), charge("2", cost_center=UNALLOCATED)]
    statements = compose(with_moves(costs, [moved("9999", "1"), moved(UNALLOCATED, "-1", "offset")]))
    prove(statements, posted(statements), WITH_SHARED)
    assert net(posted(statements)) == {("9999", "USD"): 300}


# -- through the real services ------------------------------------------------------------------------------------

POOL = "pools: [{id: tax, version: 1, description: tax, select: {charge_category: Tax}, split: {method: even}}]"
SECTION = "allocated: {default: '6590', rules: {tax: '6591'}}\n"


def write_accounts(settings: Settings, section: str = SECTION) -> None:
    content = ACCOUNTS.model_dump(mode="json", exclude={"allocated"})
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in content.items())
    (settings.configuration_dir / "gl_accounts.yml").write_text(lines + section)


def publish_months(settings: Settings, build_id: str = "build-1", **may: str) -> None:
    """May and June, in each of which a rule moves 1.115 of what has no owner or of a cost centre."""
    (pool,) = allocation.load(settings).pools
    of_pool = {"rule_digest": pool.digest}
    taken = {"2026-05": (UNALLOCATED, "-1.115"), "2026-06": ("cc-1002", "-1.115")}
    moves = {
        month: [
            moved("cc-1001", "0.555", counterpart=giver, **of_pool),
            moved("cc-1003", "0.56", counterpart=giver, **of_pool),
            moved(giver, cost, "offset", **of_pool),
        ]
        for month, (giver, cost) in taken.items()
    }
    publish_version(settings, quarter(**may), build_id=build_id, moved=moves)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three published months, with a rule for shared cost and an account for it."""
    (tmp_path / "config").mkdir()
    settings = Settings(home=tmp_path / "home", config_dir=tmp_path / "config")
    (settings.configuration_dir / "allocation.yml").write_text(POOL)
    write_accounts(settings)
    publish_months(settings)
    return settings


def test_the_document_leads_to_the_company_s_file_and_its_lines_to_the_statement(
    settings: Settings, tmp_path: Path
) -> None:
    found = without_names(service.publish(settings, MAY).path / "company" / "shared.csv")
    done = service.write_journal(settings, MAY, tmp_path / "may.csv")
    shared = [each for each in done.entries if each.kind == "CS"]
    assert {e.document for e in shared} == {f"CS-2026-05-{found[:12]}"}
    assert {e.cost_center: e.debit - e.credit for e in shared} == {"cc-1001": 55, "cc-1003": 56, "9999": -111}
    for entry in shared:
        folder = "company" if entry.cost_center == "9999" else entry.cost_center
        lines = rows(settings.statements_dir / "billing_period=2026-05" / folder / "shared.csv")
        (line,) = (each for each in lines if each["line_id"] == entry.statement_lines)
        assert Decimal(line["effective_cost_rounded"]) * 100 == entry.debit - entry.credit
    assert done.notices == ()


def test_the_command_says_what_it_posted_of_each_kind(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finops.cli import app

    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.config_dir))
    options = ["chargeback", "journal", "--billing-period", "2026-05", "--out", str(tmp_path / "j.csv")]
    found = json.loads(CliRunner().invoke(app, [*options, "--json"]).output)
    direct, shared = found["kinds"]
    assert (direct["kind"], shared["kind"]) == ("direct cost", "shared cost")
    assert shared["totals"] == [{"currency": "USD", "debit": "1.11", "credit": "1.11"}]
    assert (len(shared["documents"]), shared["entries"], found["notices"]) == (1, 3, [])
    assert "shared cost  debit                   1.11 credit" in CliRunner().invoke(app, options).output
    write_accounts(settings, "")
    printed = CliRunner().invoke(app, options).output.splitlines()
    assert [line for line in printed if "hared cost" in line] == [
        "Shared cost is not posted: gl_accounts.yml has no section `allocated` with its accounts"
    ]
    assert json.loads(CliRunner().invoke(app, [*options, "--json"]).output)["notices"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_same_month_gives_the_same_bytes(settings: Settings, tmp_path: Path, kind: str) -> None:
    one = service.write_journal(settings, MAY, tmp_path / f"one.{kind}")
    assert {e.kind for e in one.entries} == {"CB", "CS"}
    assert service.write_journal(settings, MAY, tmp_path / f"two.{kind}").sha256 == one.sha256


def test_without_the_section_direct_cost_is_posted_as_ever_and_one_line_says_what_is_missing(
    settings: Settings, tmp_path: Path
) -> None:
    whole = service.write_journal(settings, MAY, tmp_path / "whole.csv")
    write_accounts(settings, "")
    direct = service.write_journal(settings, MAY, tmp_path / "direct.csv")
    assert list(direct.entries) == [each for each in whole.entries if each.kind == "CB"]
    assert len(direct.notices) == 1
    # Nothing was moved in July, so nothing is missing.
    assert service.write_journal(settings, JUNE.next, tmp_path / "july.csv").notices == ()


def test_a_closed_month_posts_what_was_moved_at_the_close_and_the_next_one_its_own(
    settings: Settings, tmp_path: Path
) -> None:
    before = service.write_journal(settings, MAY, tmp_path / "before.csv")
    service.close(settings, MAY, "Ann")
    write_accounts(settings, SECTION.replace("6591", "7777"))
    (settings.configuration_dir / "allocation.yml").write_text(POOL.replace("even", "proportional"))
    publish_months(settings, "build-2", research="99")
    assert service.write_journal(settings, MAY, tmp_path / "after.csv").sha256 == before.sha256
    june = service.write_journal(settings, JUNE, tmp_path / "june.csv")
    assert {each.kind for each in june.entries} == {"CB", "CS", "CA"}
    # Its own cost, its share, and what AWS charges more for May: as finance adds them up from the statement's files.
    folder = service.publish(settings, JUNE).path / "cc-1001"
    files = [rows(folder / name) for name in ("statement.csv", "shared.csv", "adjustments.csv")]
    owed = [sum(Decimal(line["effective_cost_rounded"]) for line in file) for file in files]
    assert net(june.entries)["cc-1001", "USD"] == sum(owed) * 100
    assert all(owed)
    assert {e.account for e in june.entries if e.kind == "CS"} == {"7777"}


def test_frozen_entries_that_were_touched_are_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    service.close(settings, MAY, "Ann")
    file = closed_files.folder_of(settings, MAY) / closed.ALLOCATED
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Finding, match=r"allocated.parquet is not what was recorded when 2026-05 was closed"):
        service.write_journal(settings, MAY, tmp_path / "j.csv")
    file.unlink()
    with pytest.raises(Finding, match=r"allocated.parquet is not what was recorded .*missing"):
        service.write_journal(settings, MAY, tmp_path / "j.csv")


def test_a_month_closed_before_shared_cost_was_frozen_keeps_its_journal_and_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    write_accounts(settings, "")
    as_it_was = service.write_journal(settings, MAY, tmp_path / "before.csv")
    service.close(settings, MAY, "Ann")
    forget_frozen_entries(settings)
    # The accounts were not frozen either in those days: they are read as they are now, with the section.
    write_accounts(settings)
    later = service.write_journal(settings, MAY, tmp_path / "after.csv")
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert as_it_was.sha256 == later.sha256
    assert later.notices == ("Shared cost was not frozen when 2026-05 was closed, so none is posted",)


def forget_frozen_entries(settings: Settings) -> None:
    """Make May a month that was closed before its entries and accounts were kept."""
    record = service.closed_months(settings)[MAY]
    kept = {name: of for name, of in record.frozen.items() if name in (closed_files.CHARGES, closed.ADJUSTMENTS)}
    with open_state(settings).begin() as connection:
        connection.execute(update(tables.closed_periods).values(frozen=kept))
    closed_folder = closed_files.folder_of(settings, MAY)
    closed_folder.chmod(0o755)
    (closed_folder / closed.ALLOCATED).unlink()


def test_a_month_closed_without_the_section_says_so_whatever_the_file_says_later(
    settings: Settings, tmp_path: Path
) -> None:
    write_accounts(settings, "")
    service.close(settings, MAY, "Ann")
    write_accounts(settings)
    done = service.write_journal(settings, MAY, tmp_path / "j.csv")
    assert {each.kind for each in done.entries} == {"CB"}
    assert done.notices == (
        "Shared cost is not posted: the gl_accounts.yml of the close has no section `allocated` with its accounts",
    )


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("allocated:\n  rules: {tax: '1'}\n", r":5: allocated: missing key default"),
        ("allocated:\n", r":5: allocated: missing key default"),
        ("allocated: {default: '1', rule: {}}\n", r":5: allocated.rule: unknown key"),
        ("allocated:\n  default: '=1'\n", r":6: allocated.default: '=1' is no account"),
        ("allocated:\n  default: '1'\n  rules:\n    tax: ''\n", r":8: allocated.rules.tax: '' is no account"),
        (
            "allocated:\n  default: '1'\n  rules:\n    tax: '2'\n    taxes: '2'\n",
            r":9: allocated.rules.taxes: allocation.yml has no such rule; there are tax",
        ),
    ],
)
def test_a_section_that_cannot_be_meant_is_refused_with_line_and_key(
    settings: Settings, section: str, says: str
) -> None:
    write_accounts(settings, section)
    with pytest.raises(BadInput, match="gl_accounts.yml" + says):
        gl_accounts.load(settings)


def test_the_shipped_file_has_the_section_and_knows_the_shipped_rules() -> None:
    accounts = gl_accounts.load(Settings())
    assert accounts.allocated is not None
    assert accounts.allocated.rules
    assert re.fullmatch(r"\d+", accounts.allocated.account_of("tax"))


def test_accounts_of_rules_are_those_frozen_beside_them(settings: Settings, tmp_path: Path) -> None:
    # The rule goes out of allocation.yml after the close: the frozen accounts still name it, and it was known then.
    service.close(settings, MAY, "Ann")
    (settings.configuration_dir / "allocation.yml").unlink()
    assert {e.account for e in service.write_journal(settings, MAY, tmp_path / "j.csv").entries if e.kind == "CS"} == {
        "6591"
    }
    with pytest.raises(BadInput, match=r"allocation\.yml has no such rule; there are none"):
        service.write_journal(settings, JUNE, tmp_path / "k.csv")
    frozen = closed_files.folder_of(settings, MAY) / "rules" / "allocation.yml"
    frozen.chmod(0o644)
    frozen.write_text(POOL.replace("tax", "taxes"))
    with pytest.raises(Finding, match=r"rules/allocation.yml is not what was recorded when 2026-05 was closed"):
        service.write_journal(settings, MAY, tmp_path / "j.csv")
