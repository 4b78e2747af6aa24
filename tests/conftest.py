"""What every test gets: a clean environment, a made-up key, and the promise that nothing shows it."""

import hashlib
import logging
import os
import secrets

import pytest
from hypothesis import HealthCheck, settings

from custify_connector.exchange import rate_budget
from custify_connector.sandbox import Sandbox
from tests import postgres_server

# A fresh clone builds tables of characters with the first text that is drawn: slow once, and no test's fault.
settings.register_profile("quick", max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=100)  # make check asks for it
settings.load_profile("quick")

_INHERITED = {"all_proxy", "curl_ca_bundle", "ftp_proxy", "http_proxy", "https_proxy", "no_proxy", "requests_ca_bundle"}
_SCRYPT, _PBKDF2 = hashlib.scrypt, hashlib.pbkdf2_hmac
_OTHER_CAPTURES = ("capfd", "capfdbinary", "capsysbinary")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Start three workers for two cores: a test waits a third of its time, for a process, a signal or a socket."""
    return (yield) * 3 // 2


@pytest.fixture(scope="session")
def canary():
    """Return a made-up key that may be seen nowhere."""
    return f"canary-{secrets.token_hex(16)}"


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes():
    """Let one round do where many are slow on purpose: the name of an account is a third of what a command costs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hashlib, "scrypt", lambda key, **words: _SCRYPT(key, **{**words, "n": 2}))
        patched.setattr(hashlib, "pbkdf2_hmac", lambda name, key, salt, _, **how: _PBKDF2(name, key, salt, 1, **how))
        yield


@pytest.fixture
def slow_hashes(monkeypatch):
    """Name accounts as other processes name them."""
    monkeypatch.setattr(hashlib, "scrypt", _SCRYPT)
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", _PBKDF2)


@pytest.fixture
def sandbox(canary):
    """Run a small emulated Custify without a rate limit, whose key is the canary."""
    with Sandbox(people=30, companies=5, api_key=canary, rate_limit=None) as running:
        yield running


@pytest.fixture
def schemas(tmp_path):
    """Return a folder with the schemas that small_manifest.yaml names."""
    for name in ("records/thing", "records/part", "writes/upsert_thing"):
        file = tmp_path / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text('{"type": "object"}')
    return tmp_path


@pytest.fixture
def own_budgets(monkeypatch):
    """Begin without budgets, and close the files of those that come: elsewhere they last as long as the process."""
    budgets = {}
    monkeypatch.setattr(rate_budget, "_budgets", budgets)
    yield
    for budget in budgets.values():
        budget.close()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path_factory):
    for name in list(os.environ):
        if name.startswith("CUSTIFY_") or name.lower() in _INHERITED:
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")  # a terminal that is narrower or wider changes no text
    # No test may reach the keyring of the person who runs it.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path_factory.getbasetemp() / f"home-{secrets.token_hex(8)}"))


@pytest.fixture(autouse=True)
def _nothing_shows_the_key(request, canary, caplog):
    """Log everything, and hold after each test that no record and no printed line has the key in it."""
    capture = next((name for name in _OTHER_CAPTURES if name in request.fixturenames), "capsys")
    captured = request.getfixturevalue(capture)
    caplog.set_level(logging.DEBUG)
    yield
    logged = [text for when in ("setup", "call") for entry in caplog.get_records(when) for text in _shown(entry)]
    printed = captured.readouterr()
    shown = [text if isinstance(text, str) else text.decode("utf-8", "replace") for text in (*logged, *printed)]
    assert not any(canary in text for text in shown), "a key was logged or printed"


def _shown(entry):
    return entry.getMessage(), repr(entry.args), entry.exc_text or "", repr(entry.exc_info)


@pytest.fixture(scope="session")
def postgres_folder():
    """Run one PostgreSQL for all tests of a process, and return the folder of its socket."""
    if postgres_server.program("initdb") is None:
        pytest.skip(postgres_server.MISSING)
    with postgres_server.postgres() as folder:
        yield folder


@pytest.fixture
def database(postgres_folder):
    """Return the address of an empty database of PostgreSQL, without a schema."""
    psycopg = pytest.importorskip("psycopg")
    name = f"d{secrets.token_hex(8)}"
    place = f"host={postgres_folder} user={postgres_server.SUPERUSER}"
    with psycopg.connect(f"{place} dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://{postgres_server.SUPERUSER}@/{name}?host={postgres_folder}"
