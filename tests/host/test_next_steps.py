from dataclasses import replace

import pytest

from custify_connector.host import next_steps
from custify_connector.host.recorded_run import Run

READ = Run("read", "people", "acme", {"mode": "full"}, ("read", "people"), output="-", status="finished")
WRITE = Run("write", "upsert_person", "acme", {}, ("write", "upsert_person", "a b.csv"), status="finished", journal="j")
CHANGES = {"mode": "incremental"}
RESUME = "custify write upsert_person 'a b.csv' --resume"


@pytest.mark.parametrize(
    ("run", "command", "why"),
    [
        (replace(READ, status="running"), None, "it is still running"),
        (READ, "custify read people", "reads it all again"),
        (replace(READ, settings=CHANGES), "custify read people", "reads it all again; add --state NAME"),
        (replace(READ, settings=CHANGES, state="s"), "custify read people", "reads what changed since"),
        (replace(READ, settings=CHANGES, output="/x/crm.duckdb"), "custify read people", "reads what changed since"),
        (replace(READ, settings=CHANGES, output="/x/c.csv"), "custify read people", "reads it all again; add --state"),
        (replace(READ, status="died", state="s"), "custify read people", "resumes where it stopped"),
        (replace(READ, status="failed"), "custify read people", "--state NAME"),
        (replace(READ, status="failed", exit_code=3), "custify credential test acme", "what is wrong with the key"),
        (replace(READ, status="failed", exit_code=3, credential="environment"), "custify doctor", "CUSTIFY_API_KEY"),
        (WRITE, None, "every record is decided"),
        (replace(WRITE, status="interrupted"), RESUME, "not sent again"),
        (replace(WRITE, status="died", command=(*WRITE.command, "--resume")), RESUME, "not sent again"),
        (
            replace(WRITE, status="rejects", errors=1, quarantine="q.jsonl"),
            "custify replay q.jsonl",
            "once they are fixed",
        ),
        (
            replace(WRITE, errors=1, quarantine="q", command=("write", "x", "--credential", "acme", "--json")),
            "custify replay q --credential acme",
            "once they are fixed",
        ),
        (
            replace(WRITE, errors=1, quarantine="q", command=("write", "--credential-file=a b.json", "x")),
            "custify replay q '--credential-file=a b.json'",
            "once they are fixed",
        ),
        (
            replace(WRITE, status="rejects", errors=1),
            f"{RESUME[:-9]} --quarantine rejected.jsonl",
            "keeps the rejected",
        ),
        (replace(WRITE, status="rejects", errors=3, quarantine="q", outcomes={"not_tried": 3}), RESUME, "not tried"),
        (
            replace(WRITE, errors=3, outcomes={"not_tried": 3}, settings={"params": {"max_deletes": 1}}),
            RESUME,
            "raise that first",
        ),
        (replace(READ, command=()), None, "reads it all again"),
    ],
)
def test_every_end_has_its_next_step(run, command, why):
    step = next_steps.after(run)
    assert step.command == command
    assert why in step.why


def test_after_a_write_of_another_connector_its_credential_is_handed_in_again():
    typed = ("write", "warn", "storms.jsonl", "--connector", "weather", "--credential-file", "lent.json")
    run = Run("write", "warn", "weather", command=typed, connector="weather", quarantine="calm.jsonl", errors=1)
    ended = replace(run, status="rejects", exit_code=1)
    assert next_steps.after(ended).command == "custify replay calm.jsonl --credential-file lent.json"
    refused = next_steps.after(replace(run, status="failed", exit_code=3))
    assert (refused.command, "once weather accepts the credential" in refused.why) == (
        f"custify {' '.join(typed)}",
        True,
    )


def test_going_on_after_a_refused_key_is_the_run_itself():
    refused = replace(WRITE, status="failed", exit_code=3)
    assert next_steps.going_on(refused).command == RESUME
    assert next_steps.going_on(replace(READ, status="failed", exit_code=3)).command == "custify read people"


def test_the_same_command_for_another_file_keeps_its_rejected_rows_beside_that():
    command = ("write", "upsert_person", "p.csv", "--map", "name=full name", "--rejected-rows", "out/r.csv")
    again = next_steps.with_file(command, "p.csv", "out/r.csv")
    assert again == ("custify write upsert_person out/r.csv --map 'name=full name' --rejected-rows out/r-again.csv")
    assert next_steps.with_file(command, "other.csv", "out/r.csv") is None
