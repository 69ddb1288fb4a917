"""Bills that Google Cloud exports to BigQuery, extracted month by month to Parquet.

The table is append-only: every export adds rows under a new ``export_time``, also for months long closed. So a
month has changed exactly when its newest ``export_time`` or its row count has. One query that reads two narrow
columns tells this for all months; a changed month is extracted completely. Months are the rows' own
``invoice.month``: their start in America/Los_Angeles does not matter, and no "last days" are assumed.
"""

from __future__ import annotations

import concurrent.futures
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from google.api_core import exceptions as google
from google.auth import exceptions as google_auth

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.ingest.models import DeliveryRef, Discovery, FetchedFile, Outcome, Rejection, digest
from finops.ingest.parquet_parts import write_parts
from finops.ingest.reading import local_name
from finops.ingest.recognise import recognise
from finops.ingest.stores.objects import ChangedWhileRead

log = logging.getLogger(__name__)

RETRY_SECONDS = 300.0
"""How long one request is repeated, with backoff and jitter, while BigQuery is busy or throttles."""
JOB_SECONDS = 3600.0
REQUEST_SECONDS = 120.0
PAGE_ROWS = 10_000
"""Rows of a plain page; one page is held in memory."""

_GOOGLE_API = "https://bigquery.googleapis.com"
_ADDRESS = re.compile(
    r"bq://(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,})\.(?P<dataset>\w{1,1024})\.(?P<table>[\w-]{1,1024})"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The SQL names of the columns that matter. ``partition`` and its type are None without partitions."""

    format: SourceFormat
    month: str
    export_time: str
    partition: str | None
    partition_type: str | None
    kept_for: timedelta | None


class BigQuerySource:
    """Deliveries from ``bq://project.dataset.table``: the detailed, standard or FOCUS export, or a view of one.

    Credentials come from ``client`` (a bigquery.Client) or Application Default Credentials. Rows are read through
    the BigQuery Storage API (``storage`` or one with the client's credentials) where they may use it, otherwise as
    plain pages. The source has the table's full name unless ``source`` gives one.
    """

    def __init__(self, uri: str, client: Any = None, *, source: str | None = None, storage: Any = None) -> None:
        match = _ADDRESS.fullmatch(uri)
        if match is None:
            raise BadInput(f"origin {uri!r} is not of the form bq://project.dataset.table")
        self.uri = uri
        self._table = f"{match['project']}.{match['dataset']}.{match['table']}"
        self._source = source or self._table
        with self._explained():
            self._client = client or _new_client(match["project"])
        self._storage = storage
        self._known_layout: _Layout | None = None
        self._partitions: dict[BillingPeriod, tuple[Any, Any]] = {}

    def discover(self, periods: Sequence[BillingPeriod] | None = None) -> Discovery:
        """Return one delivery per invoice month; newest export time and row count make its fingerprint."""
        from google.cloud.bigquery import ArrayQueryParameter

        layout = self._layout()
        columns = [f"{layout.month} as invoice_month", "count(*) as row_count"]
        columns += [f"max({layout.export_time}) as newest_export"]
        if layout.partition:
            columns += [f"min({layout.partition}) as first_partition", f"max({layout.partition}) as last_partition"]
        wanted, parameters = "", []
        if periods is not None:
            months = [f"{each.year:04d}{each.month:02d}" for each in periods]
            parameters = [ArrayQueryParameter("months", "STRING", months)]
            wanted = f" where {layout.month} in unnest(@months)"
        # Names cannot be bound: _ADDRESS has checked the table's, columns are the format's or BigQuery's own.
        sql = f"select {', '.join(columns)} from `{self._table}`{wanted} group by 1 order by 1"  # noqa: S608
        return self._offer(layout, self._rows(sql, parameters))

    def fetch(self, ref: DeliveryRef, folder: Path) -> list[FetchedFile]:
        """Extract the month as it was when discovered. Raise ChangedWhileRead when its row count has changed."""

        def key(number: int) -> str:
            return f"{self._table}/{ref.billing_period}/part-{number:05d}.parquet"

        sql, parameters = self._extraction(self._layout(), ref)
        with self._explained():
            parts = write_parts(self._batches(sql, parameters), lambda number: folder / local_name(key(number)))
        found = sum(rows for _, rows in parts)
        if found != ref.row_count:
            raise ChangedWhileRead(
                f"{self.uri}: {ref.billing_period} has {found} rows, {ref.row_count} were counted before; run again"
            )
        return [FetchedFile(path, key(number), rows) for number, (path, rows) in enumerate(parts, start=1)]

    def reach(self) -> None:
        """Raise BadInput or Unavailable when the table cannot be described."""
        self._layout()

    def _layout(self) -> _Layout:
        if self._known_layout is None:
            with self._explained():
                table = self._client.get_table(self._table, timeout=REQUEST_SECONDS, retry=_retry())
            self._known_layout = _layout_of(table, self.uri)
        return self._known_layout

    def _offer(self, layout: _Layout, rows: Sequence[Any]) -> Discovery:
        deliveries, rejections = [], []
        for row in rows:
            period = _period(row.invoice_month)
            if period is None:
                reason = (
                    f"{self.uri}: {row.row_count} rows have {row.invoice_month!r} as invoice.month, which is not YYYYMM"
                )
                rejections.append(Rejection(Provider.GCP, self._source, None, Outcome.QUARANTINED, reason))
            elif layout.kept_for and period.start <= datetime.now(UTC) - layout.kept_for + timedelta(days=1):
                # Its first rows have expired or soon will: the rest would look like a restated, smaller bill.
                log.warning("%s: %s stays as it is, since the table no longer keeps all its rows", self.uri, period)
            else:
                if layout.partition:
                    self._partitions[period] = (row.first_partition, row.last_partition)
                deliveries.append(self._delivery(layout, period, row))
        return Discovery(tuple(deliveries), tuple(rejections))

    def _delivery(self, layout: _Layout, period: BillingPeriod, row: Any) -> DeliveryRef:
        return DeliveryRef(
            provider=Provider.GCP,
            source=self._source,
            format=layout.format,
            billing_period=period,
            fingerprint=digest([self._table, str(period), row.newest_export.isoformat(), str(row.row_count)]),
            produced_at=row.newest_export,
            origin=self.uri,
            row_count=row.row_count,
        )

    def _extraction(self, layout: _Layout, ref: DeliveryRef) -> tuple[str, list[Any]]:
        from google.cloud.bigquery import ScalarQueryParameter

        period = ref.billing_period
        sql = f"select * from `{self._table}` where {layout.month} = @month and {layout.export_time} <= @newest_export"  # noqa: S608
        parameters = [
            ScalarQueryParameter("month", "STRING", f"{period.year:04d}{period.month:02d}"),
            ScalarQueryParameter("newest_export", "TIMESTAMP", ref.produced_at),
        ]
        first, last = self._partitions.get(period, (None, None))
        if first is not None:
            # Reads, and pays for, only the month's partitions; rows in the streaming buffer have none yet.
            name = layout.partition
            sql += f" and ({name} between @first_partition and @last_partition or {name} is null)"
            parameters += [
                ScalarQueryParameter("first_partition", layout.partition_type, first),
                ScalarQueryParameter("last_partition", layout.partition_type, last),
            ]
        return sql, parameters

    def _rows(self, sql: str, parameters: list[Any]) -> list[Any]:
        with self._explained():
            return list(self._query(sql, parameters).result(timeout=JOB_SECONDS, retry=_retry()))

    def _query(self, sql: str, parameters: list[Any]) -> Any:
        from google.cloud.bigquery import DEFAULT_RETRY, QueryJobConfig

        config = QueryJobConfig(query_parameters=parameters, labels={"application": "finops"})
        again = DEFAULT_RETRY.with_timeout(RETRY_SECONDS)
        return self._client.query(sql, job_config=config, retry=_retry(), job_retry=again, timeout=REQUEST_SECONDS)

    def _batches(self, sql: str, parameters: list[Any]) -> Iterator[Any]:
        # The result is a table of its own, so all its pages show one moment.
        job = self._query(sql, parameters)
        storage = self._storage or _storage_client(self._client)
        if storage is not None:
            rows = job.result(timeout=JOB_SECONDS, retry=_retry(), page_size=PAGE_ROWS)
            batches = iter(rows.to_arrow_iterable(bqstorage_client=storage, max_stream_count=1))
            try:
                first = next(batches, None)
            except (google.Forbidden, google.MethodNotImplemented) as error:
                log.info(
                    "%s: the Storage API is not available (%s), reading plain pages", self.uri, type(error).__name__
                )
            else:
                yield from [] if first is None else [first]
                yield from batches
                return
        yield from job.result(timeout=JOB_SECONDS, retry=_retry(), page_size=PAGE_ROWS).to_arrow_iterable()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except google_auth.DefaultCredentialsError:
            raise BadInput(
                f"{self.uri}: no usable Google credentials were found; run `gcloud auth application-default login` "
                "or set GOOGLE_APPLICATION_CREDENTIALS"
            ) from None
        except google_auth.RefreshError:
            raise Unavailable(f"{self.uri}: the credentials have expired; renew them and run again") from None
        except (google.GoogleAPICallError, google.RetryError) as error:
            raise self._meaning(error) from None
        except (google_auth.TransportError, requests.RequestException, concurrent.futures.TimeoutError) as error:
            raise Unavailable(
                f"{self.uri}: BigQuery gave no answer ({type(error).__name__}); try again later"
            ) from None

    def _meaning(self, error: Exception) -> FinopsError:
        cause = error.cause if isinstance(error, google.RetryError) and error.cause else error
        code = getattr(cause, "code", None)
        reason = _reason(cause) or type(cause).__name__
        if isinstance(error, google.RetryError) or (code or 500) >= 500 or code == 429 or "xceeded" in reason:
            return Unavailable(f"{self.uri}: BigQuery is busy ({reason}); try again later")
        if isinstance(cause, google.NotFound):
            return BadInput(f"{self.uri}: there is no such table; correct the address")
        if isinstance(cause, google.Unauthorized):
            return Unavailable(f"{self.uri}: the credentials are wrong or have expired; renew them and run again")
        if isinstance(cause, google.Forbidden):
            return BadInput(
                f"{self.uri}: access is denied ({reason}); grant BigQuery Data Viewer on the dataset and BigQuery Job "
                "User on the project"
            )
        return BadInput(f"{self.uri}: BigQuery refused the request ({reason}); check the table and its columns")


def _layout_of(table: Any, uri: str) -> _Layout:
    fields = {field.name: field for field in table.schema}
    found = recognise(fields, Provider.GCP, uri)
    month, export_time = "invoice.month", "export_time"
    if found is SourceFormat.FOCUS:
        kind = fields["BillingPeriodStart"].field_type.upper()
        month, export_time = f"format_{kind.lower()}('%Y%m', BillingPeriodStart)", "x_ExportTime"
        if export_time not in fields:
            raise BadInput(f"{uri}: column x_ExportTime is missing, so changes cannot be detected; export it too")
    partition, partition_type, kept_for = None, None, None
    if partitioning := table.time_partitioning:
        partition = f"`{partitioning.field}`" if partitioning.field else "_PARTITIONTIME"
        partition_type = fields[partitioning.field].field_type.upper() if partitioning.field else "TIMESTAMP"
        if partitioning.expiration_ms:
            kept_for = timedelta(milliseconds=int(partitioning.expiration_ms))
    return _Layout(found, month, export_time, partition, partition_type, kept_for)


def _period(invoice_month: str | None) -> BillingPeriod | None:
    try:
        return BillingPeriod.parse(f"{invoice_month[:4]}-{invoice_month[4:]}") if invoice_month else None
    except BadInput:
        return None


def _reason(error: Exception) -> str | None:
    errors = getattr(error, "errors", None) or ()
    return next((each["reason"] for each in errors if isinstance(each, dict) and each.get("reason")), None)


def _retry() -> Any:
    from google.cloud.bigquery import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(RETRY_SECONDS)


def _new_client(project: str) -> Any:
    import google.auth
    from google.cloud import bigquery

    credentials, default_project = google.auth.default(scopes=["https://www.googleapis.com/auth/bigquery"])
    return bigquery.Client(default_project or project, credentials=credentials)


def _storage_client(client: Any) -> Any:
    from google.cloud import bigquery_storage

    # Never leave a private or stand-in endpoint: its address does not lead to a Storage API.
    if client._connection.API_BASE_URL != _GOOGLE_API:
        return None
    return bigquery_storage.BigQueryReadClient(credentials=client._credentials)
