"""How fast a run may be, from a form; and several endpoints read in one run."""

import pytest

from custify_connector.console import pacing
from custify_connector.console.commands import ReadSeveral
from custify_connector.contract.errors import Fault

from .conftest import started


def test_what_was_typed_becomes_the_options():
    faults: list[Fault] = []
    typed = {"rate_limit": " none ", "max_in_flight": "4", "timeout": "2.5"}
    assert pacing.pace_of(typed, "source", faults).words() == (
        "--rate-limit", "none", "--max-in-flight", "4", "--timeout", "2.5",
    )  # fmt: skip
    assert (pacing.pace_of({}, "source", faults).words(), faults) == ((), [])


@pytest.mark.parametrize(
    ("name", "text"),
    [("rate_limit", "100"), ("rate_limit", "1/0"), ("max_in_flight", "0"), ("max_in_flight", "65"),
     ("max_in_flight", "²"),
     ("max_in_flight", "9" * 5000), ("timeout", "0"), ("timeout", "601"), ("timeout", "nan"), ("timeout", "soon")],
)  # fmt: skip
def test_what_is_no_pace_is_a_fault_at_its_field(name, text):
    faults: list[Fault] = []
    pacing.pace_of({name: text}, "source", faults)
    assert [fault.place for fault in faults] == [f"source.{name}"]


def test_the_command_names_the_endpoints_or_those_left_out_whichever_are_fewer():
    assert ReadSeveral(("a", "b"), ("c", "d"), "acme", "crm/").words()[:3] == ("read", "a", "b")
    assert ReadSeveral(("a", "b", "d"), ("c",), "acme", "crm/").words()[:4] == ("read", "--all", "--except", "c")


def test_several_endpoints_are_read_into_a_folder(signed_in, folder):
    form = {
        "credential": "acme",
        "output": "crm/",
        "endpoint.tags": "on",
        "endpoint.companies": "on",
        "rate_limit": "none",
    }
    page = started(signed_in.post("/custify/source", **form))
    signed_in.wait_for(f"{page}/live", "All went well")
    assert sorted(path.stem for path in (folder / "crm").glob("*.jsonl")) == ["companies", "tags"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [({}, "choose at least two"),
     ({"endpoint.tags": "on", "endpoint.people": "on", "output": "x.csv"}, "name a folder"),
     ({"endpoint.tags": "on", "endpoint.people": "on", "rate_limit": "quick"}, "must be REQUESTS/SECONDS"),
     ({"endpoint.tags": "on", "endpoint.people": "on", "output": "../x/"}, "below the console"),
     ({"endpoint.tags": "on", "endpoint.people": "on", "output": "x/", "state": "a b"}, "must be a name")],
)  # fmt: skip
def test_a_form_for_several_says_what_is_wrong(signed_in, form, reason):
    answer = signed_in.post("/custify/source", **{"credential": "acme", "output": "crm/", **form})
    assert (answer.status, reason in answer.text) == (400, True)


def test_rows_are_chosen_by_a_query(signed_in, folder, sandbox):
    (folder / "p.csv").write_text("id,age\nu-1,5\nu-2,70\n", "utf-8")
    shown = signed_in.get(
        "/custify/destination/upsert_person?file=p.csv&query=SELECT+id+AS+user_id+FROM+rows+WHERE+age>50"
    )
    assert "user_id" in shown.text
    form = {"file": "p.csv", "query": "SELECT id AS user_id FROM p WHERE id = 'u-2'", "target.user_id": "user_id"}
    page = started(signed_in.post("/custify/destination/upsert_person/write", credential="acme", **form))
    signed_in.wait_for(f"{page}/live", "All went well")
    assert [entry.body for entry in sandbox.journal.entries if entry.method == "POST"] == [{"user_id": "u-2"}]
