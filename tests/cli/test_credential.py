"""`custify credential`, as a person and as a script use it; the key is the canary throughout."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host import home
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import Vault

RUN = [sys.executable, "-c", "from custify_connector.cli import main; main()"]


def custify(*words, code=0, key=None):
    done = CliRunner().invoke(main, words, input=None if key is None else f"{key}\n")
    assert done.exit_code == code, (words, done.output, done.exception)
    return done


def add(sandbox, name="acme", *more, key=None, code=0):
    words = ["credential", "add", name, "--api-key-stdin", "--base-url", sandbox.base_url, *more]
    return custify(*words, key=sandbox.api_key if key is None else key, code=code)


def test_a_key_is_tested_kept_and_listed_and_never_shown(sandbox, canary):
    said = add(sandbox, "acme", "--description", "nightly sync; owner: data team").stdout
    assert "Custify accepts this credential.\n'acme' is kept in the file" in said
    assert "Next: custify read people --limit 5 --credential acme" in said
    listed = custify("credential", "list").stdout
    for text in ("acme", "nightly sync; owner: data team", sandbox.base_url, "Custify accepted it", "no run yet"):
        assert text in listed
    assert canary not in said + listed


@pytest.mark.parametrize("variable", ["CUSTIFY_BASE_URL", "CUSTIFY_API_URL"])
def test_a_typed_key_goes_to_the_address_of_the_environment(sandbox, monkeypatch, variable):
    monkeypatch.delenv("CUSTIFY_BASE_URL", raising=False)
    monkeypatch.setenv(variable, sandbox.base_url)
    custify("credential", "add", "acme", "--api-key-stdin", key=sandbox.api_key)
    assert json.loads(custify("credential", "list", "--json").stdout)[0]["base_url"] == sandbox.base_url


def test_a_typed_key_goes_nowhere_while_two_variables_differ(sandbox, monkeypatch):
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("CUSTIFY_API_URL", "http://127.0.0.1:9")
    done = custify("credential", "add", "acme", "--api-key-stdin", key=sandbox.api_key, code=2)
    assert "CUSTIFY_API_URL: is not the URL that CUSTIFY_BASE_URL has: unset one of them" in done.stderr
    assert (len(sandbox.journal), Vault().entries()) == (0, [])


def test_scripts_get_json_without_the_key(sandbox, canary):
    added = json.loads(add(sandbox, "acme", "--json").stdout)
    (listed,) = json.loads(custify("credential", "list", "--json").stdout)
    shown = json.loads(custify("credential", "show", "acme", "--json").stdout)
    tested = json.loads(custify("credential", "test", "acme", "--json").stdout)
    assert added["name"] == listed["name"] == shown["name"] == tested["name"] == "acme"
    assert (listed["tested_code"], listed["runs"], shown["last_runs"], tested["ok"]) == ("ok", 0, [], True)
    assert not any("api_key" in one or "handle" in one for one in (added, listed, shown, tested))
    assert canary not in str([added, listed, shown, tested])


def test_a_key_that_is_refused_is_not_kept(sandbox):
    done = add(sandbox, key="wrong", code=3)
    assert done.stderr.startswith("custify: not kept: Custify refused the key")
    assert Vault().entries() == []


def test_a_key_of_which_nothing_is_known_is_kept_only_when_asked():
    words = ["credential", "add", "acme", "--api-key-stdin", "--base-url", "http://127.0.0.1:9"]
    assert "--no-test" in custify(*words, key="k", code=4).stderr
    assert "It was not tested." in custify(*words, "--no-test", key="k").stdout
    assert "never; to ask Custify: custify credential test acme" in custify("credential", "list").stdout


@pytest.mark.parametrize(
    ("key", "text"),
    [("", "must not be empty"), ("Bearer x", "without the word Bearer"), ("a b", "must not contain blanks")],
)
def test_a_malformed_key_is_reported_before_anything_is_sent(sandbox, key, text):
    assert text in add(sandbox, key=key, code=2).stderr
    assert len(sandbox.journal) == 0


def test_a_name_that_is_taken_is_refused_before_a_key_is_asked_for(sandbox):
    add(sandbox)
    assert "custify credential rotate acme" in custify("credential", "add", "acme", code=2).stderr


def test_without_a_terminal_no_one_is_asked():
    assert "add --api-key-stdin" in custify("credential", "add", "acme", code=2).stderr


def test_an_empty_list_says_what_to_type():
    assert custify("credential", "list").stdout == "No credential is stored yet. Next: custify credential add NAME\n"
    assert json.loads(custify("credential", "list", "--json").stdout) == []


def test_the_old_key_stays_until_the_new_one_is_verified(sandbox, canary):
    add(sandbox)
    refused = custify("credential", "rotate", "acme", "--api-key-stdin", key="wrong", code=3)
    assert refused.stderr.startswith("custify: the old key stays: Custify refused the key")
    assert Vault().credential("acme")["api_key"] == canary
    sandbox.keys["new-key"] = sandbox.keys[canary]
    sandbox.revoke()
    custify("credential", "rotate", "acme", "--api-key-stdin", key="new-key")
    assert Vault().credential("acme")["api_key"] == "new-key"


def test_a_key_that_stopped_working_is_seen_at_a_glance(sandbox):
    add(sandbox)
    sandbox.revoke()
    assert custify("credential", "test", "acme", code=3).stderr.startswith("custify: acme: Custify refused the key")
    listed = custify("credential", "list").stdout
    assert "NOT: the test just now said unauthorized; accepted just now" in listed


def test_a_credential_is_used_by_name_and_its_runs_are_counted(sandbox):
    add(sandbox)
    custify("read", "people", "--credential", "acme")
    assert "1 run, the last just now" in custify("credential", "list").stdout
    shown = custify("credential", "show", "acme").stdout
    assert "read people: finished" in shown


def test_a_rename_takes_the_runs_along(sandbox):
    add(sandbox)
    custify("read", "people", "--credential", "acme")
    custify("credential", "rename", "acme", "prod")
    assert "1 run" in custify("credential", "show", "prod").stdout
    assert RunHistory().page(1)[0].credential == "prod"


def test_a_credential_that_is_needed_is_removed_only_by_force(sandbox):
    add(sandbox)
    custify("read", "people", "--credential", "acme", "--state", "nightly", "-o", str(home.made() / "out.jsonl"))
    running = RunHistory().begin(Run("read", "companies", "acme"))
    said = custify("credential", "remove", "acme", code=2).stderr
    assert "the state 'nightly' resumes with it" in said
    assert f"run {running.id} (read companies) uses it now" in said
    assert "--force" in said
    custify("credential", "remove", "acme", "--force")
    assert Vault().entries() == []


def test_a_history_that_cannot_be_read_hides_no_credential(sandbox):
    add(sandbox)
    RunHistory().path.write_bytes(b"not a database" * 100)
    done = custify("credential", "list")
    assert "acme" in done.stdout
    assert "is damaged" in done.stderr


def test_a_file_of_keys_with_wider_permissions_is_refused(sandbox):
    add(sandbox)
    (home.directory() / "keys.json").chmod(0o644)
    said = custify("read", "people", "--credential", "acme", code=2).stderr
    assert "has mode 0644" in said
    assert "chmod 600" in said


def test_a_close_name_is_suggested(sandbox):
    add(sandbox)
    assert "did you mean 'acme'?" in custify("read", "people", "--credential", "amce", code=2).stderr


# ------------------------------------------------------------------------------------------------------- real processes


def process(*words, tmp_path, **environment):
    return subprocess.Popen(  # noqa: S603 - our own command
        [*RUN, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{Path(__file__).parents[2]}{os.pathsep}{tmp_path}", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
def test_a_person_learns_where_keys_are_made_and_what_they_type_is_not_shown(sandbox, canary, tmp_path):
    ours, theirs = pty.openpty()
    words = [*RUN, "credential", "add", "acme", "--base-url", sandbox.base_url]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "80"}
    with subprocess.Popen(  # noqa: S603 - our own command
        words, cwd=tmp_path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as running:
        os.close(theirs)
        shown = b""
        while b"(not shown while you type or paste)" not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, f"{canary}\n".encode())
        try:
            while piece := os.read(ours, 1024):
                shown += piece
        except OSError:  # the terminal's way to say that its other end is closed
            pass
        assert running.wait(timeout=20) == 0, shown
    os.close(ours)
    text = shown.decode().replace("\r\n", " ")
    for part in ("My Account > API Access", "shows it once", "full access", "'acme' is kept in"):
        assert part in " ".join(text.split())
    assert canary not in text


_OWN_KEYRING = """
import json, pathlib
from keyring.backend import KeyringBackend
FILE = pathlib.Path(__file__).with_suffix(".json")
class Keyring(KeyringBackend):
    priority = 5
    name = "own"
    def _all(self): return json.loads(FILE.read_text()) if FILE.exists() else {}
    def get_password(self, service, name): return self._all().get(f"{service}/{name}")
    def set_password(self, service, name, password):
        FILE.write_text(json.dumps({**self._all(), f"{service}/{name}": password}))
    def delete_password(self, service, name):
        kept = self._all(); kept.pop(f"{service}/{name}"); FILE.write_text(json.dumps(kept))
"""


def test_where_a_keyring_works_the_key_goes_there_and_nowhere_else(sandbox, canary, tmp_path):
    (tmp_path / "own_keyring.py").write_text(_OWN_KEYRING, "utf-8")
    own = {"PYTHON_KEYRING_BACKEND": "own_keyring.Keyring"}
    steps = [
        (
            ["credential", "add", "acme", "--api-key-stdin", "--base-url", sandbox.base_url],
            "the system's keyring (own)",
        ),
        (["read", "people", "--credential", "acme", "-o", "people.jsonl"], ""),
        (["credential", "rename", "acme", "prod"], ""),
        (["credential", "list"], "the system's keyring"),
        (["doctor", "--credential", "prod"], "new keys go into the system's keyring (own)"),
        (["credential", "remove", "prod"], ""),
    ]
    holding = []
    for words, expected in steps:
        running = process(*words, tmp_path=tmp_path, **own)
        out, err = running.communicate(f"{canary}\n", timeout=30)
        assert running.returncode == 0, (words, out, err)
        assert expected in " ".join(out.split())
        assert canary not in out + err
        holding.append(
            {path.name for path in files(tmp_path, home.directory()) if canary.encode() in path.read_bytes()}
        )
    assert holding == [{"own_keyring.json"}] * 5 + [set()]


def files(*folders):
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks at processes through /proc")
def test_no_file_and_no_process_shows_the_key(sandbox, canary, tmp_path):
    (tmp_path / "people.csv").write_text("id,email\nu-1,a@b.co\nu-2,x,stray\n", "utf-8")
    sandbox.latency = 0.2
    steps = [
        (0, ["credential", "add", "acme", "--api-key-stdin", "--base-url", sandbox.base_url]),
        (0, ["credential", "test", "acme"]),
        (0, ["read", "people", "--credential", "acme", "-o", "p.jsonl", "--state", "nightly", "--verbose"]),
        (1, ["write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "email=email",
             "--credential", "acme", "--quarantine", "q.jsonl", "--receipts", "r.jsonl", "--verbose"]),
        (0, ["read", "people", "--credential", "acme", "--param", f"email={canary}", "-o", "none.jsonl"]),
        (0, ["credential", "rotate", "acme", "--api-key-stdin"]),
        (0, ["runs", "show", "3", "--json"]),
        (0, ["doctor", "--credential", "acme", "--json"]),
        (0, ["credential", "show", "acme", "--json"]),
    ]  # fmt: skip
    for code, words in steps:
        running = process(*words, tmp_path=tmp_path)
        ours = canary in " ".join(words)  # a key that is typed where it does not belong is in the list of processes
        running.stdin.write(f"{canary}\n")
        running.stdin.close()
        running.stdin = None
        seen = b""
        while running.poll() is None:
            seen += b"" if ours else looked_at(running.pid)
        out, err = running.communicate(timeout=30)
        assert running.returncode == code, (words, out, err)
        assert canary not in out + err
        assert canary.encode() not in seen
    holding = {path.name for path in files(tmp_path, home.directory()) if canary.encode() in path.read_bytes()}
    assert holding == {"keys.json"}


def looked_at(pid):
    return b"".join(content(Path(f"/proc/{pid}/{name}")) for name in ("cmdline", "environ"))


def content(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
