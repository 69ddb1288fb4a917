"""allocation.yml: what it may say, and that invalid rules are named with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import allocation
from finops.policy.allocation import Rules
from finops.policy.allocation.drivers import quantities

POOL = """\
pools:
  - id: tax
    version: 1
    description: Tax
    select: {charge_category: Tax}
    split: {method: even}
"""
SECOND = """\
  - id: second
    version: 1
    description: Another
    select: {SELECT}
    split: {SPLIT}
"""
PRICE = """\
drivers:
  - {name: gpu_hours, unit: hours, file: "{home}/drivers.csv"}
prices:
  - id: gpu
    version: 1
    description: GPU hours
    driver: gpu_hours
    cost_center: cc-1
    provider: aws
    rate: 2.5
    currency: USD
"""


def two(select: str, split: str = "{method: even}", first: str = POOL) -> str:
    return first + SECOND.replace("{SELECT}", select).replace("{SPLIT}", split)


def rules(settings: Settings, text: str | None) -> Rules:
    folder = settings.root / "config"
    folder.mkdir(parents=True, exist_ok=True)
    if text is not None:
        (folder / "allocation.yml").write_text(text, encoding="utf-8")
    settings.config_dir = folder
    return allocation.load(settings)


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "pools:\n", "{}"])
def test_without_rules_there_are_none(settings: Settings, text: str | None) -> None:
    assert rules(settings, text) == Rules()


def test_the_rules_that_are_shipped_are_sound() -> None:
    found = allocation.load(Settings())
    assert {pool.split.method for pool in found.pools} == {"even", "proportional", "fixed", "telemetry"}


def test_numbers_are_read_as_they_are_written(settings: Settings) -> None:
    """A third has no binary form: read as doubles, these would not sum to one."""
    shares = "{method: fixed, shares: {a: 0.333333333333, b: 0.333333333333, 1001: 0.333333333334}}"
    (pool,) = rules(settings, POOL.replace("{method: even}", shares)).pools
    assert sum(pool.split.shares.values()) == 1
    assert list(pool.split.shares) == ["a", "b", "1001"]


BAD = {
    "a list at the top": ("- a", ":1: the file: must be a mapping of keys to values"),
    "no YAML": ("pools: [", ":1: no YAML: "),
    "an anchor that holds itself": ("pools: &a [*a]", "an anchor holds itself"),
    "an unknown key at the top": ("pool: []", ":1: pool: unknown key"),
    "a key twice": (POOL + "    id: other\n", r":2: pools\[1\].id: stands here and again on line 7"),
    "an unknown key": (POOL + "    markups: 3\n", r":7: pools\[1\].markups: unknown key"),
    "an unknown key of a split": (
        POOL.replace("even", "even, shares: {}"),
        r":6: pools\[1\].split.shares: unknown key",
    ),
    "no version": (POOL.replace("    version: 1\n", ""), r":2: pools\[1\]: missing key version"),
    "a version that is no number": (POOL.replace("1", "one", 1), r":3: pools\[1\].version: "),
    "an id with a quote": (POOL.replace("tax", "ta'x"), r":2: pools\[1\].id: "),
    "an unknown method": (POOL.replace("even", "evenly"), ":6: .*unknown method evenly; known are 'even', "),
    "no method": (POOL.replace("method: even", ""), r":6: pools\[1\].split: missing key method"),
    "an unknown column": (
        POOL.replace("charge_category", "colour"),
        r":5: pools\[1\].select.colour: unknown name; it must be",
    ),
    "no condition": (POOL.replace("charge_category: Tax", ""), r":5: pools\[1\].select: "),
    "no value": (POOL.replace("Tax}", "[]}"), r":5: pools\[1\].select.charge_category: "),
    "a value twice": (POOL.replace("Tax}", "[Tax, Tax]}"), r":5: pools\[1\].select.charge_category: names Tax twice"),
    "a condition of another form": (POOL.replace("Tax}", "{like: T}}"), ":5: .*is a value, a list of values, or"),
    "a value that FOCUS has not": (
        POOL.replace("Tax}", "Taxes}"),
        ":5: .*charge_category: never holds Taxes; it holds",
    ),
    "a provider there is not": (
        POOL.replace("charge_category: Tax", "provider: ibm"),
        ":5: .*provider: never holds ibm",
    ),
    "a control character": (POOL.replace("Tax}", '"T\\0x"}'), r":5: pools\[1\].select.charge_category"),
    "shares below one": (
        POOL.replace("even", "fixed, shares: {a: 0.5, b: 0.49}"),
        r":6: pools\[1\].split: the shares sum to 0.99, not to 1",
    ),
    "a share of nothing": (POOL.replace("even", "fixed, shares: {a: 1, b: 0}"), r":6: pools\[1\].split.shares.b: "),
    "a share finer than amounts": (
        POOL.replace("even", "fixed, shares: {a: 0.5, b: 0.5000000000001}"),
        r":6: pools\[1\].split.shares.b: .*12 decimal",
    ),
    "nobody left": (POOL.replace("even", "even, among: [a], except: [a]"), "leaves out every cost centre"),
    "a receiver twice": (POOL.replace("even", "even, among: [a, a]"), r":6: pools\[1\].split.among: names a twice"),
    "an unknown selection to take": (POOL.replace("{charge_category: Tax}", "gpus"), ":5: .*no selection gpus"),
    "an unknown selection to split by": (
        POOL.replace("even", "proportional, to: gpus"),
        r":6: pools\[1\].split.to: there is no selection gpus; there are charged, direct",
    ),
    "an unknown driver": (
        POOL.replace("even", "telemetry, driver: gpu_hours"),
        r":6: pools\[1\].split.driver: there is no driver gpu_hours; there are none",
    ),
    "a selection named like a word": (
        "selections: {direct: {provider: aws}}\n" + POOL,
        ":1: selections.direct: is what a split calls something else",
    ),
    "a month that is none": (POOL + "    from: 2025-13\n", r":7: pools\[1\].from: billing period '2025-13' is not"),
    "an end before the beginning": (
        POOL + "    from: 2025-03\n    to: 2025-01\n",
        "ends with 2025-01, before it begins",
    ),
    "two of a name and version": (POOL + POOL.removeprefix("pools:\n"), ":7: .*tax version 1 stands here twice"),
    "two versions for one month": (
        POOL + POOL.removeprefix("pools:\n").replace("version: 1", "version: 2"),
        ":7: .*versions 1 and 2 of tax share a month",
    ),
    "a price list named like a pool": (
        PRICE.replace("id: gpu", "id: tax") + POOL,
        "tax is the name of a price list too",
    ),
    "a price of nothing": (PRICE.replace("2.5", "0"), r":10: prices\[1\].rate: "),
    "a currency that is none": (PRICE.replace("USD", "dollars"), r":11: prices\[1\].currency: "),
    "a price by an unknown driver": (PRICE.replace("driver: gpu", "driver: tpu"), ":7: .*no driver tpu_hours"),
    "a driver twice": (
        PRICE.replace("prices:", '  - {name: gpu_hours, unit: h, file: "x"}\nprices:'),
        r":3: drivers\[2\].name: driver gpu_hours stands here twice",
    ),
    "a markup of nothing": (POOL + "    markup: {percent: 0, to: a}\n", r":7: pools\[1\].markup.percent: "),
    "the same rows again": (
        two("{charge_category: Tax}"),
        r":10: pools\[2\].select: has nothing to take: pool tax \(line 2\) takes all of its rows first",
    ),
    "a part of the rows again": (two("{provider: aws, charge_category: Tax}"), "has nothing to take: pool tax"),
    "some rows again": (
        two("{charge_category: [Tax, Credit]}"),
        r":10: pools\[2\].select: takes rows that pool tax \(line 2\) takes first; tell them apart, or say `takes_the",
    ),
    "all rows but some": (two("{charge_category: {not: Usage}}"), "takes rows that pool tax"),
    "a pool into itself": (
        two("{cost_center: cc-1}", "{method: even, among: [cc-1, cc-2]}"),
        r":11: pools\[2\].split: a cycle: sends cost to cc-1, whose cost it steps down itself",
    ),
    "a circle": (
        two(
            "{cost_center: cc-2}",
            "{method: fixed, shares: {cc-1: 1}}",
            POOL.replace("charge_category: Tax", "cost_center: cc-1"),
        ),
        r":11: pools\[2\].split: a cycle: sends cost to cc-1, whose cost pool tax \(line 2\) has stepped down before",
    ),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_what_cannot_be_meant_is_named_with_file_line_and_key(settings: Settings, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        rules(settings, text)
    assert str(caught.value).startswith(str(settings.root / "config" / "allocation.yml"))
    assert "\n" not in str(caught.value)


GOOD = {
    "other columns, of which the rules cannot know": two("{service_category: Networking}"),
    "other months": two("{charge_category: Tax}").replace("[Tax]", "Tax") + "    from: 2025-02\n",
    "the rest, if that is meant": two("{charge_category: [Tax, Credit]}") + "    takes_the_rest: true\n",
    "told apart": two("{charge_category: [Purchase, Credit]}"),
    "a chain": two("{cost_center: cc-2}", "{method: even, among: [cc-3]}", POOL.replace("even", "even, among: [cc-2]")),
    "a circle over two clouds, which is none": two(
        "{cost_center: cc-2, provider: gcp}",
        "{method: even, among: [cc-1]}",
        POOL.replace("charge_category: Tax", "cost_center: cc-1, provider: aws"),
    ),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_can_be_meant_is_taken(settings: Settings, text: str) -> None:
    text = text.replace("description: Tax\n", "description: Tax\n    to: 2025-01\n") if "2025-02" in text else text
    assert len(rules(settings, text).pools) == 2


def test_the_digest_of_a_rule_is_of_what_it_says_and_not_of_its_words(settings: Settings) -> None:
    (one,) = rules(settings, POOL).pools
    (reworded,) = rules(settings, POOL.replace("description: Tax", "description: Value-added tax")).pools
    (changed,) = rules(settings, POOL.replace("even}", "even, among: [a]}")).pools
    assert one.digest == reworded.digest != changed.digest


HEADER = "billing_period,cost_center,driver,quantity\n"


def driven(settings: Settings, csv: str | None, yml: str = PRICE) -> list[tuple[str, str]]:
    found = rules(settings, yml)
    path: Path = settings.root / "drivers.csv"
    if csv is not None:
        path.write_text(csv, encoding="utf-8")
    return [(each.cost_center, str(each.quantity)) for each in quantities(settings, found, {"2025-01"})]


def test_quantities_are_those_of_the_months_and_drivers_asked_for(settings: Settings) -> None:
    text = (
        HEADER + "2025-01,cc-2,gpu_hours,1.50\n2025-01,cc-1,gpu_hours,0\n2025-02,cc-1,gpu_hours,3\n2025-01,cc-1,rps,4\n"
    )
    assert driven(settings, "\ufeff" + text) == [("cc-1", "0"), ("cc-2", "1.50")]


def test_an_optional_file_may_be_absent(settings: Settings) -> None:
    assert driven(settings, None, PRICE.replace('csv"}', 'csv", optional: true}')) == []


BAD_FILES = {
    "absent": (None, "drivers.csv does not exist; driver gpu_hours of allocation.yml reads it"),
    "empty": ("", ":1: missing column billing_period"),
    "a column too few": ("billing_period,cost_center,driver\n", ":1: missing column quantity"),
    "an unknown column": (
        HEADER.replace("quantity", "quantity,colour"),
        ":1: unknown column 'colour'; known columns are billing_period",
    ),
    "a column twice": (
        HEADER.replace("quantity", "quantity,quantity"),
        ":1: column 'quantity' is there twice",
    ),
    "a field too few": (HEADER + "2025-01,cc-1,gpu_hours\n", ":2: has more or fewer fields"),
    "a field too many": (HEADER + "2025-01,cc-1,gpu_hours,1,2\n", ":2: has more or fewer fields"),
    "a quote left open": (HEADER + '2025-01,"cc-1,gpu_hours,1\n', "not readable as CSV"),
    "no cost centre": (HEADER + "2025-01, ,gpu_hours,1\n", ":2: cost_center: is empty"),
    "a month that is none": (
        HEADER + "Jan 2025,cc-1,gpu_hours,1\n",
        ":2: billing_period: billing period 'Jan 2025' is not",
    ),
    "text": (HEADER + "2025-01,cc-1,gpu_hours,many\n", ":2: quantity: 'many' is no number"),
    "no finite number": (HEADER + "2025-01,cc-1,gpu_hours,NaN\n", ":2: quantity: 'NaN' is no number"),
    "below zero": (HEADER + "2025-01,cc-1,gpu_hours,-1\n", ":2: quantity: '-1' is no number from 0"),
    "too large": (HEADER + "2025-01,cc-1,gpu_hours,1e17\n", ":2: quantity: '1e17' is no number from 0"),
    "too fine": (HEADER + "2025-01,cc-1,gpu_hours,0.0000000000001\n", ":2: .*more than twelve decimals"),
    "twice": (
        HEADER + "2025-01,cc-1,gpu_hours,1\n2025-01,cc-1,gpu_hours,1\n",
        ":3: gpu_hours of cc-1 in 2025-01 stands on line 2",
    ),
    "other drivers only": (HEADER + "2025-01,cc-1,gpuhours,1\n", "no quantity of driver gpu_hours; it has gpuhours"),
    "an unknown provider": (
        "billing_period,cost_center,driver,quantity,provider\n2025-01,cc-1,gpu_hours,1,ibm\n",
        ":2: provider: must be 'aws', 'azure', 'gcp', 'focus' or a vendor's name such as 'Databricks' .it is 'ibm'",
    ),
    "a rate for another unit": (
        HEADER + "2025-01,cc-2,gpu_hours,9e12\n",
        "price list gpu: .* is the rate for this unit",
    ),
}


@pytest.mark.parametrize(("csv", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_of_quantities_that_cannot_be_used_is_named_with_its_line(
    settings: Settings, csv: str | None, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        driven(settings, csv)
