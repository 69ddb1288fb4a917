"""Served from a real PostgreSQL server: the old version or the new, whatever happens to the run that brings it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest
from serving_steps import FEBRUARY, FEW, JANUARY, ask, changed, connect, release
from tests.crafted_warehouse import edit

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.serving import database, service

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(serving_settings: Settings) -> Settings:
    """A home of its own, and a schema of its own to serve from."""
    return serving_settings


def test_readers_see_the_old_version_or_the_new_one_in_every_query_and_transaction(settings):
    release(settings, JANUARY, FEBRUARY, build_id="build-0")
    service.publish(settings)
    sums = "select sum(billed_cost) from fct_daily_costs"
    expected, seen, stop = {"build-0": ask(settings, sums)[0][0]}, [], threading.Event()

    def read() -> None:
        with closing(connect(settings)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not stop.is_set():
                with connection.transaction():
                    ((build,),) = connection.execute("select build_id from served_version").fetchall()
                    found = [connection.execute(sums.replace("fct_daily_costs", t)).fetchall()[0][0] for t in FEW[:3]]
                seen.append((build, *found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 5):
        more = "alter table marts.mart_chargeback add column x_new int" if number == 3 else ""
        if number == 4:
            edit(settings, "alter table marts.mart_chargeback drop column x_new")
        version = release(settings, JANUARY, FEBRUARY, build_id=f"build-{number}", revision=number, also=more)
        with version.connect() as connection:
            expected[f"build-{number}"] = connection.execute(sums).fetchall()[0][0]
        service.publish(settings)
    wait_for(lambda: seen[-1][0] == "build-4")
    stop.set()
    for reader in readers:
        reader.join()
    assert len(set(expected.values())) == 5
    assert {build for build, *_ in seen} >= {"build-0", "build-4"}
    assert [row for row in seen if set(row[1:]) != {expected[row[0]]}] == []


PUBLISHER = """
import sys
from pathlib import Path
from finops.core.settings import Settings
from finops.serving import service
service.publish(Settings(home=Path(sys.argv[1]), serving_url=sys.argv[2], serving_schema=sys.argv[3]))
"""


def test_a_run_killed_in_the_middle_leaves_the_old_version_and_the_next_one_does_all(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    before = ask(settings, "select sum(billed_cost), count(*) from fct_daily_costs")
    release(settings, JANUARY, build_id="build-2", revision=1)
    with connect(settings) as holder, holder.transaction():
        # Everything is copied by the time the run wants to write this down.
        holder.execute("lock table served_version in exclusive mode")
        command = [
            sys.executable,
            "-c",
            PUBLISHER,
            str(settings.root),
            str(settings.serving_url),
            settings.serving_schema,
        ]
        process = subprocess.Popen(command, env={**os.environ})
        wait_for(
            lambda: ask(settings, "select 1 from pg_locks where not granted and relation = 'served_version'::regclass")
        )
        process.kill()
        process.wait()
    assert ask(settings, "select sum(billed_cost), count(*) from fct_daily_costs") == before
    assert ask(settings, "select build_id from served_version") == [("build-1",)]
    assert len(changed(service.publish(settings))) == len(FEW)
    assert ask(settings, "select build_id from served_version") == [("build-2",)]


def test_of_two_runs_at_once_one_waits_and_then_finds_nothing_to_do(settings):
    release(settings, JANUARY, build_id="build-1")
    reports: list[service.ServedReport] = []
    runs = [threading.Thread(target=lambda: reports.append(service.publish(settings))) for _ in range(2)]
    with database.transaction(settings):
        for run in runs:
            run.start()
        wait_for(lambda: len(ask(settings, "select 1 from pg_locks where locktype = 'advisory' and not granted")) == 2)
        assert reports == []
    for run in runs:
        run.join()
    assert sorted(len(report.changes) for report in reports) == [0, len(FEW)]


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


# -- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        (None, BadInput, "no serving database is configured"),
        ("sqlite:///x.db", BadInput, "must be a PostgreSQL URL"),
        ("not a url, canary", BadInput, "must be a PostgreSQL URL"),
        ("postgresql://u:canary@127.0.0.1:1/none", Unavailable, "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(settings, url, error, words):
    wrong = settings.model_copy(update={"serving_url": url})
    with pytest.raises(error, match=words) as caught:
        service.publish(wrong)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "canary" not in repr(wrong)


def test_a_user_who_may_not_make_the_schema_is_told_which_right_is_missing(settings):
    settings.serving_url = str(settings.serving_url).replace("loader@", "analyst@")
    with pytest.raises(BadInput, match="permission denied for database"):
        service.publish(settings)


def test_the_command_says_what_changed_and_ends_with_2_where_it_cannot(settings, monkeypatch, capsys):
    from finops.cli import main

    release(settings, JANUARY, build_id="build-1")
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_SERVING_URL", str(settings.serving_url))
    monkeypatch.setenv("FINOPS_SERVING_SCHEMA", settings.serving_schema)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["finops", "serve", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    assert run("publish", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["build_id"], len(done["changed"]), done["unchanged"]) == ("build-1", len(FEW), 0)
    assert run("grant", "--role", "cc_1001", "--cost-center", "cc-1001", "--json") == 0
    assert {"role": "cc_1001", "cost_centers": ["cc-1001"]} in json.loads(capsys.readouterr().out)
    assert run("grant", "--role", "cc_1001", "--cost-center", "cc-1001", "--everything") == 2
    monkeypatch.setenv("FINOPS_SERVING_URL", "postgresql://u:canary@127.0.0.1:1/none")
    capsys.readouterr()
    assert run("publish") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "canary" not in said
