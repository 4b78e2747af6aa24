from custify_connector.host import examining, home
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory


def by_name(findings):
    return {finding.name: finding for finding in findings}


def test_a_fresh_machine_has_nothing_to_fix():
    found = by_name(examining.this_machine())
    assert set(found) == {"python", "extras", "connectors", "directory", "space", "keys", "stored", "runs"}
    assert not [one for one in found.values() if one.verdict == "fault"]
    assert "keyring" in found["extras"].found
    assert "no keyring works here" in found["keys"].found


def test_a_directory_that_others_may_change_must_be_corrected():
    home.made().chmod(0o777)
    assert by_name(examining.this_machine())["directory"].fix.startswith("chmod 700")


def test_a_file_of_keys_that_others_may_read_must_be_corrected():
    path = home.made() / "keys.json"
    path.write_text("{}")
    path.chmod(0o644)
    found = by_name(examining.this_machine())["keys"]
    assert found.verdict == "fault"
    assert "chmod 600" in found.found


def test_a_directory_that_cannot_be_made_is_reported_and_hides_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path / "file"))
    found = by_name(examining.this_machine())
    assert found["directory"].verdict == "fault"
    assert found["python"].verdict == "ok"


def test_runs_that_died_are_worth_a_word():
    history = RunHistory()
    history.update(history.begin(Run("read", "people", "acme")).id, {"pid_started": "another boot"})
    assert by_name(examining.this_machine())["runs"].verdict == "note"
