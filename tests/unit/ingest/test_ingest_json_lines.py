"""Bills as JSON lines."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import put, rows

from finops.core.formats import SourceFormat
from finops.core.providers import ANY_VENDOR, Provider

FOCUS = SourceFormat.FOCUS


@pytest.mark.parametrize("ending", ["jsonl", "ndjson.gz"])
def test_json_lines_land_as_csv_to_the_last_digit(take, current, settings, origin: Path, ending: str) -> None:
    first, second = rows(FOCUS, ["1", "2"], ProviderName="Openai")
    texts = [
        json.dumps({**first, "Tags": {"team": 'a, "b"\n'}}).replace(
            '"BilledCost": "1"', '"BilledCost": 12345678.000000000001'
        ),
        json.dumps({**second, "x_more": True, "ResourceId": None}, ensure_ascii=False),
    ]
    content = ("\n".join(texts) + "\n").encode()
    put(origin / f"bill.{ending}", gzip.compress(content) if ending.endswith("gz") else content)
    assert not take(ANY_VENDOR).rejections
    (delivery,) = current()
    assert (delivery.provider, delivery.row_count) == ("Openai", 2)
    assert delivery.totals[0].billed_cost == Decimal("12345680.000000000001")
    landed = settings.landing_dir / delivery.relative_path / delivery.files[0].local_name
    assert landed.suffix == ".csv"
    assert '{""team"": ""a, \\""b\\""\\n""}' in landed.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no JSON object"),
        (b"{}\n[1]\n", "line 2: is no JSON object"),
        (b'{"a": 1}\n{"a": ', "line 2: is no JSON "),
        (b"\xff\xfe\n", "line 1: is no JSON "),
        (b"[" * 100_000, "line 1: is no JSON "),
        (b'{"a": 1}\n', "match no aws bill"),
    ],
)
def test_what_is_no_json_line_is_refused_with_its_line(take, origin: Path, content: bytes, said: str) -> None:
    put(origin / "bill.jsonl", content)
    (refused,) = take(Provider.AWS, no_manifest=True).rejections
    assert said in refused.reason
