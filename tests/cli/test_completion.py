"""What the shell offers, asked for in the way in which a shell asks."""

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host import home, named_states, state_file
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from tests import others


def offered(words):
    """Return what is offered after these words, as bash asks for it."""
    environment = {"_CUSTIFY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = CliRunner().invoke(main, [], prog_name="custify", env=environment, complete_var="_CUSTIFY_COMPLETE")
    assert done.exit_code == 0
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("custify cr", ["credential"]),
        ("custify credential ro", ["rotate"]),
        (
            "custify read comp",
            ["companies", "company_people", "company_attributes", "company_segments", "company_usage"],
        ),
        ("custify write upsert_per", ["upsert_person"]),
        ("custify describe upsert_per", ["upsert_person"]),
        ("custify sample peo", ["people"]),
        ("custify read people --param user", ["user_id="]),
        ("custify read people --limit 3 --param user", ["user_id="]),
        ("custify read --limit 3 people --param user", ["user_id="]),
        ("custify read people --param email=a --param user", ["user_id="]),
        ("custify sample people --param user", ["user_id="]),
        ("custify read peple --param user", []),
        ("custify sample upsert_per", ["upsert_person"]),
        ("custify write peo", []),
        ("custify read people --credential ac", ["acme"]),
        ("custify doctor --credential ac", ["acme"]),
        ("custify credential remove ac", ["acme"]),
        ("custify runs --credential ac", ["acme"]),
        ("custify credential show ac", ["acme"]),
        ("custify runs show ", ["1"]),
    ],
)
def test_commands_endpoints_parameters_and_names_are_offered(words, expected):
    CliRunner().invoke(main, ["credential", "add", "acme", "--api-key-stdin", "--no-test"], input="k\n")
    RunHistory().begin(Run("read", "people", "acme"))
    assert offered(words) == expected


def test_the_endpoints_of_the_connector_that_was_typed_are_offered(tmp_path, monkeypatch):
    others.install(tmp_path / "site", monkeypatch)
    assert offered("custify read --connector weather read") == ["readings"]
    assert offered("custify read --connector weather readings --param h") == ["height="]


def test_states_are_offered_before_files():
    state_file.save(named_states.path_of("nightly"), state_file.Stored({}))
    assert offered("custify read people --state ni")[0] == "nightly"


def test_what_cannot_be_found_out_is_not_offered():
    home.made()
    RunHistory().path.write_bytes(b"not a database" * 100)
    assert offered("custify runs show ") == []


@pytest.mark.parametrize(
    ("shell", "part"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --no-files")]
)
def test_the_script_for_each_shell_is_printed(shell, part):
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0, done.exception
    assert part in done.stdout
    assert "_CUSTIFY_COMPLETE" in done.stdout
