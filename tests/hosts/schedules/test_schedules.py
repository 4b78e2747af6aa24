"""The schedules of examples/schedules: each command runs as its scheduler starts it, each file passes its own judge."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import kubernetes_validate
import pytest
import yaml

COMMAND = Path(sys.executable).with_name("custify")


@pytest.fixture
def shown(checkout):
    """Return the text of a file of the examples."""
    return lambda name: (checkout / "examples" / "schedules" / name).read_text("utf-8")


@pytest.fixture
def root(custify, tmp_path):
    """Return a folder that stands for the root of a machine: the command, the key's file, and where things are kept."""
    for folder in ("etc", "var/lib/custify", "var/log/custify", "opt/custify/bin", "data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "opt/custify/bin/custify").symlink_to(COMMAND)
    keys = f"CUSTIFY_API_KEY={custify.api_key}\nCUSTIFY_BASE_URL={custify.base_url}\n"
    (tmp_path / "etc/custify.env").write_text(keys)
    return tmp_path


def placed(text, root):
    """Return a text whose paths are below a folder."""
    for top in ("/etc/custify", "/var/lib/", "/var/log/", "/opt/"):
        text = text.replace(top, f"{root}{top}")
    return text


def people(database):
    with duckdb.connect(str(database), read_only=True) as tables:
        return tables.execute("SELECT count(*) FROM people").fetchone()[0]


def run(words, environment, folder):
    """Run a command with nothing in its environment but what is named; the key must not be shown."""
    done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - of the examples
    assert "host-key" not in done.stdout + done.stderr
    return done


def of_cron(text):
    """Return the settings and the command of a line of /etc/cron.d, by cron's own rules."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines[:-1])
    _, _, _, _, _, user, command = lines[-1].split(None, 6)
    assert user == "custify"
    assert "%" not in command, "cron takes an unquoted % for the end of the line"
    return settings, command


def test_the_line_of_cron_runs_in_crons_environment_and_adds_a_line_of_json_each_night(shown, root, custify, figures):
    settings, command = of_cron(placed(shown("custify.cron"), root))
    shell = settings.pop("SHELL")
    environment = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "SHELL": shell, "LOGNAME": "custify", **settings}
    for _ in range(2):
        done = run([shell, "-c", command], environment, "/")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    nights = [json.loads(line) for line in (root / "var/log/custify/nightly.jsonl").read_text("utf-8").splitlines()]
    assert [len(night["streams"]) for night in nights] == [len(nights[0]["streams"])] * 2
    assert {stream["outcome"] for night in nights for stream in night["streams"]} == {"ok"}
    assert people(root / "var/lib/custify/crm.duckdb") == len(custify.content("people"))
    figures["streams"] = len(nights[0]["streams"])


def test_a_night_with_a_refused_key_is_a_line_too_and_ends_with_3(shown, root):
    file = root / "etc/custify.env"
    file.write_text(file.read_text().replace("host-key", "another"))
    settings, command = of_cron(placed(shown("custify.cron"), root))
    done = run([settings.pop("SHELL"), "-c", command], {"PATH": "/usr/bin:/bin", **settings}, "/")
    assert done.returncode == 3
    (line,) = (root / "var/log/custify/nightly.jsonl").read_text("utf-8").splitlines()
    assert "refused the API key" in line


def test_the_cookbook_shows_the_line_of_the_file(shown, checkout):
    line = shown("custify.cron").splitlines()[-1]
    assert line in (checkout / "docs" / "cookbook.md").read_text("utf-8").splitlines()


def directives(text):
    """Return the settings of a unit, by name."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_the_unit_runs_as_systemd_would_start_it(shown, root, custify):
    unit = directives(placed(shown("custify.service"), root))
    home = dict([unit["Environment"].split("=", 1)])
    keys = dict(line.split("=", 1) for line in Path(unit["EnvironmentFile"]).read_text().splitlines())
    done = run(unit["ExecStart"].split(), {**home, **keys}, unit["WorkingDirectory"])
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert people(root / "var/lib/custify/crm.duckdb") == len(custify.content("people"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="this machine has no systemd to judge its units")
def test_systemd_accepts_the_units(shown, tmp_path):
    # It would look for the command, which this machine has elsewhere.
    service = shown("custify.service").replace("/opt/custify/bin/custify", str(COMMAND))
    (tmp_path / "custify.service").write_text(service)
    (tmp_path / "custify.timer").write_text(shown("custify.timer"))
    words = ["systemd-analyze", "verify", str(tmp_path / "custify.timer"), str(tmp_path / "custify.service")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - of Debian
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_kubernetes_accepts_the_job_which_says_nothing_that_it_does_not_know(shown):
    kubernetes_validate.validate(yaml.safe_load(shown("cronjob.yaml")), "1.31", strict=True)


def test_the_container_of_the_job_runs_with_its_own_arguments_and_environment(shown, root, custify):
    pod = yaml.safe_load(shown("cronjob.yaml"))["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    secrets = {("custify", "api-key"): custify.api_key}
    environment = {}
    for each in container["env"]:
        secret = each.get("valueFrom", {}).get("secretKeyRef")
        environment[each["name"]] = secrets[secret["name"], secret["key"]] if secret else each["value"]
    environment = {name: value.replace("/data", f"{root}/data") for name, value in environment.items()}
    environment["CUSTIFY_BASE_URL"] = custify.base_url
    words = [str(COMMAND), *(word.replace("/data", f"{root}/data") for word in container["args"])]
    done = run(words, environment, root / "data")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["streams"]
    assert people(root / "data/crm.duckdb") == len(custify.content("people"))
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert {volume["name"] for volume in pod["volumes"]} == set(mounted)
    assert {path.name for path in root.iterdir()} == {"etc", "var", "opt", "data"}, "the job wrote beside its volume"
