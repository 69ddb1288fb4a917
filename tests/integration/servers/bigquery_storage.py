"""The BigQuery Storage Read API, played over gRPC from the results that the BigQuery stand-in holds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud.bigquery_storage_v1 import BigQueryReadClient, types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from servers.bigquery import BigQueryServer

_SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"
_BATCH_ROWS = 3


@dataclass
class StorageServer:
    """A running Storage API. ``reads`` counts streams; ``is_closed`` makes it deny every session."""

    bigquery: BigQueryServer
    address: str = ""
    reads: int = 0
    is_closed: bool = False
    _channels: list[grpc.Channel] = field(default_factory=list)

    def client(self) -> BigQueryReadClient:
        """Return the real client."""
        self._channels.append(grpc.insecure_channel(self.address))
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=self._channels[-1]))

    def create_session(self, request: types.CreateReadSessionRequest, context: grpc.ServicerContext) -> Any:
        """Open one stream on a result."""
        if self.is_closed:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "bigquery.readsessions.create denied, canary")
        name = request.read_session.table
        return types.ReadSession(
            name=f"{name}/session",
            table=name,
            data_format=types.DataFormat.ARROW,
            arrow_schema=types.ArrowSchema(serialized_schema=self._result(name).schema.serialize().to_pybytes()),
            streams=[types.ReadStream(name=f"{name}/streams/0")],
        )

    def read_rows(self, request: types.ReadRowsRequest, context: grpc.ServicerContext) -> Iterator[Any]:
        """Send a result from an offset on."""
        self.reads += 1
        result = self._result(request.read_stream.removesuffix("/streams/0"))
        # Only the first message of a stream names the schema, as the real service has it.
        schema: Any = types.ArrowSchema(serialized_schema=result.schema.serialize().to_pybytes())
        for batch in result.slice(request.offset).to_batches(_BATCH_ROWS):
            content = types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes())
            yield types.ReadRowsResponse(arrow_record_batch=content, arrow_schema=schema, row_count=batch.num_rows)
            schema = None

    def _result(self, table: str) -> Any:
        return self.bigquery.state.jobs[table.rpartition("/")[2]].result


@contextmanager
def storage_server(bigquery: BigQueryServer) -> Iterator[StorageServer]:
    """Run the Storage API while the block runs."""
    storage = StorageServer(bigquery)
    server = grpc.server(ThreadPoolExecutor(4))
    handlers = {
        "CreateReadSession": grpc.unary_unary_rpc_method_handler(
            storage.create_session, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
        ),
        "ReadRows": grpc.unary_stream_rpc_method_handler(
            storage.read_rows, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
        ),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, handlers)])
    storage.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield storage
    finally:
        for channel in storage._channels:
            channel.close()
        server.stop(grace=None).wait()
