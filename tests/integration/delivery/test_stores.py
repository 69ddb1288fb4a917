"""Statements to folders and buckets with the real clients: each audience's own, whole, and once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from delivery_steps import FILES, HOSTILE, JANUARY, configure, prove_package, restate, results
from servers.proxy import Answer

from finops.chargeback import service as chargeback
from finops.delivery import service
from finops.policy.delivery import Target

pytestmark = pytest.mark.integration


class Store:
    """A kind of target: its address for a prefix, its client, and what a reader finds below a prefix."""

    def __init__(self, root: str, client: Any, read: Callable[[str], dict[str, bytes]]) -> None:
        self.root, self.client, self.read = root, client, read

    def files(self, prefix: str, folder: str) -> dict[str, bytes]:
        below = f"{prefix}/billing_period=2025-01/{folder}/"
        return {key.removeprefix(below): content for key, content in self.read(prefix).items() if key.startswith(below)}


@pytest.fixture(params=["folder", "s3", "az", "gs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return {"folder": _folder, "s3": _s3, "az": _blob, "gs": _gcs}[request.param](request, tmp_path)


def _folder(_request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    root = tmp_path / "share"
    return Store(
        f"{root}/",
        None,
        lambda prefix: {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in (root / prefix).rglob("*")
            if path.is_file()
        },
    )


def _s3(request: pytest.FixtureRequest, _tmp_path: Path) -> Store:
    server = request.getfixturevalue("s3_server")
    bucket = f"statements-{abs(hash(request.node.nodeid))}"
    server.fill(bucket, {})

    def read(prefix: str) -> dict[str, bytes]:
        listed = server.admin.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {o["Key"]: server.admin.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listed}

    return Store(f"s3://{bucket}/", server.client(), read)


def _blob(request: pytest.FixtureRequest, _tmp_path: Path) -> Store:
    server = request.getfixturevalue("blob_server")
    container = f"statements-{abs(hash(request.node.nodeid))}"
    server.fill(container, {})
    inside = server.admin.get_container_client(container)
    return Store(
        f"az://meridian/{container}/",
        server.client(),
        lambda prefix: {
            each.name: inside.download_blob(each.name).readall() for each in inside.list_blobs(name_starts_with=prefix)
        },
    )


def _gcs(request: pytest.FixtureRequest, _tmp_path: Path) -> Store:
    server = request.getfixturevalue("gcs_server")
    bucket = f"statements-{abs(hash(request.node.nodeid))}"
    server.make(bucket)
    return Store(
        f"gs://{bucket}/",
        server.client(),
        lambda prefix: {name: found for name, found in server.objects(bucket).items() if name.startswith(prefix)},
    )


def test_each_audience_gets_its_own_files_and_their_manifest_and_nothing_else(settings, store):
    configure(
        settings,
        {
            "company": [f"{store.root}finance"],
            "cost_centers": {"cc-1001": [f"{store.root}research"], HOSTILE: [f"{store.root}hostile"]},
        },
    )
    report = service.deliver(settings, JANUARY, clients=lambda _: store.client)
    assert set(results(report).values()) == {"delivered"}
    assert (report.without_statement, report.without_target) == ((), ())
    prove_package(store.files("finance", "company"), None)
    prove_package(store.files("research", "cc-1001"), "cc-1001")
    (folder,) = {Path(key).parent.name for key in store.read("hostile")}
    prove_package(store.files("hostile", folder), HOSTILE)
    assert len(store.read("research")) == len(FILES) + 1
    assert b"Secret Project" not in b"".join(store.read("research").values())


def test_the_same_set_again_asks_and_writes_nothing_and_a_lost_state_only_asks(settings, store):
    configure(settings, {"cost_centers": {"cc-1001": [f"{store.root}research"]}})
    service.deliver(settings, JANUARY, clients=lambda _: store.client)
    before = store.read("research")

    def nobody(_: Target) -> None:
        raise AssertionError("the target was asked")

    assert set(results(service.deliver(settings, JANUARY, clients=nobody)).values()) == {"unchanged"}
    lost = settings.model_copy(update={"state_url": f"sqlite:///{settings.root}/another.db"})
    chargeback.adopt(lost)
    assert set(results(service.deliver(lost, JANUARY, clients=lambda _: store.client)).values()) == {"unchanged"}
    assert store.read("research") == before


def test_a_restated_month_takes_the_place_of_the_one_before_and_leaves_no_stray_file(settings, store):
    configure(settings, {"cost_centers": {"cc-1001": [f"{store.root}research"]}})
    done = chargeback.publish(settings, JANUARY)
    _add_file(done.path, "cc-1001/notes.txt", b"only once")
    service.deliver(settings, JANUARY, clients=lambda _: store.client)
    assert "notes.txt" in store.files("research", "cc-1001")
    first = json.loads(store.files("research", "cc-1001")["manifest.json"])
    restate(settings, "11.11")
    service.deliver(settings, JANUARY, clients=lambda _: store.client)
    second = prove_package(store.files("research", "cc-1001"), "cc-1001")
    assert second["digest"] != first["digest"]
    assert b"11.11" in store.files("research", "cc-1001")["statement.csv"]


def _add_file(folder: Path, path: str, content: bytes) -> None:
    (folder / path).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"].append({"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)})
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("kind", ["s3", "az", "gs"])
def test_a_delivery_cut_short_leaves_the_old_manifest_and_is_made_good_by_the_next(settings, request, tmp_path, kind):
    store = {"s3": _s3, "az": _blob, "gs": _gcs}[kind](request, tmp_path)
    server = request.getfixturevalue({"s3": "s3_server", "az": "blob_server", "gs": "gcs_server"}[kind])
    configure(settings, {"cost_centers": {"cc-1001": [f"{store.root}research", str(tmp_path / "share")]}})
    service.deliver(settings, JANUARY, clients=lambda _: store.client)
    before = store.files("research", "cc-1001")["manifest.json"]
    restate(settings, "11.11")
    server.proxy.hook = lambda method, path: Answer(403) if method in ("PUT", "POST") and "xlsx" in path else None
    if kind == "gs":  # Its uploads name the object in the body alone.
        server.proxy.hook = lambda method, path: Answer(403) if method == "POST" else None
    report = service.deliver(settings, JANUARY, clients=lambda _: store.client)
    assert sorted(results(report).values()) == ["delivered", "failed"]
    assert store.files("research", "cc-1001")["manifest.json"] == before
    error = service.NotDelivered(report)
    assert f"{store.root}research" in str(error)
    assert "\n" not in str(error)
    server.proxy.reset()
    report = service.deliver(settings, JANUARY, clients=lambda _: store.client)
    assert sorted(results(report).values()) == ["delivered", "unchanged"]
    prove_package(store.files("research", "cc-1001"), "cc-1001")


@pytest.mark.parametrize("kind", ["s3", "az", "gs"])
def test_a_bucket_that_is_not_there_is_named_and_stops_nobody_else(settings, request, tmp_path, kind):
    store = {"s3": _s3, "az": _blob, "gs": _gcs}[kind](request, tmp_path)
    missing = {"s3": "s3://nobody-has-this/x", "az": "az://meridian/nobody-has-this/x", "gs": "gs://nobody-has-this/x"}
    configure(settings, {"cost_centers": {"cc-1001": [missing[kind], f"{store.root}research"]}})
    report = service.deliver(settings, JANUARY, clients=lambda _: store.client)
    assert results(report) == {missing[kind]: "failed", f"{store.root}research": "delivered"}
    (failed,) = report.failed
    assert "no such" in str(failed.reason)
    assert not failed.is_retryable
