"""Which telemetry has landed, and which files were read for it."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "telemetry_deliveries",
        sa.Column(
            "delivery_id", sa.String(length=32), nullable=False, comment="Digest of source, kind, day and contents."
        ),
        sa.Column("source", sa.String(length=60), nullable=False, comment="Its name in telemetry.yml."),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False, comment="YYYY-MM-DD in UTC."),
        sa.Column("relative_path", sa.Text(), nullable=False, comment="File below landing/."),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the landed file."),
        sa.Column("byte_count", sa.BigInteger(), nullable=False, comment="Of the landed file."),
        sa.Column(
            "row_count",
            sa.BigInteger(),
            nullable=False,
            comment="Of the landed file; kinds with buckets have one an hour.",
        ),
        sa.Column("files", sa.JSON(), nullable=False, comment="The files that it was made from: name and sha256."),
        sa.Column("landed_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "replaced_at",
            t.UtcDateTime(timezone=True),
            nullable=True,
            comment="When a newer one took its place; empty for the current one.",
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_telemetry_deliveries")),
    )
    op.create_table(
        "telemetry_files",
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("file_key", sa.String(length=64), nullable=False, comment="sha256 of the file's name."),
        sa.Column("file", sa.Text(), nullable=False, comment="Name below the source's folder."),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "modified_ns",
            sa.BigInteger(),
            nullable=False,
            comment="Nanoseconds since 1970, as the file system has it.",
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "set_apart",
            sa.BigInteger(),
            nullable=False,
            comment="Rows that lie in the future, and have not landed.",
        ),
        sa.Column("days", sa.JSON(), nullable=False, comment="The days (UTC) that it has rows of, sorted."),
        sa.PrimaryKeyConstraint("source", "kind", "file_key", name=op.f("pk_telemetry_files")),
    )
