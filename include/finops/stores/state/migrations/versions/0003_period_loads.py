"""The history of loads: what each publication of a (provider, billing period) held."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "period_loads",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column(
            "build_id",
            sa.String(length=40),
            nullable=False,
            comment="The build that published it.",
        ),
        sa.Column("loaded_at", t.UtcDateTime(timezone=True), nullable=False, comment="When it was published."),
        sa.Column(
            "input_digest",
            sa.String(length=64),
            nullable=False,
            comment="Digest of the deliveries it was built from.",
        ),
        sa.Column(
            "deliveries",
            sa.JSON(),
            nullable=False,
            comment="The deliveries: id, source, time the provider wrote it, rows.",
        ),
        sa.Column("relative_path", sa.Text(), nullable=False, comment="File below history/."),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the file."),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "totals",
            sa.JSON(),
            nullable=False,
            comment="Per currency: rows, billed and effective cost as exact text.",
        ),
        sa.PrimaryKeyConstraint("provider", "billing_period", "build_id", name=op.f("pk_period_loads")),
    )
