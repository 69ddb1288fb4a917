"""Closed months, and the invoice differences that somebody has signed for."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "invoice_sign_offs",
        sa.Column("sign_off_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column(
            "issuer", sa.Text(), nullable=False, comment="As the invoice's entry has it; empty where it names none."
        ),
        sa.Column("invoice_id", sa.Text(), nullable=False, comment="Empty where the entry names none."),
        sa.Column("billing_account_id", sa.Text(), nullable=False, comment="Empty where the entry names none."),
        sa.Column("billing_currency", sa.String(length=3), nullable=False),
        sa.Column(
            "residue", t.ExactDecimal(), nullable=False, comment="The unexplained amount it covers, and no other."
        ),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sign_off_id", name=op.f("pk_invoice_sign_offs")),
    )
    op.create_table(
        "closed_periods",
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column("closed_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("build_id", sa.String(length=40), nullable=False, comment="The published build that was closed."),
        sa.Column(
            "statements_digest", sa.String(length=64), nullable=False, comment="As in the statements' manifest.json."
        ),
        sa.Column("frozen", sa.JSON(), nullable=False, comment="sha256 of each frozen Parquet file, by name."),
        sa.Column(
            "rates", sa.JSON(), nullable=False, comment="Exchange rates locked with the month; amounts as exact text."
        ),
        sa.PrimaryKeyConstraint("billing_period", name=op.f("pk_closed_periods")),
    )
