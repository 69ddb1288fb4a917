"""S3 as an origin: the real client against a server, well behaved and not."""

from __future__ import annotations

import hashlib
import io
import logging
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import NoCredentialsError
from servers.proxy import Answer, CutOff
from servers.s3 import SECRET_KEY, S3Server

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.models import Outcome
from finops.ingest.service import ingest
from finops.ingest.stores import open_store, remote
from finops.ingest.stores.objects import ChangedWhileRead, StoredObject

pytestmark = pytest.mark.integration

BILL = os.urandom(3 * remote.CHUNK_BYTES + 17)
BUSY = Answer(503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
EXPIRED = Answer(400, b"<Error><Code>ExpiredToken</Code><Message>The token canary expired.</Message></Error>")


@pytest.fixture
def bucket(s3_server: S3Server, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own that holds an export, something beside it and a hostile key."""
    name = "b-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    s3_server.fill(
        name,
        {
            "exports/bill/data/part-2.parquet": BILL,
            "exports/bill/data/part-1.parquet": b"one",
            "exports/bill/metadata/Manifest.json": b"{}",
            "exports/bill/../../etc/passwd": b"hostile",
            "exports/bill/data/": b"",
            "exports/bill-of-somebody-else/part-1.parquet": b"not ours",
        },
    )
    return name


@pytest.fixture
def two_keys_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "pause", lambda attempt: None)
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda seconds: None)


def test_a_listing_is_sorted_counts_from_the_prefix_and_leaves_neighbours_out(s3_server: S3Server, bucket: str) -> None:
    found = list(open_store(f"s3://{bucket}/exports/bill/", s3_server.client()).list())
    assert [each.key for each in found] == [
        "../../etc/passwd",
        "data/part-1.parquet",
        "data/part-2.parquet",
        "metadata/Manifest.json",
    ]
    assert [each.size for each in found] == [7, 3, len(BILL), 2]
    assert all(each.etag and each.modified_at.utcoffset() is not None for each in found)


def test_a_part_of_the_origin_can_be_listed(s3_server: S3Server, bucket: str) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    assert [each.key for each in store.list("metadata/")] == ["metadata/Manifest.json"]
    assert list(store.list("nothing/")) == []


def test_an_origin_may_be_one_object(s3_server: S3Server, bucket: str) -> None:
    store = open_store(f"s3://{bucket}/exports/bill/data/part-1.parquet", s3_server.client())
    [only] = store.list()
    assert only.key == "part-1.parquet"
    assert store.read(only) == b"one"


def test_an_object_is_copied_whole_and_no_local_path_comes_from_its_key(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    objects = {each.key: each for each in store.list()}
    store.download(objects["data/part-2.parquet"], tmp_path / "copy")
    store.download(objects["../../etc/passwd"], tmp_path / "hostile")
    assert (tmp_path / "copy").read_bytes() == BILL
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "hostile"]


def test_a_listing_of_many_pages_is_complete(s3_server: S3Server, bucket: str, two_keys_a_page: None) -> None:
    found = list(open_store(f"s3://{bucket}/exports/bill", s3_server.client()).list())
    assert [each.size for each in found] == [7, 3, len(BILL), 2]
    assert len([1 for method, target in s3_server.proxy.requests if "list-type=2" in target]) == 3


def test_an_object_replaced_after_the_listing_is_told_from_the_one_listed(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    [obj] = store.list("data/part-1")
    s3_server.admin.put_object(Bucket=bucket, Key="exports/bill/data/part-1.parquet", Body=b"two")
    with pytest.raises(ChangedWhileRead, match=r"data/part-1\.parquet changed while being read"):
        store.download(obj, tmp_path / "copy")
    with pytest.raises(ChangedWhileRead):
        store.read(obj)


def test_an_object_deleted_after_the_listing_has_changed(s3_server: S3Server, bucket: str, tmp_path: Path) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    [obj] = store.list("data/part-1")
    s3_server.admin.delete_object(Bucket=bucket, Key="exports/bill/data/part-1.parquet")
    with pytest.raises(ChangedWhileRead):
        store.download(obj, tmp_path / "copy")


def test_a_broken_connection_is_resumed_where_it_broke(s3_server: S3Server, bucket: str, tmp_path: Path) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    [obj] = store.list("data/part-2")
    cuts = [CutOff(2 * remote.CHUNK_BYTES + 5), CutOff(100), None]
    s3_server.proxy.hook = lambda method, target: cuts.pop(0)
    store.download(obj, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BILL
    assert cuts == []


def test_an_object_replaced_during_a_resumed_copy_is_never_a_mixture(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    [obj] = store.list("data/part-2")
    requests = []

    def replaced_meanwhile(method: str, target: str) -> CutOff | None:
        requests.append(target)
        if len(requests) == 1:
            return CutOff(2 * remote.CHUNK_BYTES)
        s3_server.admin.put_object(Bucket=bucket, Key="exports/bill/data/part-2.parquet", Body=b"z" * len(BILL))
        return None

    s3_server.proxy.hook = replaced_meanwhile
    with pytest.raises(ChangedWhileRead):
        store.download(obj, tmp_path / "copy")


def test_a_connection_that_always_breaks_ends_in_a_clean_failure(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    [obj] = store.list("data/part-2")
    s3_server.proxy.hook = lambda method, target: CutOff(10)
    with pytest.raises(Unavailable, match=r"data/part-2.parquet broke off \d+ times; try again later"):
        store.download(obj, tmp_path / "copy")
    assert len(s3_server.proxy.requests) <= 1 + remote.ATTEMPTS


def test_a_shorter_body_than_listed_is_not_taken(s3_server: S3Server, bucket: str, tmp_path: Path) -> None:
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
    [obj] = store.list("data/part-1")
    longer = StoredObject(obj.key, obj.size + 1, obj.modified_at, obj.etag)
    with pytest.raises(ChangedWhileRead, match="3 bytes came, 4 were listed"):
        store.download(longer, tmp_path / "copy")


def test_throttling_that_passes_is_waited_for(s3_server: S3Server, bucket: str) -> None:
    answers = [BUSY, BUSY, None]
    s3_server.proxy.hook = lambda method, target: answers.pop(0)
    assert len(list(open_store(f"s3://{bucket}/exports/bill", s3_server.client()).list())) == 4


def test_throttling_that_stays_ends_after_a_bounded_number_of_requests(s3_server: S3Server, bucket: str) -> None:
    s3_server.proxy.hook = lambda method, target: BUSY
    store = open_store(f"s3://{bucket}/exports/bill", s3_server.client(attempts=4))
    with pytest.raises(Unavailable, match=r"S3 is busy and answered SlowDown; try again later"):
        list(store.list())
    assert len(s3_server.proxy.requests) == 4


@pytest.mark.parametrize("tokens", [["again"] * 9, ["one", "two"] * 5], ids=["the same token", "tokens in a circle"])
def test_a_pagination_that_loops_is_noticed(s3_server: S3Server, bucket: str, tokens: list[str]) -> None:
    def page(method: str, target: str) -> Answer:
        token = tokens.pop(0)
        return Answer(
            200,
            f"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
            "</ListBucketResult>".encode(),
        )

    s3_server.proxy.hook = page
    with pytest.raises(Unavailable, match="the listing repeats itself"):
        list(open_store(f"s3://{bucket}/exports/bill", s3_server.client()).list())


def test_a_listing_that_starts_over_under_new_tokens_is_noticed(s3_server: S3Server, bucket: str) -> None:
    def page(method: str, target: str) -> Answer:
        return Answer(
            200,
            b"<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>exports/bill/a</Key>"
            b"<LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
            b"<NextContinuationToken>%d</NextContinuationToken></ListBucketResult>" % len(s3_server.proxy.requests),
        )

    s3_server.proxy.hook = page
    with pytest.raises(Unavailable, match="the listing repeats itself"):
        list(open_store(f"s3://{bucket}/exports/bill", s3_server.client()).list())
    assert len(s3_server.proxy.requests) == 2


def test_credentials_that_expire_between_two_pages_fail_cleanly(
    s3_server: S3Server, bucket: str, two_keys_a_page: None
) -> None:
    s3_server.proxy.hook = lambda method, target: EXPIRED if "continuation-token" in target else None
    with pytest.raises(Unavailable, match="the credentials have expired; renew them and run again"):
        list(open_store(f"s3://{bucket}/exports/bill", s3_server.client()).list())
    assert len(s3_server.proxy.requests) == 2


def test_a_bucket_that_does_not_exist_is_named(s3_server: S3Server) -> None:
    with pytest.raises(BadInput, match="s3://no-such-bucket-here/x: there is no such bucket"):
        list(open_store("s3://no-such-bucket-here/x", s3_server.client()).list())


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        ("AccessDenied", 403, "allow s3:ListBucket"),
        ("InvalidAccessKeyId", 403, "correct the credentials"),
        ("SignatureDoesNotMatch", 403, "correct the credentials"),
        ("NobodyKnowsThis", 400, r"refused the request \(NobodyKnowsThis\)"),
    ],
)
def test_a_refusal_says_what_to_do_and_repeats_no_secret(
    s3_server: S3Server, bucket: str, code: str, status: int, remedy: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>{SECRET_KEY}</Message></Error>".encode()
    s3_server.proxy.hook = lambda method, target: Answer(status, body)
    with pytest.raises(BadInput, match=remedy) as caught:
        list(open_store(f"s3://{bucket}/exports", s3_server.client()).list())
    assert SECRET_KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_credentials_are_said_to_be_missing(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    client = s3_server.client()

    def without(**request: str) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(client, "list_objects_v2", without)
    with pytest.raises(BadInput, match="no usable AWS credentials"):
        list(open_store("s3://bucket-name/x", client).list())


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://AKIA:canary-secret@bucket/x", "s3://Bucket_of_mine!/x"])
def test_an_address_without_a_bucket_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(BadInput, match="give s3://bucket/prefix") as caught:
        open_store(uri, object())
    assert "canary" not in str(caught.value)


def test_no_secret_shows_in_any_log_or_error(
    s3_server: S3Server, bucket: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [None, BUSY, CutOff(10), EXPIRED]
    s3_server.proxy.hook = lambda method, target: answers.pop(0)
    said = ""
    with caplog.at_level(logging.INFO):
        store = open_store(f"s3://{bucket}/exports/bill", s3_server.client())
        [obj] = store.list("data/part-2")
        with pytest.raises(FinopsError) as caught:
            store.download(obj, tmp_path / "copy")
        said = f"{caught.value!r} {caplog.text}"
    assert "the connection broke" in said
    assert SECRET_KEY not in said


@pytest.fixture
def export(s3_server: S3Server, bills: Path, request: pytest.FixtureRequest) -> str:
    """The address of a bucket of the test's own with two months of CUR 2.0."""
    name = "e-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    files = (path for path in (bills / "aws").rglob("*") if path.is_file())
    s3_server.fill(name, {path.relative_to(bills / "aws").as_posix(): path.read_bytes() for path in files})
    return f"s3://{name}"


def written_anew(parquet: bytes, codec: str) -> bytes:
    """The same rows in other bytes, as when an export is refreshed."""
    out = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(parquet)), out, compression=codec)
    return out.getvalue()


def overwriting(server: S3Server, codecs: list[str]) -> Callable[[str, str], None]:
    """A hook that replaces a part right before each of its first reads."""

    def hook(method: str, target: str) -> None:
        if target.endswith(".parquet") and codecs:
            bucket, _, key = unquote(target).removeprefix("/").partition("/")
            content = server.admin.get_object(Bucket=bucket, Key=key)["Body"].read()
            server.admin.put_object(Bucket=bucket, Key=key, Body=written_anew(content, codecs.pop()))

    return hook


def rows_by_month(bills: Path) -> list[int]:
    """Rows of the sample's months, in their order."""
    return [pq.read_metadata(path).num_rows for path in sorted((bills / "aws").rglob("*.parquet"))]


def test_both_months_land_and_the_next_run_reads_manifests_only(
    s3_server: S3Server, export: str, bills: Path, settings: Settings
) -> None:
    report = ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert [str(each.billing_period) for each in report.landed] == ["2025-01", "2025-02"]
    assert [each.row_count for each in report.landed] == rows_by_month(bills)
    s3_server.proxy.reset()
    again = ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert (again.landed, again.unchanged, again.rejections) == ((), 2, ())
    one_listing_and_a_manifest_a_month = 3
    assert len(s3_server.proxy.requests) == one_listing_and_a_manifest_a_month


def test_a_part_overwritten_while_it_is_read_is_read_again_and_lands_whole(
    s3_server: S3Server, export: str, bills: Path, settings: Settings
) -> None:
    s3_server.proxy.hook = overwriting(s3_server, ["gzip"])
    report = ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert [each.row_count for each in report.landed] == rows_by_month(bills)
    [landed] = report.landed[0].files
    now = s3_server.admin.get_object(Bucket=export.removeprefix("s3://"), Key=landed.source_key)["Body"].read()
    assert landed.sha256 == hashlib.sha256(now).hexdigest()


def test_a_part_that_is_overwritten_at_every_read_waits_and_the_other_month_lands(
    s3_server: S3Server, export: str, settings: Settings
) -> None:
    s3_server.proxy.hook = overwriting(s3_server, ["gzip", "zstd", "lz4"])
    report = ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert [str(each.billing_period) for each in report.landed] == ["2025-02"]
    [waiting] = report.rejections
    assert waiting.outcome is Outcome.WAITING
    assert "changed while being read" in waiting.reason


def test_a_month_whose_part_is_absent_waits(s3_server: S3Server, export: str, settings: Settings) -> None:
    bucket = export.removeprefix("s3://")
    store = open_store(export, s3_server.client())
    [part] = [each.key for each in store.list() if "2025-01" in each.key and each.key.endswith(".parquet")]
    s3_server.admin.delete_object(Bucket=bucket, Key=part)
    report = ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert [str(each.billing_period) for each in report.landed] == ["2025-02"]
    [waiting] = report.rejections
    assert waiting.outcome is Outcome.WAITING
    assert part in waiting.reason


@pytest.mark.parametrize("trouble", [BUSY, EXPIRED, CutOff(100)], ids=["throttled", "expired", "cut off"])
def test_trouble_in_the_middle_of_a_month_lands_nothing_of_it_and_a_retry_lands_it(
    s3_server: S3Server, export: str, settings: Settings, trouble: Answer | CutOff
) -> None:
    s3_server.proxy.hook = lambda method, target: trouble if "2025-02/" in target and "parquet" in target else None
    with pytest.raises(Unavailable) as caught:
        ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert SECRET_KEY not in str(caught.value)
    assert not list(settings.landing_dir.rglob("billing_period=2025-02"))
    s3_server.proxy.reset()
    report = ingest(settings, Provider.AWS, export, client=s3_server.client())
    assert [str(each.billing_period) for each in report.landed] == ["2025-02"]
    assert report.unchanged == 1


def test_no_secret_is_written_anywhere(s3_server: S3Server, export: str, settings: Settings) -> None:
    ingest(settings, Provider.AWS, export, client=s3_server.client())
    written = [path for path in settings.root.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert any(path.name == "state.db" for path in written)
    assert not any(SECRET_KEY.encode() in path.read_bytes() for path in written)
