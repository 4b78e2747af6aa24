"""What every host's tests get: an emulated Custify in a process of its own, and a place for their figures.

Runs with pytest and the standard library alone, whatever the host's environment holds besides.
"""

import json
import os
import re
import runpy
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

_ENDING_SECONDS = 10
_ASKING_SECONDS = 60
_FIGURES = pytest.StashKey()
_OUTCOMES = pytest.StashKey()


class Custify:
    """A running sandbox, and what a judge asks of it."""

    def __init__(self, base_url, api_key):
        self.base_url = base_url
        self.api_key = api_key

    def content(self, kind=""):
        """Return what the account holds: records by kind, or those of one (`people`, `companies`, ...)."""
        return self.control(f"content/{kind}" if kind else "content")

    def journal(self):
        """Return every request: method, path, query, status, when."""
        return self.control("journal")

    def summary(self):
        """Return how many requests there were, their statuses, and the busiest window of the limit's length."""
        return self.control("summary")

    def reset(self):
        """Forget the requests so far; the content stays."""
        self.control("reset", {})

    def settings(self, **changed):
        """Change `rate_limit` ([requests, seconds] or None) or `latency`."""
        self.control("settings", changed)

    def faults(self, *faults):
        """Order faults, each a mapping of the sandbox's Fault."""
        self.control("faults", list(faults))

    def control(self, name, body=None):
        """Ask one of the sandbox's own paths."""
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/_sandbox/{name}", sent)  # noqa: S310 - always loopback
        with urllib.request.urlopen(request, timeout=_ASKING_SECONDS) as reply:  # noqa: S310 - as above
            return json.load(reply)


@contextmanager
def served(people=60, companies=6, api_key="host-key", rate_limit="100/10", **options):
    """Serve an emulated Custify; `rate_limit` is requests/seconds, or none."""
    words = {"people": people, "companies": companies, "api_key": api_key, "rate_limit": rate_limit, **options}
    flags = [text for name, value in words.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "custify_connector.sandbox", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own sandbox
        try:
            yield Custify(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            try:
                process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def serve():
    """Return `served`, for tests that want a Custify of another size or with another limit."""
    return served


@pytest.fixture
def custify():
    """Run a small emulated Custify with the documented limit, new for each test."""
    with served() as running:
        yield running


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="session")
def postgres():
    """Return the URL of a PostgreSQL that runs for these tests alone."""
    server, port = runpy.run_path(str(Path(__file__).parents[1] / "postgres_server.py")), _free_port()
    with server["postgres"](port):
        yield f"postgresql://{server['SUPERUSER']}:unused@127.0.0.1:{port}/postgres"


@pytest.fixture
def set_up(checkout, tmp_path, custify):
    """Return a function that does what a block of docs/hosts.md says, in a copy of the examples, as its reader would.

    What the block installs must be in the environment of this host, which then takes the place of the reader's.
    """

    def run(section, host, prepare=lambda _: None, **variables):
        (block,) = re.findall(rf"^## {section}\n.*?^```bash\n(.*?)^```", _page(checkout), re.MULTILINE | re.DOTALL)
        made, installed, *commands = block.splitlines()
        assert made == "python3 -m venv .venv && . .venv/bin/activate"
        held = _installed(checkout / "tests" / "hosts" / host / "requirements.txt")
        for name, extras in map(_named, shlex.split(installed.removeprefix("pip install "))):
            assert extras <= held[name], f"{host} lacks {extras - held[name]} of {name}"
        shutil.copytree(checkout / "examples", tmp_path / "examples")
        prepare(tmp_path / "examples")
        shell = "\n".join(line for line in commands if not line.startswith("export "))
        exported = {line.split("=")[0].removeprefix("export ") for line in commands if line.startswith("export ")}
        given = {"CUSTIFY_API_KEY": custify.api_key, **variables}
        assert exported == set(given)
        environment = {**os.environ, **given, "CUSTIFY_BASE_URL": custify.base_url}
        words = ["/bin/sh", "-ec", shell]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - of the page
        assert custify.api_key not in done.stdout + done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
        return tmp_path

    return run


def _page(checkout):
    return (checkout / "docs" / "hosts.md").read_text("utf-8")


def _installed(requirements):
    """Return what the requirements of a host name: extras by name."""
    lines = requirements.read_text("utf-8").splitlines()
    return dict(_named(line) for line in lines if line and not line.startswith("#"))


def _named(requirement):
    """Return the name and the extras of a requirement; this project by its name."""
    text = re.sub(r"^\.", "custify-connector", requirement).split("==")[0]
    name, _, extras = text.rstrip("]").partition("[")
    return name, set(filter(None, extras.split(",")))


@pytest.fixture(scope="session")
def malformed():
    """Return what makes random values of JSON of a seed."""
    return runpy.run_path(str(Path(__file__).with_name("malformed.py")))["Malformed"]


@pytest.fixture(scope="session")
def refusal():
    """Return a function that makes a call, and returns why it was refused by one of the errors; else None."""

    def made(errors, call, *words, **named):
        try:
            call(*words, **named)
        except errors as error:
            return str(error)
        return None

    return made


@pytest.fixture(scope="session")
def checkout():
    """Return the checkout, where the examples are."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def figures(request):
    """Return the figures that the runner prints, to be filled: `streams`, `records`, `second run`, `rejected`, more."""
    return request.config.stash.setdefault(_FIGURES, {})


def pytest_configure(config):
    """Begin to count."""
    config.stash[_OUTCOMES] = {"passed": 0, "failed": 0, "skipped": 0}
    config.stash[_FIGURES] = {}
    config.pluginmanager.register(_Counting(config.stash[_OUTCOMES]), "counting")


class _Counting:
    """Counts tests by their outcome."""

    def __init__(self, outcomes):
        self._outcomes = outcomes

    def pytest_runtest_logreport(self, report):
        """Count a test once: by its call, or by what stopped it before or after."""
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.outcome] += 1


def pytest_sessionfinish(session):
    """Leave counts and figures where the runner finds them."""
    if path := os.environ.get("HOST_FIGURES"):
        reported = {**session.config.stash[_OUTCOMES], "figures": session.config.stash[_FIGURES]}
        Path(path).write_text(json.dumps(reported), encoding="utf-8")
