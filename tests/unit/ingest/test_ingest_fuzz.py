"""No traceback, whatever an entry point is given: manifests, folders, addresses, settings, configuration."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.ingest.native_bills import aws_export, azure_export, csv_bytes, gcp_export, parquet_bytes, put, rows

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.manifests import ManifestSource
from finops.ingest.models import Discovery
from finops.ingest.origin import Origin
from finops.ingest.service import ingest
from finops.ingest.stores import open_store
from finops.ingest.stores.folder import FolderStore
from finops.policy.located_yaml import read

EXAMPLES = int(os.environ.get("FUZZED_INPUTS", "60"))
"""Inputs of each test; a long run sets it to 10,000."""
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 1000,
    database=None,
    suppress_health_check=list(HealthCheck),
)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**17, 10**30),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        ["", "\u0000", "²", "9" * 5000, "../../etc/passwd", "a\nb", "0001-01-01T00:00:00+14:00", "9999-12-31"]
    ),
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def complaint(call: Callable[[], object]) -> str:
    """What is said of an input that is refused, nothing of one that is taken. Any other error is a fault."""
    try:
        call()
    except BadInput as error:
        return str(error)
    return ""


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(each for key, item in inner for each in _places(item, (*place, key)))]


def _replaced(value: Any, place: tuple[Any, ...], by: Any) -> Any:
    if not place:
        return by
    step, *rest = place
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[step] = _replaced(value[step], tuple(rest), by)
    return changed


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[Provider, tuple[Path, Path]]:
    """By provider a folder with a good month beside one whose manifest is replaced, and that manifest."""
    root = tmp_path_factory.mktemp("exports")
    cur2 = parquet_bytes(SourceFormat.AWS_CUR2, rows(SourceFormat.AWS_CUR2, ["1"]), root)
    gcp = parquet_bytes(SourceFormat.GCP_DETAILED, rows(SourceFormat.GCP_DETAILED, ["1"]), root)
    azure = csv_bytes(rows(SourceFormat.AZURE_ACTUAL, ["1"]))
    found = {}
    for period in ("2025-01", "2025-02"):
        found[Provider.AWS] = aws_export(root / "aws", period, {"1.parquet": cur2})
        found[Provider.AZURE] = azure_export(root / "azure", period, {"1.csv": (azure, 1)})
        found[Provider.GCP] = gcp_export(root / "gcp", period, {"1.parquet": (gcp, 1)})
    return {provider: (root / provider, manifest) for provider, manifest in found.items()}


def discovered(exports: dict[Provider, tuple[Path, Path]], provider: Provider, content: bytes) -> Discovery:
    root, manifest = exports[provider]
    put(manifest, content)
    found = ManifestSource(provider, open_store(str(root))).discover()
    periods = [str(each.billing_period) for each in found.deliveries]
    assert "2025-01" in periods
    assert len(periods) + len(found.rejections) >= 2
    assert all(each.reason.isprintable() and len(each.reason) <= 2000 for each in found.rejections)
    return found


@pytest.mark.parametrize("provider", list(CLOUDS))
@BOUNDED
@given(st.data())
def test_a_manifest_with_any_value_in_any_field_leaves_the_month_beside_it_alone(exports, provider, data) -> None:
    valid = json.loads(_VALID.setdefault(provider, exports[provider][1].read_bytes()))
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(_places(valid)), "place")
        valid = _replaced(valid, place, data.draw(_JSON, "value"))
    discovered(exports, provider, json.dumps(valid).encode())


_VALID: dict[Provider, bytes] = {}


@pytest.mark.parametrize("provider", list(CLOUDS))
@BOUNDED
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
@example(content=b"[" * 100_000)
@example(content=b'{"a":' * 100_000)
@example(content=b'{"blobs": ' + b"9" * 10_000 + b"}")
@example(content=b"\xff\xfe{}")
@example(content=b"NaN")
@example(content=b"")
def test_a_manifest_of_any_bytes_leaves_the_month_beside_it_alone(exports, provider, content: bytes) -> None:
    discovered(exports, provider, content)


@BOUNDED
@given(
    parts=st.lists(
        st.sampled_from(
            [
                *("metadata", "data", "BILLING_PERIOD=2025-13", "BILLING_PERIOD=2025-01", "BILLING_PERIOD=0000-01"),
                *("BILLING_PERIOD=２０２５-01", "2025-99-99T99:99:99Z-x", "20250101-20250131", "20251301-20251331"),
                *(
                    "202501010500",
                    "999999999999",
                    "invoice_month=202513",
                    "invoice_month=202501",
                    "invoice_month=000001",
                ),
                *("manifest.json", "x-Manifest.json", "bill.csv", "\n", "a\u202eb", "é" * 60, "\udcff", "=1"),
            ]
        ),
        min_size=1,
        max_size=6,
    ),
    provider=st.sampled_from(list(CLOUDS)),
)
def test_folders_and_files_of_any_name_are_listed(tmp_path_factory, parts: list[str], provider: Provider) -> None:
    root = tmp_path_factory.mktemp("listing")
    put(root.joinpath(*parts), b"{}")
    said = complaint(lambda: ManifestSource(provider, open_store(str(root))).discover())
    assert not said or "no manifest" in said


def test_what_is_no_file_is_rejected_alone(settings: Settings, tmp_path: Path) -> None:
    """Pipes, sockets, devices, links to nothing and to themselves, beside a good month and a name that is not UTF-8."""
    root = tmp_path / "root"
    aws_export(root, "2025-01", {"1.csv": csv_bytes(rows(SourceFormat.AWS_CUR2, ["1"]))})
    for number, make in enumerate((_pipe, _socket, _device, _dead_link, _loop), start=2):
        manifest = aws_export(root, f"2025-0{number}", {"1.csv": b""})
        for victim in (manifest, manifest.parents[2] / "data" / f"BILLING_PERIOD=2025-0{number}" / "1.csv"):
            if number % 2 or victim.suffix == ".csv":
                victim.unlink()
                make(victim)
    put(root / os.fsdecode(b"caf\xe9-Manifest.json"), b"{}")
    (root / "up").symlink_to(root)

    report = ingest(settings, Provider.AWS, str(root))

    assert [str(each.billing_period) for each in report.landed] == ["2025-01"]
    assert {str(each.billing_period) for each in report.rejections} >= {f"2025-0{number}" for number in range(2, 7)}


def test_a_bill_whose_name_is_not_utf_8_lands(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "b" / os.fsdecode(b"caf\xe9.csv"), csv_bytes(rows(SourceFormat.FOCUS, ["1"])))

    report = ingest(settings, Provider.AWS, str(tmp_path / "b"), no_manifest=True)

    assert [each.files[0].source_key for each in report.landed] == [r"caf\xe9.csv"]


def test_a_pipe_among_downloaded_files_rejects_the_set(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "b" / "bill.csv", csv_bytes(rows(SourceFormat.FOCUS, ["1"])))
    os.mkfifo(tmp_path / "b" / "more.csv")

    report = ingest(settings, Provider.AWS, str(tmp_path / "b"), no_manifest=True)

    assert not report.landed
    assert "more.csv: is no file that can be read" in report.rejections[0].reason


@BOUNDED
@given(
    uri=st.text(max_size=40) | st.builds("{}://{}".format, st.sampled_from(["s3", "az", "bq", "file", "x"]), st.text())
)
@example(uri="http://[")
@example(uri="~nobody-here/x")
@example(uri="\0")
@example(uri="a" * 5000)
@example(uri="file://\0")
@example(uri="s3://")
@example(uri="az://a")
@example(uri="bq://a")
def test_an_address_of_any_text_is_taken_or_refused_in_one_line(tmp_path: Path, uri: str) -> None:
    for no_manifest in (False, True):
        origin = Origin(Provider.GCP, uri, no_manifest, client=object())
        # What the disk says, the service turns into one line.
        with suppress(OSError):
            complaint(lambda origin=origin: ExitStack().enter_context(origin.opened(Settings(home=tmp_path), tmp_path)))


_NUMBERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@BOUNDED
@given(
    name=st.sampled_from(sorted(Settings.model_fields)),
    value=_NUMBERS
    | st.sampled_from(["x", "-1", "0", "1e9", "9" * 30, "banana", "800 MB", "-1GB", "/dev/null", "nonsense"]),
)
def test_a_setting_of_any_value_is_taken_or_named(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"FINOPS_{name.upper()}", value)
        said = complaint(Settings)
    assert not said or said.startswith(f"FINOPS_{name.upper()}")
    assert said.isprintable()


@BOUNDED
@given(
    text=st.text(max_size=80) | st.lists(st.sampled_from(list("&*!-:[]{},\n ab1'\"|>?%@`#~")), max_size=60).map("".join)
)
@example(
    text="a: &a [x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1 if n > 1 else '')] * 10)}]\n" for n in range(1, 12))
)
@example(text="a: &a {x: *a}")
@example(text="[" * 20_000)
@example(text="a: !!timestamp 2025-99-99")
@example(text="a: !!binary '*'")
@example(text="? [a]\n: b")
@example(text="<<: 1")
@example(text="a: 0o9")
def test_configuration_of_any_text_is_read_or_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "allocation.yml"
    path.write_text(text, encoding="utf-8", errors="replace")
    said = complaint(lambda: read(path))
    assert not said or str(path) in said


def test_a_listing_survives_files_that_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a.csv", b"x")
    chance = random.Random(1)
    store = FolderStore(tmp_path)
    walk = store._walk
    monkeypatch.setattr(store, "_walk", lambda: [*walk(), tmp_path / f"gone-{chance.random()}.csv"])

    assert [each.size for each in store.list()] == [1, 0]


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    there = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(there)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _dead_link(path: Path) -> None:
    path.symlink_to("nowhere")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)
