"""docker-compose.yaml is held to the security list: it cannot be run here, so what it says is what is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from finops.stores import dictionary

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGES = (ROOT / "deploy" / "pages.conf").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|TOKEN|_KEY")

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_it_runs_airflow_whole_beside_its_database_and_serves_the_pages():
    airflow = {"migrate", "api-server", "scheduler", "dag-processor", "triggerer"}
    assert {"postgres", "pages", *airflow} == set(SERVICES)


def test_the_pages_are_served_from_a_read_only_disk_and_by_no_secret():
    pages = SERVICES["pages"]
    assert pages["volumes"]
    assert all(volume.endswith(":ro") for volume in pages["volumes"])
    assert not [name for name in pages["environment"] if SECRET.search(name)]
    assert pages["ports"] == ["127.0.0.1:8081:8081"]
    assert SERVICES["scheduler"]["environment"]["FINOPS_SITE_URL"] == "${FINOPS_SITE_URL:-http://127.0.0.1:8081}"


def test_nothing_is_served_but_the_pages_that_people_open():
    locations = dict(re.findall(r"^ +location ([^{]+?) \{ ?(.*)", PAGES, re.MULTILINE))
    given = {place for place, does in locations.items() if "return" not in does and place != "@missing"}
    folders = {"statements", "reviews", "forecasts", "incidents", "budgets", "rightsizing", "quality"}
    assert given == {*(f"/{each}/" for each in folders), f"= /published/current/{dictionary.PAGE}"}
    assert all("limit_except GET { deny all; }" in locations[place] for place in given)
    assert locations["/"].startswith("return 404")
    assert locations["~ /\\."].startswith("return 404"), "hidden folders hold unfinished sets"
    assert re.findall(r"autoindex (\w+);", PAGES) == ["off"]
    assert "listen 8081 default_server;\n    server_name _;\n    return 421;" in PAGES, "another host's name is refused"


@each_service
def test_a_service_runs_without_root_or_capabilities_on_a_read_only_disk(name):
    service = SERVICES[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each_service
def test_a_service_that_stays_tells_whether_it_is_healthy(name):
    check = SERVICES[name]["healthcheck"]
    assert check.get("test") or (name == "migrate" and check["disable"])


@each_service
def test_ports_open_on_loopback_only(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each_service
def test_an_image_is_pinned_to_a_whole_version(name):
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.match(r"\d+\.\d+", tag), "an image without a version is another image next week"


@each_service
def test_an_image_from_elsewhere_is_pinned_by_digest(name):
    if "build" not in SERVICES[name]:
        assert re.search(r"@sha256:[0-9a-f]{64}$", SERVICES[name]["image"])


@each_service
def test_a_service_has_limits_of_memory_and_processes(name):
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])
    assert 0 < SERVICES[name]["pids_limit"] <= 1024


def test_no_password_stands_on_a_command_line():
    """Whoever may list the processes of the machine reads their arguments."""
    script = "\n".join(SERVICES["migrate"]["command"])
    for text in (script, (ROOT / "deploy" / "create-state-database.sh").read_text(encoding="utf-8")):
        for line in text.replace("\\\n", " ").splitlines():
            names = [word for word in re.findall(r"\$\$?\{?(\w+)", line) if SECRET.search(word)]
            assert not names or line.lstrip().startswith("printf "), f"{line}: printf is the shell's own, no process"
    assert not re.search(r"--password (?!it)", script)


@each_service
def test_no_secret_has_a_default(name):
    for key, value in SERVICES[name]["environment"].items():
        if SECRET.search(key) and not key.endswith("_FILE"):
            assert re.search(r"\$\{\w+:\?", value), f"{key} must come from the environment or fail"
        for reference in re.findall(r"\$\{(\w+):-", str(value)):
            assert not SECRET.search(reference), f"{reference} has a default"


def test_urls_hold_no_password_of_their_own():
    for user_info in re.findall(r"://([^@\s]+)@", TEXT):
        assert re.fullmatch(r"\w+:\$\{\w+:\?.*", user_info), f"{user_info} holds a password"


def test_everything_waits_for_a_migrated_database():
    for name in set(SERVICES) - {"postgres", "migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_image_is_pinned_hash_locked_and_ends_as_an_ordinary_user():
    base = re.search(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)
    assert base is not None
    assert re.search(r":\d+\.\d+\.\d+-\S+@sha256:[0-9a-f]{64}$", base[1])
    assert "--require-hashes" in DOCKERFILE
    assert DOCKERFILE.rstrip().splitlines()[-1] == "USER 50000:50000"


def test_the_image_copies_only_what_exists():
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), f"the Dockerfile copies {source}, which is not there"
