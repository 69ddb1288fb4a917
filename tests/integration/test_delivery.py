"""Statements to folders, buckets and mailboxes with the real clients: each audience's own, whole, and once."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from servers import mail
from servers.proxy import Answer
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service as chargeback
from finops.core.errors import BadInput, Finding, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.spreadsheet import neutralise
from finops.delivery import service
from finops.delivery.models import Result, Target

pytestmark = pytest.mark.integration

JANUARY = BillingPeriod(2025, 1)
HOSTILE = "../../company\r\nBcc: thief@evil.example\n=cmd|' /C calc'!A0 🤖/\"<script>"
FILES = {"schedules.csv", "statement.csv", "statement.html", "statement.pdf", "statement.xlsx"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A home with January's statements of two cost centres, one of them hostile, and an empty configuration."""
    settings.config_dir = tmp_path / "config"
    settings.config_dir.mkdir()
    restate(settings, "10.10")
    return settings


def restate(settings: Settings, amount: str) -> None:
    build = f"build-{amount}"
    own = [bill("2025-01-03", amount), bill("2025-01-04", "7", cost_center=HOSTILE, service_name="Secret Project")]
    publish_version(settings, [*own, bill("2025-01-05", "3", cost_center="(unallocated)")], build_id=build)
    chargeback.publish(settings, JANUARY)


def configure(settings: Settings, content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    (settings.configuration_dir / "delivery.yml").write_text(text, encoding="utf-8")


def results(report: service.DeliveryReport) -> dict[str, str]:
    return {each.target: each.result.value for each in report.outcomes}


def prove_parcel(files: dict[str, bytes], cost_center: str | None) -> dict[str, Any]:
    """Hold what a target got to its manifest: those files and no others, and of a cost centre its rows alone."""
    manifest = json.loads(files["manifest.json"])
    assert manifest["cost_center"] == cost_center
    listed = {each["path"]: each for each in manifest["files"]}
    assert set(listed) == set(files) - {"manifest.json"} == FILES
    for name, entry in listed.items():
        assert hashlib.sha256(files[name]).hexdigest() == entry["sha256"]
        assert len(files[name]) == entry["size"]
    if cost_center is not None:
        rows = list(csv.DictReader(io.StringIO(files["statement.csv"].decode(), newline="")))
        assert {row["cost_center"] for row in rows} == {neutralise(cost_center)}
    return manifest


# -- every kind of store --------------------------------------------------------------------------------------------


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
    prove_parcel(store.files("finance", "company"), None)
    prove_parcel(store.files("research", "cc-1001"), "cc-1001")
    (folder,) = {Path(key).parent.name for key in store.read("hostile")}
    prove_parcel(store.files("hostile", folder), HOSTILE)
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
    second = prove_parcel(store.files("research", "cc-1001"), "cc-1001")
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
    prove_parcel(store.files("research", "cc-1001"), "cc-1001")


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


# -- mail -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mail_server(settings: Settings, tmp_path: Path) -> Iterator[mail.MailServer]:
    with mail.mail_server(tmp_path) as server:
        settings.smtp_host, settings.smtp_port, settings.smtp_ca_file = "127.0.0.1", server.port, server.ca_file
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        settings.smtp_sender = "finops@meridian.example"
        yield server


def test_mail_brings_exactly_that_audiences_files_and_names_nobody_else(settings, mail_server):
    configure(
        settings,
        {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"], HOSTILE: ["mailto:boss@meridian.example"]}},
    )
    report = service.deliver(settings, JANUARY)
    assert set(results(report).values()) == {"delivered"}
    by_recipient = {recipients[0]: message for recipients, message in mail_server.messages}
    assert len(mail_server.messages) == len(by_recipient) == 2
    for recipient, cost_center in (("lead@meridian.example", "cc-1001"), ("boss@meridian.example", HOSTILE)):
        message = by_recipient[recipient]
        attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
        prefix = next(name for name in attached if name.endswith("statement.csv")).removesuffix("statement.csv")
        manifest = json.loads(attached["manifest.json"])
        assert {each["path"]: each["sha256"] for each in manifest["files"]} == {
            name: hashlib.sha256(content).hexdigest() for name, content in attached.items() if name != "manifest.json"
        }
        plain = json.dumps(
            {**manifest, "files": [{**e, "path": e["path"].removeprefix(prefix)} for e in manifest["files"]]}
        )
        prove_parcel(
            {n.removeprefix(prefix): c for n, c in attached.items()} | {"manifest.json": plain.encode()}, cost_center
        )
        assert message["Bcc"] is None
        assert message["To"] == recipient
        assert all("/" not in name and "\\" not in name for name in attached)
    body = by_recipient["lead@meridian.example"].get_body().get_content()
    assert "effective cost 10.10 USD" in body
    assert "cc-1001" in by_recipient["lead@meridian.example"]["Subject"]
    assert "(provisional)" in by_recipient["lead@meridian.example"]["Subject"]


def test_mail_is_sent_once_and_a_refused_address_is_named_and_tried_again(settings, mail_server):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:gone@meridian.example", "mailto:lead@meridian.example"]}})
    mail_server.refuse["gone@meridian.example"] = "550 no such user"
    for expected in ("delivered", "unchanged"):
        report = service.deliver(settings, JANUARY)
        assert results(report) == {"mailto:gone@meridian.example": "failed", "mailto:lead@meridian.example": expected}
        assert "refused the address (550)" in str(report.failed[0].reason)
    mail_server.refuse.clear()
    service.deliver(settings, JANUARY)
    assert [recipients for recipients, _ in mail_server.messages] == [
        ["lead@meridian.example"],
        ["gone@meridian.example"],
    ]
    restate(settings, "11.11")
    service.deliver(settings, JANUARY)
    assert len(mail_server.messages) == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smtp_password": SecretStr("wrong")}, "refused user or password"),
        ({"smtp_ca_file": None}, "certificate is not right"),
        ({"smtp_host": None}, "mail needs FINOPS_SMTP_HOST"),
        ({"smtp_port": 1}, "gave no answer"),
    ],
)
def test_mail_that_cannot_be_sent_says_why_without_the_password(settings, mail_server, change, words):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"]}})
    report = service.deliver(settings.model_copy(update=change), JANUARY)
    assert words in str(report.failed[0].reason)
    assert "canary" not in str(service.NotDelivered(report)) + repr(settings)
    assert mail_server.messages == []


def test_a_server_without_encryption_gets_neither_password_nor_statement(settings, tmp_path):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"]}})
    with mail.mail_server(tmp_path, encryption="none") as server:
        settings.smtp_host, settings.smtp_port, settings.smtp_sender = "127.0.0.1", server.port, "f@meridian.example"
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        report = service.deliver(settings, JANUARY)
    assert "STARTTLS" in str(report.failed[0].reason)
    assert server.messages == []


def test_a_server_that_speaks_tls_from_the_first_byte_is_served_too(settings, tmp_path):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"]}})
    with mail.mail_server(tmp_path, encryption="tls") as server:
        settings.smtp_host, settings.smtp_port, settings.smtp_sender = "127.0.0.1", server.port, "f@meridian.example"
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        settings.smtp_encryption, settings.smtp_ca_file = "tls", server.ca_file
        assert set(results(service.deliver(settings, JANUARY)).values()) == {"delivered"}
    assert len(server.messages) == 1


# -- before anything is sent ----------------------------------------------------------------------------------------


def test_a_dry_run_says_who_would_get_what_and_touches_nothing(settings, tmp_path):
    share = tmp_path / "share"
    configure(settings, {"company": [str(share)], "cost_centers": {"cc-1001": [str(share)], "cc-9": [str(share)]}})
    report = service.deliver(settings, JANUARY, dry_run=True)
    assert [(each.cost_center, each.result, set(each.files)) for each in report.outcomes] == [
        (None, Result.PLANNED, FILES),
        ("cc-1001", Result.PLANNED, FILES),
    ]
    assert report.without_statement == ("cc-9",)
    assert report.without_target == (HOSTILE,)
    assert not share.exists()


def test_a_set_with_another_cost_centres_row_or_a_changed_byte_is_delivered_to_nobody(settings, tmp_path):
    share = tmp_path / "share"
    configure(settings, {"company": [str(share)], "cost_centers": {"cc-1001": [str(share)]}})
    folder = (settings.statements_dir / "billing_period=2025-01").resolve()
    statement = folder / "cc-1001" / "statement.csv"
    whole = statement.read_bytes()
    statement.write_bytes(whole + whole.splitlines(keepends=True)[-1].replace(b"cc-1001", b"cc-1002"))
    with pytest.raises(Finding, match="is not what its manifest"):
        service.deliver(settings, JANUARY)
    manifest = json.loads((folder / "manifest.json").read_text())
    for each in manifest["files"]:
        if each["path"] == "cc-1001/statement.csv":
            each["sha256"] = hashlib.sha256(statement.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Finding, match="rows of another cost centre"):
        service.deliver(settings, JANUARY)
    assert not share.exists()


def test_a_month_without_statements_says_what_to_run(settings):
    configure(settings, {})
    with pytest.raises(NotReady, match="finops chargeback publish --billing-period 2025-02"):
        service.deliver(settings, BillingPeriod(2025, 2))


def test_a_folder_that_cannot_be_written_is_named(settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    configure(settings, {"cost_centers": {"cc-1001": [str(tmp_path / "file" / "share")]}})
    (failed,) = service.deliver(settings, JANUARY).failed
    assert "correct the folder" in str(failed.reason)


def test_the_configuration_is_read_before_anything_else(settings):
    configure(settings, {"cost_centers": {"cc-1001": ["ftp://x"]}})
    with pytest.raises(BadInput, match=r"delivery\.yml:3: cost_centers\.cc-1001\[1\]: 'ftp://x' is no target"):
        service.deliver(settings, JANUARY)


def test_the_command_prints_each_outcome_and_ends_with_1_where_a_target_failed(settings, tmp_path, monkeypatch, capsys):
    from finops.cli import main

    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.config_dir))
    share, wrong = str(tmp_path / "share"), str(tmp_path / "file" / "share")
    (tmp_path / "file").write_text("in the way")

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["finops", "chargeback", "deliver", "--billing-period", "2025-01", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    configure(settings, {"cost_centers": {"cc-1001": [wrong, share], HOSTILE: [share]}})
    assert run("--dry-run") == 0
    said = capsys.readouterr().out
    assert said.count("planned") == 3
    assert "\nBcc" not in said, "a tag's value is shown as a literal, not as lines of its own"
    assert run("--json") == 1
    said = capsys.readouterr()
    by_target = {(e["cost_center"], e["target"]): e["result"] for e in json.loads(said.out)["deliveries"]}
    assert by_target == {("cc-1001", wrong): "failed", ("cc-1001", share): "delivered", (HOSTILE, share): "delivered"}
    assert said.err.count("\n") == 1
    assert wrong in said.err
