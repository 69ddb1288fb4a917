"""The one place that reads the environment (variables begin with ``FINOPS_``)."""

from __future__ import annotations

import hashlib
import os
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from finops.core import redaction
from finops.core.errors import BadInput

_PROJECT = Path(__file__).resolve().parents[3]

SEVERAL = "several"
"""The workspace of a build of more than one month; that of one month is called as the month is."""


class Settings(BaseSettings):
    """Where data lives and how much of the machine a build may use.

    ``docs/settings.md`` lists the variables; ``finops config settings`` writes it. Raise BadInput for a variable with
    an invalid value.
    """

    model_config = SettingsConfigDict(env_prefix="FINOPS_", frozen=False, extra="ignore", env_ignore_empty=True)

    project_dir: Path = Field(default=_PROJECT, description="Folder that holds dbt_project/ and include/.")
    home: Path | None = Field(
        default=None,
        description="Folder of all data, relative to the working directory; none: .data in project_dir.",
    )
    config_dir: Path | None = Field(
        default=None,
        description="Folder of your configuration (`finops init` writes one); none: include/config.",
    )
    cache_dir: Path | None = Field(
        default=None,
        description="Folder of what is made again when it is lost (dbt's parsed project); none: cache in home.",
    )
    state_url: str | None = Field(
        default=None, repr=False, description="SQLAlchemy URL of the state store; none: SQLite in home."
    )
    serving_url: str | None = Field(
        default=None, repr=False, description="PostgreSQL URL of the database that BI tools read; none: not served."
    )
    serving_schema: str = Field(
        default="finops", min_length=1, max_length=63, description="Schema in it that is the platform's alone."
    )
    site_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Address at which statements, gate pages and data dictionary are served; none: notes name files.",
    )
    blob_hosts: str | None = Field(
        default=None,
        description="Hosts beside Azure's own that https:// delivery targets may name, by comma: host or host:port.",
    )
    smtp_host: str | None = Field(default=None, description="Mail server that takes statements; none: no mail.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_user: str | None = Field(default=None, description="Who signs in to it; none: nobody.")
    smtp_password: SecretStr | None = Field(default=None, description="Password of smtp_user.")
    smtp_sender: str | None = Field(default=None, description="Address that mail comes from.")
    smtp_encryption: Literal["starttls", "tls"] = Field(default="starttls", description="starttls, or tls at once.")
    smtp_ca_file: Path | None = Field(
        default=None, description="Certificates of the mail server's own authority; none: the system's."
    )
    alert_mail: str | None = Field(
        default=None, description="Addresses, by comma, that hear of failed tasks and late runs; none: nobody by mail."
    )
    alert_webhook: SecretStr | None = Field(
        default=None,
        description="https:// address that gets the same as JSON, as Slack and Teams take it; none: nobody.",
    )
    channel_secrets: SecretStr | None = Field(
        default=None,
        description="Secrets of the channels in channels.yml, as JSON from name to secret; none: they are elsewhere.",
    )
    channel_hosts: str | None = Field(
        default=None,
        description="Hosts that channels may reach at a private or loopback address, by comma: host or host:port.",
    )
    memory_limit: str = Field(
        default="400MB",
        pattern=r"(?i)^\d{1,9}(\.\d+)? ?([KMGT]i?)?B$",
        description="DuckDB's memory_limit; about 200 MB more is resident.",
    )
    threads: int = Field(default=2, ge=1, le=1024, description="DuckDB's threads.")
    versions_to_keep: int = Field(default=3, ge=2, description="Published versions kept for their readers.")

    smallest_share: Decimal = Field(
        default=Decimal("0.5"),
        ge=0,
        le=1,
        description="Share of the rows, and of the cost, of the bill before that files without a manifest must have.",
    )

    _workspace: str = PrivateAttr(default=SEVERAL)

    def __init__(self, **values: Any) -> None:
        # Whatever fails from here on quotes no secret of the environment.
        redaction.know_environment(os.environ)
        try:
            super().__init__(**values)
        except ValidationError as error:
            # The value may be a secret: it is not repeated.
            first = error.errors(include_url=False, include_input=False)[0]
            name = "_".join(map(str, first["loc"][:1])).upper()
            raise BadInput(f"FINOPS_{name}: {first['msg'].replace('Input should', 'must')}") from None

    @cached_property
    def root(self) -> Path:
        """``home`` as an absolute path."""
        return self.project_dir / ".data" if self.home is None else self.home.absolute()

    @property
    def landing_dir(self) -> Path:
        """Immutable native files, one folder per delivery."""
        return self.root / "landing"

    @property
    def answers_dir(self) -> Path:
        """What monitoring systems have answered, ``SOURCE/KIND/DAY.parquet``; telemetry lands from there."""
        return self.root / "telemetry"

    @property
    def work_dir(self) -> Path:
        """A workspace for each build that runs or waits for the gate; ``finops.stores.workspaces`` says which."""
        return self.root / "work"

    @property
    def workspace(self) -> str:
        """Name of the workspace that these settings are for: a month (YYYY-MM), or ``several``."""
        return self._workspace

    def in_workspace(self, name: str) -> Settings:
        """Return the same settings for another workspace."""
        copy = self.model_copy()
        copy._workspace = name
        return copy

    @property
    def warehouse_dir(self) -> Path:
        """The workspace: dbt's DuckDB file, the Parquet fact it writes, and ``inputs/`` (what this build reads)."""
        return self.work_dir / self.workspace

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file of the workspace, which only dbt writes."""
        return self.warehouse_dir / "warehouse.duckdb"

    @property
    def inputs_dir(self) -> Path:
        """Hard links to the landed files in the scope of the running build, by format."""
        return self.warehouse_dir / "inputs"

    @property
    def focus_dir(self) -> Path:
        """The FOCUS fact: ``provider=…/billing_period=…/part.parquet``."""
        return self.warehouse_dir / "focus"

    @property
    def cache_root(self) -> Path:
        """``cache_dir`` as an absolute path."""
        return self.root / "cache" if self.cache_dir is None else self.cache_dir.absolute()

    @property
    def parsed_project_dir(self) -> Path:
        """dbt's project as it was parsed, which serves every workspace; it names this checkout's files."""
        checkout = hashlib.sha256(str(self.dbt_dir).encode()).hexdigest()[:12]
        return self.cache_root / "dbt" / checkout

    @property
    def published_dir(self) -> Path:
        """``versions/<build_id>/`` and the ``current`` link that readers follow."""
        return self.root / "published"

    @property
    def history_dir(self) -> Path:
        """The daily rows of every load, immutable, kept for good; ``finops.stores.snapshots`` is the door."""
        return self.root / "history"

    @property
    def quality_dir(self) -> Path:
        """Gate results and Data Docs."""
        return self.root / "quality"

    @property
    def statements_dir(self) -> Path:
        """Chargeback statements, ``billing_period=…/``."""
        return self.root / "statements"

    @property
    def reviews_dir(self) -> Path:
        """Weekly reviews of KPIs, ``week=…/``."""
        return self.root / "reviews"

    @property
    def incidents_dir(self) -> Path:
        """Pages of incidents of cost: an index and one page each."""
        return self.root / "incidents"

    @property
    def forecasts_dir(self) -> Path:
        """The page of forecasts."""
        return self.root / "forecasts"

    @property
    def closed_dir(self) -> Path:
        """Closed months, ``billing_period=…/``: their rows and final statements, never changed."""
        return self.root / "closed"

    @property
    def locks_dir(self) -> Path:
        """One lock file per store that has a single writer."""
        return self.root / "locks"

    @property
    def dbt_dir(self) -> Path:
        """The dbt project."""
        return self.project_dir / "dbt_project"

    @property
    def configuration_dir(self) -> Path:
        """Where the YAML configuration is read from."""
        return self.config_dir or self.project_dir / "include" / "config"

    @property
    def other_blob_hosts(self) -> frozenset[str]:
        """Hosts of blob storage that deliveries may go to beside Azure's own."""
        return frozenset(each.strip() for each in (self.blob_hosts or "").split(",") if each.strip())

    @property
    def trusted_channel_hosts(self) -> frozenset[str]:
        """Hosts that notifications may reach though they are not public."""
        return frozenset(each.strip() for each in (self.channel_hosts or "").split(",") if each.strip())

    @property
    def state_database_url(self) -> str:
        """The state store's SQLAlchemy URL."""
        return self.state_url or f"sqlite:///{self.root / 'state.db'}"
