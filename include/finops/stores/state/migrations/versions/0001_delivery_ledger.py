"""The delivery ledger and the record of builds."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "builds",
        sa.Column("build_id", sa.String(length=40), nullable=False),
        sa.Column("started_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", t.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.String(length=16),
            nullable=False,
            comment="running, published, refused or failed.",
        ),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("build_id", name=op.f("pk_builds")),
    )
    op.create_table(
        "deliveries",
        sa.Column(
            "delivery_id",
            sa.String(length=32),
            nullable=False,
            comment="Digest of provider, source, period and contents.",
        ),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column(
            "source",
            sa.String(length=120),
            nullable=False,
            comment="The export's name; one export is one source.",
        ),
        sa.Column("format", sa.String(length=32), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column(
            "fingerprint",
            sa.String(length=64),
            nullable=False,
            comment="What discovery saw: told apart without reading files.",
        ),
        sa.Column(
            "origin",
            sa.Text(),
            nullable=False,
            comment="URI the delivery was read from; holds no secret.",
        ),
        sa.Column(
            "produced_at",
            t.UtcDateTime(timezone=True),
            nullable=False,
            comment="When the provider wrote it; the newest wins.",
        ),
        sa.Column("landed_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "relative_path", sa.Text(), nullable=False, comment="Folder below landing/."
        ),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "billing_accounts",
            sa.JSON(),
            nullable=False,
            comment="Billing accounts the rows belong to, sorted.",
        ),
        sa.Column(
            "new_columns",
            sa.JSON(),
            nullable=False,
            comment="Columns the format's list does not have, sorted.",
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "provider",
            "source",
            "billing_period",
            "fingerprint",
            name=op.f("uq_deliveries_provider_source_billing_period_fingerprint"),
        ),
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("attempt_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column(
            "outcome",
            sa.String(length=16),
            nullable=False,
            comment="waiting, quarantined or refused.",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempted_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_delivery_attempts")),
    )
    op.create_table(
        "built_periods",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column(
            "input_digest",
            sa.String(length=64),
            nullable=False,
            comment="Digest of the current deliveries it was built from.",
        ),
        sa.Column("build_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.build_id"], name=op.f("fk_built_periods_build_id")
        ),
        sa.PrimaryKeyConstraint(
            "provider", "billing_period", name=op.f("pk_built_periods")
        ),
    )
    op.create_table(
        "current_deliveries",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("since", t.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.delivery_id"],
            name=op.f("fk_current_deliveries_delivery_id"),
        ),
        sa.PrimaryKeyConstraint(
            "provider", "source", "billing_period", name=op.f("pk_current_deliveries")
        ),
    )
    op.create_table(
        "delivery_files",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column(
            "local_name",
            sa.String(length=80),
            nullable=False,
            comment="Name below relative_path, hashed from source_key.",
        ),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("etag", sa.String(length=128), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.delivery_id"],
            name=op.f("fk_delivery_files_delivery_id"),
        ),
        sa.PrimaryKeyConstraint(
            "delivery_id", "local_name", name=op.f("pk_delivery_files")
        ),
    )
    op.create_table(
        "delivery_totals",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("billing_currency", sa.String(length=3), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "source_cost",
            t.ExactDecimal(precision=38, scale=12),
            nullable=False,
            comment="Sum of the format's cost column over every row.",
        ),
        sa.Column(
            "billed_cost",
            t.ExactDecimal(precision=38, scale=12),
            nullable=False,
            comment="The part of it that FOCUS's BilledCost must equal.",
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.delivery_id"],
            name=op.f("fk_delivery_totals_delivery_id"),
        ),
        sa.PrimaryKeyConstraint(
            "delivery_id", "billing_currency", name=op.f("pk_delivery_totals")
        ),
    )
