"""What every host's tests get: an emulated Custify in a process of its own, and a place for their figures.

Runs with pytest and the standard library alone, whatever the host's environment holds besides.
"""

import importlib.util
import json
import os
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


@pytest.fixture(scope="session")
def malformed():
    """Return what makes random values of JSON of a seed."""
    # Test modules are no packages here: it is loaded by its path.
    found = importlib.util.spec_from_file_location("malformed", Path(__file__).with_name("malformed.py"))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Malformed


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
    """Counts tests by what became of them."""

    def __init__(self, outcomes):
        self._outcomes = outcomes

    def pytest_runtest_logreport(self, report):
        """Count a test once: by its call, or by what stopped it before or after."""
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.outcome] += 1


def pytest_sessionfinish(session):
    """Leave counts and figures where the runner finds them."""
    if path := os.environ.get("HOST_FIGURES"):
        told = {**session.config.stash[_OUTCOMES], "figures": session.config.stash[_FIGURES]}
        Path(path).write_text(json.dumps(told), encoding="utf-8")
