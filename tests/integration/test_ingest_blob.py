"""Azure Blob as an origin: the real client against Azurite, well behaved and not."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from servers.blob import ACCOUNT, ACCOUNT_KEY, BlobServer
from servers.proxy import Answer, CutOff

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.models import Outcome
from finops.ingest.service import ingest
from finops.ingest.stores import open_store, remote
from finops.ingest.stores.objects import ChangedWhileRead, ObjectStore

pytestmark = pytest.mark.integration

BILL = os.urandom(3 * remote.CHUNK_BYTES + 17)
PART_1, PART_2 = "exports/bill/20250101-20250131/part_0.csv.gz", "exports/bill/20250101-20250131/part_1.csv.gz"


def refusal(code: str, status: int) -> Answer:
    """What Azure answers when it refuses; its message quotes what it should not."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>signature canary-sig</Message></Error>"
    return Answer(status, body.encode(), headers=(("x-ms-error-code", code),))


BUSY = refusal("ServerBusy", 503)


@pytest.fixture
def container(blob_server: BlobServer, request: pytest.FixtureRequest) -> str:
    """A container of the test's own that holds an export, something beside it and a hostile name."""
    name = "c-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    blob_server.fill(
        name,
        {
            PART_2: BILL,
            PART_1: b"one",
            "exports/bill/20250101-20250131/manifest.json": b"{}",
            "exports/bill/x..%2f..%2fetc": b"hostile",
            "exports/bill-of-somebody-else/part_0.csv.gz": b"not ours",
        },
    )
    return name


def store_at(server: BlobServer, container: str, path: str = "exports/bill") -> ObjectStore:
    return open_store(f"az://{ACCOUNT}/{container}/{path}", server.client())


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "pause", lambda attempt: None)


def test_a_listing_is_sorted_counts_from_the_prefix_and_leaves_neighbours_out(
    blob_server: BlobServer, container: str
) -> None:
    found = list(store_at(blob_server, container, "exports/bill/").list())
    assert [each.key for each in found] == [
        "20250101-20250131/manifest.json",
        "20250101-20250131/part_0.csv.gz",
        "20250101-20250131/part_1.csv.gz",
        "x..%2f..%2fetc",
    ]
    assert [each.size for each in found] == [2, 3, len(BILL), 7]
    assert all(each.etag and each.modified_at.utcoffset() is not None for each in found)


def test_a_part_of_the_origin_can_be_listed(blob_server: BlobServer, container: str) -> None:
    store = store_at(blob_server, container)
    assert [each.key for each in store.list("20250101-20250131/m")] == ["20250101-20250131/manifest.json"]
    assert list(store.list("nothing/")) == []


def test_an_origin_may_be_one_blob(blob_server: BlobServer, container: str) -> None:
    store = store_at(blob_server, container, PART_1)
    [only] = store.list()
    assert only.key == "part_0.csv.gz"
    assert store.read(only) == b"one"


def test_a_folder_of_a_hierarchical_account_is_not_a_file(blob_server: BlobServer, container: str) -> None:
    client = blob_server.admin.get_container_client(container)
    client.upload_blob("exports/bill/20250201-20250228", b"", metadata={"hdi_isfolder": "true"})
    keys = [each.key for each in store_at(blob_server, container).list()]
    assert "20250201-20250228" not in keys
    assert len(keys) == 4


def test_a_blob_is_copied_whole(blob_server: BlobServer, container: str, tmp_path: Path) -> None:
    store = store_at(blob_server, container)
    for number, obj in enumerate(store.list()):
        store.download(obj, tmp_path / str(number))
    assert (tmp_path / "2").read_bytes() == BILL
    assert (tmp_path / "3").read_bytes() == b"hostile"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


def test_a_blob_replaced_after_the_listing_is_told_from_the_one_listed(
    blob_server: BlobServer, container: str, tmp_path: Path
) -> None:
    store = store_at(blob_server, container)
    [obj] = store.list("20250101-20250131/part_0")
    blob_server.admin.get_blob_client(container, PART_1).upload_blob(b"two", overwrite=True)
    with pytest.raises(ChangedWhileRead, match=r"part_0\.csv\.gz changed while being read"):
        store.download(obj, tmp_path / "copy")
    with pytest.raises(ChangedWhileRead):
        store.read(obj)


def test_a_blob_deleted_after_the_listing_has_changed(blob_server: BlobServer, container: str, tmp_path: Path) -> None:
    store = store_at(blob_server, container)
    [obj] = store.list("20250101-20250131/part_0")
    blob_server.admin.get_blob_client(container, PART_1).delete_blob()
    with pytest.raises(ChangedWhileRead):
        store.download(obj, tmp_path / "copy")


def test_a_broken_connection_is_resumed(blob_server: BlobServer, container: str, tmp_path: Path) -> None:
    store = store_at(blob_server, container)
    [obj] = store.list("20250101-20250131/part_1")
    cuts = [CutOff(2 * remote.CHUNK_BYTES + 5), CutOff(100)]
    blob_server.proxy.hook = lambda method, target: cuts.pop(0) if cuts else None
    store.download(obj, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BILL
    assert cuts == []


def test_a_connection_that_always_breaks_ends_in_a_clean_failure(
    blob_server: BlobServer, container: str, tmp_path: Path
) -> None:
    store = store_at(blob_server, container)
    [obj] = store.list("20250101-20250131/part_1")
    blob_server.proxy.hook = lambda method, target: CutOff(10)
    with pytest.raises(Unavailable, match="try again later"):
        store.download(obj, tmp_path / "copy")
    assert len(blob_server.proxy.requests) < 100


def test_throttling_that_passes_is_waited_for(blob_server: BlobServer, container: str) -> None:
    answers = [BUSY, BUSY, None]
    blob_server.proxy.hook = lambda method, target: answers.pop(0)
    assert len(list(store_at(blob_server, container).list())) == 4


def test_throttling_that_stays_ends_after_a_bounded_number_of_requests(blob_server: BlobServer, container: str) -> None:
    blob_server.proxy.hook = lambda method, target: BUSY
    with pytest.raises(Unavailable, match=r"the service is busy \(ServerBusy\); try again later"):
        list(store_at(blob_server, container).list())
    assert len(blob_server.proxy.requests) == 4


@pytest.mark.parametrize("markers", [["again"] * 9, ["one", "two"] * 5], ids=["the same marker", "markers in a circle"])
def test_a_pagination_that_loops_is_noticed(blob_server: BlobServer, container: str, markers: list[str]) -> None:
    def page(method: str, target: str) -> Answer:
        return Answer(
            200,
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://x/" ContainerName="c">'
            f"<Blobs/><NextMarker>{markers.pop(0)}</NextMarker></EnumerationResults>".encode(),
        )

    blob_server.proxy.hook = page
    with pytest.raises(Unavailable, match="the listing repeats itself"):
        list(store_at(blob_server, container).list())


def test_a_container_that_does_not_exist_is_named(blob_server: BlobServer) -> None:
    with pytest.raises(BadInput, match=r"no-such-container/x: there is no such container"):
        list(store_at(blob_server, "no-such-container", "x").list())


@pytest.mark.parametrize(
    ("code", "status", "kind", "remedy"),
    [
        ("AuthorizationPermissionMismatch", 403, BadInput, "grant the role Storage Blob Data Reader"),
        ("AuthorizationFailure", 403, BadInput, "let this network and identity in"),
        ("AuthenticationFailed", 403, Unavailable, "wrong or have expired; renew them and run again"),
        ("NobodyKnowsThis", 400, BadInput, r"refused the request \(NobodyKnowsThis\)"),
    ],
)
def test_a_refusal_says_what_to_do_and_repeats_no_secret(
    blob_server: BlobServer, container: str, code: str, status: int, kind: type[FinopsError], remedy: str
) -> None:
    blob_server.proxy.hook = lambda method, target: refusal(code, status)
    with pytest.raises(kind, match=remedy) as caught:
        list(store_at(blob_server, container).list())
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "https://account1.blob.core.windows.net/bills/x?sv=2024&sig=canary",
        "https://me:canary@account1.blob.core.windows.net/bills/x",
        "http://account1.blob.core.windows.net/bills/x",
        "az://account1",
        "az://ACCOUNT!/bills",
        "az://account1/Bad_Container",
    ],
)
def test_an_address_that_holds_a_secret_or_no_container_is_refused(uri: str) -> None:
    with pytest.raises(BadInput, match="give az://account/container/prefix") as caught:
        open_store(uri, object())
    assert "canary" not in str(caught.value)


def test_no_secret_shows_in_any_log_or_error(
    blob_server: BlobServer, container: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [None, BUSY, CutOff(10)]
    expired = refusal("AuthenticationFailed", 403)
    blob_server.proxy.hook = lambda method, target: answers.pop(0) if answers else expired
    with caplog.at_level(logging.INFO):
        store = store_at(blob_server, container)
        [obj] = store.list("20250101-20250131/part_1")
        with pytest.raises(FinopsError) as caught:
            store.download(obj, tmp_path / "copy")
        said = f"{caught.value!r} {caplog.text}"
    assert "renew them" in said
    assert ACCOUNT_KEY not in said
    assert "canary" not in str(caught.value)


@pytest.fixture
def export(blob_server: BlobServer, bills: Path, request: pytest.FixtureRequest) -> str:
    """The address of a container of the test's own with two months of actual and amortized cost."""
    name = "e-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    files = (path for path in (bills / "azure").rglob("*") if path.is_file())
    blob_server.fill(name, {path.relative_to(bills / "azure").as_posix(): path.read_bytes() for path in files})
    return f"az://{ACCOUNT}/{name}"


def test_every_month_lands_and_the_next_run_reads_manifests_only(
    blob_server: BlobServer, export: str, settings: Settings
) -> None:
    report = ingest(settings, Provider.AZURE, export, client=blob_server.client())
    assert len(report.landed) == 4
    blob_server.proxy.reset()
    again = ingest(settings, Provider.AZURE, export, client=blob_server.client())
    assert (again.landed, again.unchanged, again.rejections) == ((), 4, ())
    one_listing_and_a_manifest_an_export_and_month = 5
    assert len(blob_server.proxy.requests) == one_listing_and_a_manifest_an_export_and_month


def test_a_part_overwritten_while_it_is_read_is_read_again_and_lands_whole(
    blob_server: BlobServer, export: str, settings: Settings
) -> None:
    overwritten: list[str] = []

    def overwrite_once(method: str, target: str) -> None:
        if ".csv.gz" in target and not overwritten:
            container, _, name = unquote(urlsplit(target).path).removeprefix(f"/{ACCOUNT}/").partition("/")
            blob = blob_server.admin.get_blob_client(container, name)
            overwritten.append(name)
            # The manifest names the size: the export is written again as it was, under a new ETag.
            blob.upload_blob(blob.download_blob().readall(), overwrite=True)

    blob_server.proxy.hook = overwrite_once
    report = ingest(settings, Provider.AZURE, export, client=blob_server.client())
    assert len(report.landed) == 4
    reads = [target for _, target in blob_server.proxy.requests if overwritten[0] in unquote(target)]
    assert len(reads) == 2


def test_a_month_whose_part_is_absent_waits(blob_server: BlobServer, export: str, settings: Settings) -> None:
    container = export.rpartition("/")[2]
    store = open_store(export, blob_server.client())
    part = next(each.key for each in store.list() if "amortized/20250101" in each.key and ".csv" in each.key)
    blob_server.admin.get_blob_client(container, part).delete_blob()
    report = ingest(settings, Provider.AZURE, export, client=blob_server.client())
    assert len(report.landed) == 3
    [waiting] = report.rejections
    assert waiting.outcome is Outcome.WAITING
    assert part in waiting.reason


def test_trouble_in_the_middle_of_a_month_lands_nothing_of_it_and_a_retry_lands_it(
    blob_server: BlobServer, export: str, settings: Settings
) -> None:
    blob_server.proxy.hook = lambda method, target: BUSY if "20250201" in target and ".csv" in target else None
    with pytest.raises(Unavailable):
        ingest(settings, Provider.AZURE, export, client=blob_server.client())
    assert not list(settings.landing_dir.rglob("billing_period=2025-02"))
    blob_server.proxy.reset()
    report = ingest(settings, Provider.AZURE, export, client=blob_server.client())
    assert {str(each.billing_period) for each in report.landed} == {"2025-02"}
    assert report.unchanged == 2
    written = [path for path in settings.root.rglob("*") if path.is_file() and path.suffix != ".gz"]
    assert not any(ACCOUNT_KEY.encode() in path.read_bytes() for path in written)
