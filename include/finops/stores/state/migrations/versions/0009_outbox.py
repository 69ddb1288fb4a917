"""What people are to be told, and what was sent to whom."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "outbox_events",
        sa.Column("event_key", sa.String(length=255), nullable=False, comment="The same event again has the same key."),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False, comment="info, warning or critical."),
        sa.Column("owner", sa.Text(), nullable=False, comment="Cost centre or person; empty where it has none."),
        sa.Column(
            "content",
            sa.JSON(),
            nullable=False,
            comment="Title, text, facts, links, next steps, group; plain text.",
        ),
        sa.Column(
            "resolves", sa.String(length=255), nullable=False, comment="Key of the event that it ends; empty for none."
        ),
        sa.Column("created_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "routed_at",
            t.UtcDateTime(timezone=True),
            nullable=True,
            comment="When it was given to its channels; empty for not yet.",
        ),
        sa.Column("acknowledged_at", t.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column(
            "ended_at",
            t.UtcDateTime(timezone=True),
            nullable=True,
            comment="When an event that resolves it was put.",
        ),
        sa.PrimaryKeyConstraint("event_key", name=op.f("pk_outbox_events")),
    )
    op.create_table(
        "outbox_messages",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_key", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=80), nullable=False, comment="Its name in channels.yml."),
        sa.Column(
            "reason", sa.String(length=32), nullable=False, comment="Why it gets it: event, instead or escalation-N."
        ),
        sa.Column("state", sa.String(length=16), nullable=False, comment="pending, sending, sent, parked or dropped."),
        sa.Column("due_at", t.UtcDateTime(timezone=True), nullable=False, comment="Not before then."),
        sa.Column(
            "message_id",
            sa.String(length=40),
            nullable=True,
            comment="Of the message it is part of, from its first attempt on.",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "is_in_doubt",
            sa.Boolean(),
            nullable=False,
            comment="An attempt ended without an answer: it may have arrived.",
        ),
        sa.Column(
            "lease_until",
            t.UtcDateTime(timezone=True),
            nullable=True,
            comment="Until then whoever is sending it has it alone.",
        ),
        sa.Column("attempted_at", t.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sent_at", t.UtcDateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True, comment="Why the last attempt failed, in one line."),
        sa.ForeignKeyConstraint(
            ["event_key"], ["outbox_events.event_key"], name=op.f("fk_outbox_messages_event_key")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox_messages")),
        sa.UniqueConstraint(
            "event_key", "channel", "reason", name=op.f("uq_outbox_messages_event_key_channel_reason")
        ),
    )
    op.create_index("ix_outbox_messages_state_channel", "outbox_messages", ["state", "channel"])
