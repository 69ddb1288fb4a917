"""The state store's tables. Times are UTC; amounts are exact decimals of ``billing_currency``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from finops.stores.state.columns import ExactDecimal, UtcDateTime, metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", String(32), primary_key=True, comment="Digest of provider, source, period and contents."),
    Column("provider", String(16), nullable=False),
    Column("source", String(120), nullable=False, comment="The export's name; one export is one source."),
    Column("format", String(32), nullable=False),
    Column("billing_period", String(7), nullable=False),
    Column("fingerprint", String(64), nullable=False, comment="What discovery saw: told apart without reading files."),
    Column("origin", Text, nullable=False, comment="URI the delivery was read from; holds no secret."),
    Column("produced_at", UtcDateTime, nullable=False, comment="When the provider wrote it; the newest wins."),
    Column("landed_at", UtcDateTime, nullable=False),
    Column("relative_path", Text, nullable=False, comment="Folder below landing/."),
    Column("row_count", BigInteger, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("billing_accounts", JSON, nullable=False, comment="Billing accounts the rows belong to, sorted."),
    Column("new_columns", JSON, nullable=False, comment="Columns the format's list does not have, sorted."),
    UniqueConstraint("provider", "source", "billing_period", "fingerprint"),
)

delivery_files = Table(
    "delivery_files",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.delivery_id"), primary_key=True),
    Column("local_name", String(80), primary_key=True, comment="Name below relative_path, hashed from source_key."),
    Column("source_key", Text, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("etag", String(128)),
    Column("row_count", BigInteger, nullable=False),
)

delivery_totals = Table(
    "delivery_totals",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.delivery_id"), primary_key=True),
    Column("billing_currency", String(3), primary_key=True),
    Column("row_count", BigInteger, nullable=False),
    Column("source_cost", ExactDecimal, nullable=False, comment="Sum of the format's cost column over every row."),
    Column("billed_cost", ExactDecimal, nullable=False, comment="The part of it that FOCUS's BilledCost must equal."),
)

current_deliveries = Table(
    "current_deliveries",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("source", String(120), primary_key=True),
    Column("billing_period", String(7), primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.delivery_id"), nullable=False),
    Column("since", UtcDateTime, nullable=False),
)

delivery_fingerprints = Table(
    "delivery_fingerprints",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("source", String(120), primary_key=True),
    Column("billing_period", String(7), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column(
        "delivery_id",
        ForeignKey("deliveries.delivery_id"),
        nullable=False,
        comment="The delivery these bytes turned out to be.",
    ),
    Column("produced_at", UtcDateTime, nullable=False, comment="When the provider wrote it this time."),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("attempt_id", Integer, primary_key=True, autoincrement=True),
    Column("provider", String(16), nullable=False),
    Column("source", String(120), nullable=False),
    Column("billing_period", String(7)),
    Column("fingerprint", String(64)),
    Column("outcome", String(16), nullable=False, comment="waiting, quarantined or refused."),
    Column("reason", Text, nullable=False),
    Column("attempted_at", UtcDateTime, nullable=False, comment="When it was first met with this reason."),
    Column("resolved_at", UtcDateTime, comment="When a delivery of the period was taken or found unchanged."),
    Column("dismissed_by", Text, comment="Who dismissed it; empty where nobody did."),
    Column("dismissal_reason", Text),
)

delivery_withdrawals = Table(
    "delivery_withdrawals",
    metadata,
    Column("withdrawal_id", Integer, primary_key=True, autoincrement=True),
    Column("delivery_id", ForeignKey("deliveries.delivery_id"), nullable=False, comment="What was withdrawn."),
    Column("current_id", ForeignKey("deliveries.delivery_id"), comment="What became current; empty where nothing did."),
    Column("withdrawn_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("withdrawn_at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime, comment="When it was ingested again by force."),
)

builds = Table(
    "builds",
    metadata,
    Column("build_id", String(40), primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("outcome", String(16), nullable=False, comment="running, published, refused or failed."),
    Column("detail", Text, nullable=False, default="", server_default=""),
)

built_periods = Table(
    "built_periods",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("billing_period", String(7), primary_key=True),
    Column("input_digest", String(64), nullable=False, comment="Digest of the current deliveries it was built from."),
    Column("build_id", ForeignKey("builds.build_id"), nullable=False),
)

held_back_periods = Table(
    "held_back_periods",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("billing_period", String(7), primary_key=True),
    Column("input_digest", String(64), nullable=False, comment="Digest of the deliveries that are at fault."),
    Column("stage", String(16), nullable=False, comment="build or gate: which of them refused it."),
    Column("reason", Text, nullable=False, comment="One line."),
    Column("build_id", ForeignKey("builds.build_id"), nullable=False),
    Column("held_at", UtcDateTime, nullable=False),
)

period_loads = Table(
    "period_loads",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("billing_period", String(7), primary_key=True),
    # No foreign key: a published version outlives the state store it was built with when that has to be made again.
    Column("build_id", String(40), primary_key=True, comment="The build that published it."),
    Column("loaded_at", UtcDateTime, nullable=False, comment="When it was published."),
    Column("input_digest", String(64), nullable=False, comment="Digest of the deliveries it was built from."),
    Column("deliveries", JSON, nullable=False, comment="The deliveries: id, source, time the provider wrote it, rows."),
    Column("relative_path", Text, nullable=False, comment="File below history/."),
    Column("sha256", String(64), nullable=False, comment="Of the file."),
    Column("row_count", BigInteger, nullable=False),
    Column("totals", JSON, nullable=False, comment="Per currency: rows, billed and effective cost as exact text."),
)

invoice_sign_offs = Table(
    "invoice_sign_offs",
    metadata,
    Column("sign_off_id", Integer, primary_key=True, autoincrement=True),
    Column("billing_period", String(7), nullable=False),
    Column("issuer", Text, nullable=False, comment="As the invoice's entry has it; empty where it names none."),
    Column("invoice_id", Text, nullable=False, comment="Empty where the entry names none."),
    Column("billing_account_id", Text, nullable=False, comment="Empty where the entry names none."),
    Column("billing_currency", String(3), nullable=False),
    Column("residue", ExactDecimal, nullable=False, comment="The unexplained amount it covers, and no other."),
    Column("signed_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
)

closed_periods = Table(
    "closed_periods",
    metadata,
    Column("billing_period", String(7), primary_key=True),
    Column("closed_at", UtcDateTime, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("build_id", String(40), nullable=False, comment="The published build that was closed."),
    Column("statements_digest", String(64), nullable=False, comment="As in the statements' manifest.json."),
    Column("frozen", JSON, nullable=False, comment="sha256 of each frozen Parquet file, by name."),
    Column("rates", JSON, nullable=False, comment="Exchange rates locked with the month; amounts as exact text."),
)

statement_deliveries = Table(
    "statement_deliveries",
    metadata,
    Column("billing_period", String(7), primary_key=True),
    Column("audience", String(80), primary_key=True, comment="The folder that is the audience's own in a set."),
    Column("target", String(512), primary_key=True, comment="URI it was delivered to; holds no secret."),
    Column("digest", String(64), nullable=False, comment="Digest of the files that were delivered last."),
    Column("delivered_at", UtcDateTime, nullable=False),
)

telemetry_deliveries = Table(
    "telemetry_deliveries",
    metadata,
    Column("delivery_id", String(32), primary_key=True, comment="Digest of source, kind, day and contents."),
    Column("source", String(60), nullable=False, comment="Its name in telemetry.yml."),
    Column("kind", String(32), nullable=False),
    Column("day", String(10), nullable=False, comment="YYYY-MM-DD in UTC."),
    Column("relative_path", Text, nullable=False, comment="File below landing/."),
    Column("sha256", String(64), nullable=False, comment="Of the landed file."),
    Column("byte_count", BigInteger, nullable=False, comment="Of the landed file."),
    Column("row_count", BigInteger, nullable=False, comment="Of the landed file; kinds with buckets have one an hour."),
    Column("files", JSON, nullable=False, comment="The files that it was made from: name and sha256."),
    Column("landed_at", UtcDateTime, nullable=False),
    Column("replaced_at", UtcDateTime, comment="When a newer one took its place; empty for the current one."),
)

telemetry_files = Table(
    "telemetry_files",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("file_key", String(64), primary_key=True, comment="sha256 of the file's name."),
    Column("file", Text, nullable=False, comment="Name below the source's folder."),
    Column("byte_count", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False, comment="Nanoseconds since 1970, as the file system has it."),
    Column("sha256", String(64), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("set_apart", BigInteger, nullable=False, comment="Rows that lie in the future, and have not landed."),
    Column("days", JSON, nullable=False, comment="The days (UTC) that it has rows of, sorted."),
)

incident_feedback = Table(
    "incident_feedback",
    metadata,
    Column("incident_id", String(32), primary_key=True),
    Column("verdict", String(10), nullable=False, comment="yes, no or planned."),
    Column("said_by", Text, nullable=False),
    Column("why", Text, nullable=False, comment="Empty where no reason was given."),
    Column("said_at", UtcDateTime, nullable=False),
)

outbox_events = Table(
    "outbox_events",
    metadata,
    Column("event_key", String(255), primary_key=True, comment="The same event again has the same key."),
    Column("kind", String(80), nullable=False),
    Column("severity", String(16), nullable=False, comment="info, warning or critical."),
    Column("owner", Text, nullable=False, comment="Cost centre or person; empty where it has none."),
    Column("content", JSON, nullable=False, comment="Title, text, facts, links, next steps, group; plain text."),
    Column("resolves", String(255), nullable=False, comment="Key of the event that it ends; empty for none."),
    Column("created_at", UtcDateTime, nullable=False),
    Column("routed_at", UtcDateTime, comment="When it was given to its channels; empty for not yet."),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", Text),
    Column("ended_at", UtcDateTime, comment="When an event that resolves it was put."),
)

outbox_messages = Table(
    "outbox_messages",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("event_key", ForeignKey("outbox_events.event_key"), nullable=False),
    Column("channel", String(80), nullable=False, comment="Its name in channels.yml."),
    Column("reason", String(32), nullable=False, comment="Why it gets it: event, instead or escalation-N."),
    Column("state", String(16), nullable=False, comment="pending, sending, sent, parked or dropped."),
    Column("due_at", UtcDateTime, nullable=False, comment="Not before then."),
    Column("message_id", String(40), comment="Of the message it is part of, from its first attempt on."),
    Column("attempts", Integer, nullable=False),
    Column("is_in_doubt", Boolean, nullable=False, comment="An attempt ended without an answer: it may have arrived."),
    Column("lease_until", UtcDateTime, comment="Until then whoever is sending it has it alone."),
    Column("attempted_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("fault", Text, comment="Why the last attempt failed, in one line."),
    UniqueConstraint("event_key", "channel", "reason"),
)
Index("ix_outbox_messages_state_channel", outbox_messages.c.state, outbox_messages.c.channel)

budget_states = Table(
    "budget_states",
    metadata,
    Column("budget", Text, primary_key=True, comment="Its id in budgets.yml, or cost centre/currency."),
    Column("period_first", String(10), primary_key=True, comment="First day of the period, YYYY-MM-DD in UTC."),
    Column("threshold", String(24), primary_key=True, comment="Measure and percent, such as actual 80."),
    Column("period_last", String(10), nullable=False),
    Column("is_reached", Boolean, nullable=False),
    Column("occurrence", Integer, nullable=False, comment="How often it was reached anew in the period."),
    Column("told_key", Text, nullable=False, comment="Key of the event that told it; empty: a worse one told it too."),
    Column("limit_amount", ExactDecimal, nullable=False, comment="Limit of the period when it was reached."),
    Column("value", ExactDecimal, comment="What was spent when it was reached."),
    Column("changed_at", UtcDateTime, nullable=False, comment="When it was reached, or left behind."),
)

budget_approvals = Table(
    "budget_approvals",
    metadata,
    Column("approval_id", Integer, primary_key=True, autoincrement=True),
    Column("budget", Text, nullable=False, comment="Its id in budgets.yml, or cost centre/currency."),
    Column("approved_by", Text, nullable=False),
    Column("approved_until", String(10), nullable=False, comment="Last day on which it holds, YYYY-MM-DD in UTC."),
    Column("reason", Text, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
)
