"""BigQuery, played by DuckDB behind the REST API as the real client speaks it.

Tables are what a test puts there, with an ingestion-time pseudo-column as Google's billing exports have. GoogleSQL is
translated word by word, which is enough for plain aggregates and filters; anything else fails as an invalid query.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pyarrow as pa
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from servers.proxy import Proxy, proxy_for

PROJECT = "meridian-billing"
_PSEUDO = "_PARTITIONTIME"


@dataclass
class BigQueryServer:
    """A running BigQuery. ``queries`` holds every query it ran."""

    proxy: Proxy
    state: _State

    @property
    def queries(self) -> list[str]:
        """The texts of the queries that ran, in their order."""
        return self.state.queries

    def client(self) -> bigquery.Client:
        """Return the real client, through the proxy."""
        options = ClientOptions(api_endpoint=self.proxy.url)
        return bigquery.Client(PROJECT, credentials=_Renewable(), client_options=options)

    def put(self, table: str, relation: str, *, partitions: str | None = "date_trunc('day', export_time)") -> str:
        """Make a table from what ``relation`` (DuckDB SQL) selects; return its ``bq://`` address.

        ``partitions`` is the expression of its ingestion time; None makes a table without partitions.
        """
        return self.state.put(f"{PROJECT}.billing.{table}", relation, partitions)

    def execute(self, sql: str) -> None:
        """Change a table, as an export does; the table's name is quoted: ``"meridian-billing.billing.t"``."""
        with self.state.lock:
            self.state.connection.execute(sql)


class _Renewable(AnonymousCredentials):
    """No identity; asked for a new token after a 401, it does as real credentials do and goes on."""

    def refresh(self, request: object) -> None:
        """Renew nothing."""


@dataclass
class _Job:
    resource: dict[str, Any]
    result: pa.Table | None


@dataclass
class _State:
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    lock: Any = field(default_factory=Lock)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, _Job] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    page_rows: int = 100_000

    def __post_init__(self) -> None:
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute("create macro format_timestamp(form, moment) as strftime(moment, form)")
        self.connection.execute("create macro format_datetime(form, moment) as strftime(moment, form)")

    def put(self, name: str, relation: str, partitions: str | None) -> str:
        extra = f", {partitions} as {_PSEUDO}" if partitions else ""
        with self.lock:
            self.connection.execute(f'create or replace table "{name}" as select *{extra} from ({relation})')
            schema = self.connection.sql(f'from "{name}" limit 0').to_arrow_table().schema
        project, dataset, table = name.split(".")
        self.tables[name] = {
            "kind": "bigquery#table",
            "type": "TABLE",
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "schema": {"fields": [_field(each) for each in schema if each.name != _PSEUDO]},
            **({"timePartitioning": {"type": "DAY"}} if partitions else {}),
        }
        return f"bq://{name}"

    def run(self, query: dict[str, Any], job_id: str, project: str) -> _Job:
        self.queries.append(query["query"])
        reference = {"projectId": project, "jobId": job_id, "location": "US"}
        resource = {
            "kind": "bigquery#job",
            "jobReference": reference,
            "configuration": {
                "jobType": "QUERY",
                "query": {
                    **query,
                    "destinationTable": {"projectId": project, "datasetId": "_anonymous", "tableId": job_id},
                },
            },
            "status": {"state": "DONE"},
            "statistics": {"query": {"statementType": "SELECT"}},
        }
        result = None
        try:
            with self.lock:
                sql, parameters = _to_duckdb(query)
                result = self.connection.sql(sql, params=parameters).to_arrow_table()
        except duckdb.Error as error:
            problem = {"reason": "invalidQuery", "location": "query", "message": str(error)}
            resource["status"] = {"state": "DONE", "errorResult": problem, "errors": [problem]}
        self.jobs[job_id] = _Job(resource, result)
        return self.jobs[job_id]


@contextmanager
def bigquery_server() -> Iterator[BigQueryServer]:
    """Run BigQuery while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.state = _State()  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with proxy_for(f"http://127.0.0.1:{server.server_address[1]}") as proxy:
            yield BigQueryServer(proxy, server.state)  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refusal(status: int, reason: str, message: str = "canary-message") -> tuple[int, dict[str, Any]]:
    """What Google's APIs answer when they refuse."""
    error = {"reason": reason, "message": message, "domain": "global"}
    return status, {"error": {"code": status, "message": message, "errors": [error]}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, asked = self._target()
        if match := re.fullmatch(r"/projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)", path):
            table = self._state.tables.get(".".join(match.groups()))
            self._answer(*((200, table) if table else refusal(404, "notFound")))
        elif match := re.fullmatch(r"/projects/[^/]+/jobs/([^/]+)", path):
            self._answer(200, self._state.jobs[match[1]].resource)
        elif match := re.fullmatch(r"/projects/[^/]+/queries/([^/]+)", path):
            self._answer(*self._results(self._state.jobs[match[1]], asked))
        else:
            self._answer(*refusal(404, "notFound"))

    def do_POST(self) -> None:
        path, _ = self._target()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match = re.fullmatch(r"/projects/([^/]+)/jobs", path)
        if match is None:
            self._answer(*refusal(404, "notFound"))
            return
        job_id = body.get("jobReference", {}).get("jobId") or str(uuid.uuid4())
        self._answer(200, self._state.run(body["configuration"]["query"], job_id, match[1]).resource)

    def _results(self, job: _Job, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if job.result is None:
            return refusal(400, "invalidQuery", job.resource["status"]["errorResult"]["message"])
        start = int(asked.get("pageToken") or asked.get("startIndex") or 0)
        count = min(int(asked.get("maxResults", self._state.page_rows)), self._state.page_rows)
        page = job.result.slice(start, count)
        answer = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": job.resource["jobReference"],
            "jobComplete": True,
            "totalRows": str(job.result.num_rows),
            "schema": {"fields": [_field(each) for each in job.result.schema]},
        }
        if count:
            row_type = pa.struct(page.schema)
            answer["rows"] = [_value(row, row_type) for row in page.to_pylist()]
            if start + page.num_rows < job.result.num_rows:
                answer["pageToken"] = str(start + page.num_rows)
        return 200, answer

    @property
    def _state(self) -> _State:
        return self.server.state  # type: ignore[attr-defined]

    def _target(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return parts.path.removeprefix("/bigquery/v2"), asked

    def _answer(self, status: int, content: dict[str, Any] | None) -> None:
        body = json.dumps(content).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _to_duckdb(query: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    sql = query["query"].replace("`", '"')
    sql = re.sub(r"in unnest\(@(\w+)\)", r"in (select unnest($\1))", sql)
    sql = re.sub(r"@(\w+)", r"$\1", sql)
    # A pseudo-column can be filtered on but is not among "all columns".
    sql = sql.replace("select * ", f"select columns(lambda name: name <> '{_PSEUDO}') ")
    return sql, {each["name"]: _parameter(each) for each in query.get("queryParameters", ())}


def _parameter(parameter: dict[str, Any]) -> Any:
    kind, value = parameter["parameterType"], parameter["parameterValue"]
    if kind["type"] == "ARRAY":
        return [each["value"] for each in value.get("arrayValues", ())]
    if kind["type"] == "TIMESTAMP":
        return datetime.datetime.fromisoformat(value["value"])
    if kind["type"] == "DATE":
        return datetime.date.fromisoformat(value["value"])
    return value["value"]


def _field(each: pa.Field) -> dict[str, Any]:
    if pa.types.is_list(each.type):
        return {**_field(pa.field(each.name, each.type.value_type)), "mode": "REPEATED"}
    described: dict[str, Any] = {"name": each.name, "mode": "NULLABLE", "type": _type(each.type)}
    if pa.types.is_struct(each.type):
        described["fields"] = [_field(inner) for inner in each.type]
    return described


def _type(kind: pa.DataType) -> str:
    tests = (
        (pa.types.is_struct, "RECORD"),
        (pa.types.is_boolean, "BOOLEAN"),
        (pa.types.is_integer, "INTEGER"),
        (pa.types.is_floating, "FLOAT"),
        (pa.types.is_date, "DATE"),
        (pa.types.is_string, "STRING"),
        (lambda each: pa.types.is_decimal(each) and each.scale <= 9, "NUMERIC"),
        (pa.types.is_decimal, "BIGNUMERIC"),
        (lambda each: pa.types.is_timestamp(each) and each.tz is not None, "TIMESTAMP"),
        (pa.types.is_timestamp, "DATETIME"),
    )
    return next(name for test, name in tests if test(kind))


def _value(value: Any, kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        # BigQuery keeps no NULL arrays: they come back empty.
        return [{"v": _value(each, kind.value_type)} for each in value or ()]
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {"f": [{"v": _value(value[inner.name], inner.type)} for inner in kind]}
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return str((value - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1))
    if isinstance(value, datetime.date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)
