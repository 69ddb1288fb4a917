"""The tables that findings and their rules are published as, by run date, filed under its month."""

from __future__ import annotations

from finops.stores.results import ResultColumn, ResultTable

_MONEY = "decimal(38,12)"


def _text(name: str, description: str) -> ResultColumn:
    return ResultColumn(name, "varchar", description)


FINDINGS = ResultTable(
    "mart_findings",
    "One row per run date and finding: waste of one resource by one rule, or something that a person has to decide.",
    (
        _text("billing_period", "Month (YYYY-MM) of the run date, under which the row is filed."),
        _text("billing_currency", "Currency of the amounts."),
        ResultColumn("run_date", "date", "First day that was not known; only days before it count. UTC."),
        _text("finding_key", "Rule, provider and resource: the same finding has the same on every run date."),
        _text("rule", "The rule that found it."),
        _text("provider", "Provider of the resource; empty of what a budget leaves to a person."),
        _text("account_id", "Account, subscription or project of the resource, as the bill's SubAccountId."),
        _text("region", "Region of the resource."),
        _text("zone", "Zone of the resource; empty where it has none."),
        _text("resource_id", "The resource, as the bill's ResourceId; else what is found, in words."),
        _text(
            "resource_type",
            "machine, disk, snapshot, address, load_balancer, notebook, endpoint, bucket, group, other; "
            "account where it is of no single resource.",
        ),
        ResultColumn("monthly_cost", _MONEY, "Effective cost per month of 730 hours, from the days looked at."),
        ResultColumn(
            "monthly_saving",
            _MONEY,
            "What the bill would be lower by a month, at effective price; 0 while a "
            "commitment covers it, and where another finding of the resource saves more.",
        ),
        ResultColumn("confidence", "double", "How sure it is, 0 to 1."),
        _text("risk", "low, medium or high."),
        _text("effort", "low, medium or high."),
        _text("evidence", "Why, with the numbers."),
        _text("facts", "JSON: the numbers of the evidence."),
        _text("action", "What is proposed; empty where a person has to decide how."),
        _text("parameters", "JSON: parameters of the action."),
        _text("action_resource_id", "The resource that the action changes; empty without one."),
        _text("note", "What else to know: commitments, what stays, what it would save alone."),
        ResultColumn(
            *("provider_says", "varchar"),
            "What the provider's own recommendation for the resource says of it: agrees, differs, or recommends where "
            "nothing but it was found; null without one.",
            nullable=True,
        ),
        ResultColumn(
            *(
                "provider_advice",
                "varchar",
                "That recommendation: by whom, what, and its saving by the provider's count.",
            ),
            nullable=True,
        ),
        ResultColumn(
            *("provider_saving", _MONEY, "That saving a month, in billing_currency; null where it is in another."),
            nullable=True,
        ),
        _text("owner", "Cost centre of the resource; empty where nobody is known."),
        _text("project", "Project of the resource; empty where none is known."),
        _text("environment", "Environment of the resource; empty where none is known."),
        ResultColumn("first_seen", "date", "First run date of those in a row that found it."),
        ResultColumn("times_seen", "bigint", "Run dates in a row that found it."),
        _text(
            "status",
            "proposed, waiting (found too few times in a row), refused, suppressed, or decision (a person "
            "has to decide).",
        ),
        _text("reason", "Why it is not proposed; empty where it is."),
    ),
    ("billing_period", "run_date", "finding_key"),
)

RULES = ResultTable(
    "mart_rightsizing_rules",
    "One row per run date, rule and currency: whether it proposes, what it found, and what its last actions saved.",
    (
        _text("billing_period", "Month (YYYY-MM) of the run date, under which the row is filed."),
        _text("billing_currency", "Currency of the amounts; (none) of a rule without findings and actions."),
        ResultColumn("run_date", "date", "First day that was not known; only days before it count. UTC."),
        _text("rule", "The rule."),
        _text(
            "state",
            "enabled; off (rules.off in rightsizing.yml has it); or set_aside (its last actions saved too little: it "
            "finds, and plans nothing, until a person enables it).",
        ),
        ResultColumn("set_aside_at", "timestamptz", "When it was set aside; null where it is not.", nullable=True),
        _text("reason", "Why it proposes nothing; empty where it does."),
        ResultColumn("findings", "bigint", "Findings that are proposed, waiting or to be decided."),
        ResultColumn("left_alone", "bigint", "Findings that were refused or suppressed."),
        ResultColumn("monthly_saving", _MONEY, "What its findings would save a month."),
        ResultColumn(
            "last_actions",
            "bigint",
            "Of its last actions (ledger.actions) of which a week of costs or more is known, those in the currency.",
        ),
        ResultColumn("estimated", _MONEY, "What these actions were estimated to save in the days that are known."),
        ResultColumn("realised", _MONEY, "What they have saved in these days."),
    ),
    ("billing_period", "run_date", "rule", "billing_currency"),
)

TABLES: tuple[ResultTable, ...] = (FINDINGS, RULES)
