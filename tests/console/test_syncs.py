"""A form is saved under a name, listed, and run by one press; the file is a plan of the command."""

import html

import pytest
import yaml
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.console.commands import Write
from custify_connector.host import plans, syncs
from custify_connector.host.run_history import RunHistory
from custify_connector.manifest import resources

from .conftest import started

DESTINATION, SOURCE = "/custify/destination/upsert_person", "/custify/source/companies"


@pytest.fixture
def form(folder):
    """Return the form of a mapping."""
    (folder / "rows.csv").write_text("id,full name\nn-1,Ana\n", encoding="utf-8")
    mapped = {"target.id": "user_id", "target.full name": "name", "credential": "acme", "quarantine": "rejected.jsonl"}
    return {"file": "rows.csv", "empty": "null", **mapped}


def plan(folder, name):
    return plans.read(folder / "syncs" / f"{name}.yaml", resources.schema("load"))


def test_a_mapping_is_saved_as_a_plan(signed_in, folder, form):
    saved = signed_in.post(f"{DESTINATION}/save", sync="people", **form, fixed="phone=1")
    assert plan(folder, "people") == {
        "credential": "acme",
        "quarantine": "../rejected.jsonl",
        "writes": [
            {
                "endpoint": "upsert_person",
                "file": "../rows.csv",
                "map": ["user_id=id", "name=full name"],
                "empty": "null",
                "params": {"phone": "1"},
            }
        ],
    }
    assert "people is saved as syncs/people.yaml" in signed_in.get(started(saved)).text


def test_a_read_is_saved_as_a_plan(signed_in, folder):
    typed = {"credential": "acme", "output": "companies.jsonl", "mode": "full", "state": "kept", "limit": "3"}
    typed |= {"fields": "id name", "param.includeSegments": "true"}
    assert signed_in.post(f"{SOURCE}/save", sync="companies", **typed).status == 303
    (read,) = plan(folder, "companies")["reads"]
    assert (read["endpoints"], read["output"], read["limit"]) == (["companies"], "../companies.jsonl", 3)
    assert (read["mode"], read["state"], read["fields"]) == ("full", "kept", ["id", "name"])
    assert read["params"] == {"includeSegments": True}


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"rules": ("user_id=id", "name={id} {full name}"), "parameters": {"phone": "1", "session_count": 2}},
        {"rules": ("user_id=id", "custom_attributes.city=full name"), "empty": "null", "quarantine": "r.jsonl"},
        {"rules": ("user_id=id", "name==null", "phone==1e5"), "max_rejects": "5%", "on_reject": "stop"},
    ],
    ids=["columns", "rules", "nulls", "texts"],
)
def test_a_plan_sends_what_its_form_sends(folder, monkeypatch, typed):
    monkeypatch.chdir(folder)
    (folder / "rows.csv").write_text("id,full name\nn-1,Ana\nn-2,\n", encoding="utf-8")
    if not typed:
        (folder / "rows.csv").write_text("user_id,name\nn-1,Ana\n", encoding="utf-8")
    write = Write("upsert_person", "rows.csv", "", **typed)
    syncs.save(folder / "syncs", "people", write.plan(lambda path: f"../{path}"))
    by_form = CliRunner().invoke(main, write.dry_run())
    by_plan = CliRunner().invoke(main, ["load", "syncs/people.yaml", "--dry-run"])
    assert (by_form.exit_code, by_plan.exit_code) == (0, 0), by_plan.output
    assert by_form.stdout == by_plan.stdout != ""


@pytest.mark.slow
def test_a_sync_is_run_by_one_press_and_its_run_is_linked(signed_in, sandbox, form):
    signed_in.post(f"{DESTINATION}/save", sync="people", **form)
    signed_in.wait_for(started(signed_in.post("/syncs/run", name="people")), "All went well")
    assert any(each["user_id"] == "n-1" for each in sandbox.content.records("people"))
    shown = html.unescape(signed_in.get("/syncs").text)
    (run,) = RunHistory().page(9)
    assert f'<a href="/runs/{run.id}">{run.id}</a>' in shown
    assert "../rows.csv → upsert_person" in shown
    assert '<span class="status finished">well</span>' in shown


@pytest.mark.parametrize(("name", "said"), [("", "cannot be the name"), ("../x", "cannot be the name")])
def test_a_name_that_cannot_be_one_is_said_beside_its_field(signed_in, folder, form, name, said):
    page = signed_in.post(f"{DESTINATION}/save", sync=name, **form)
    assert page.status == 400
    assert said in html.unescape(page.text.partition('id="f-sync-fault"')[2][:200])
    assert not (folder / "syncs").exists()


def test_a_sync_is_not_replaced(signed_in, form):
    assert signed_in.post(f"{DESTINATION}/save", sync="people", **form).status == 303
    page = signed_in.post(f"{DESTINATION}/save", sync="people", **form)
    assert (page.status, "is there already" in page.text) == (400, True)
    typed = {"credential": "acme", "output": "o.csv", "sync": "people"}
    assert "is there already" in signed_in.post(f"{SOURCE}/save", **typed).text


def test_a_faulty_file_is_listed_with_its_fault_and_cannot_be_run(signed_in, folder):
    (folder / "syncs").mkdir()
    (folder / "syncs" / "bad.yaml").write_text(yaml.safe_dump({"writes": "<b>"}), encoding="utf-8")
    page = signed_in.get("/syncs").text
    assert "must be array" in page
    assert "Run now" not in page
    assert signed_in.post("/syncs/run", name="bad").status == 400
    assert signed_in.post("/syncs/run", name="../bad").status == 400
    assert signed_in.post("/syncs/run", name="gone").status == 400


def test_a_folder_that_leads_elsewhere_is_refused(signed_in, folder, tmp_path, form):
    (folder / "syncs").symlink_to(tmp_path)
    assert signed_in.post(f"{DESTINATION}/save", sync="people", **form).status == 400
    assert not (tmp_path / "people.yaml").exists()


def test_an_empty_list_says_how_a_sync_comes_to_be(signed_in):
    assert "No sync yet" in signed_in.get("/syncs").text


@pytest.mark.parametrize(
    ("typed", "option"), [({"rate_limit": "5/1"}, "--rate-limit"), ({"capture": "on"}, "--capture"),
                          ({"resend_unclear": "on"}, "--resend-unclear")],
)  # fmt: skip
def test_what_a_plan_cannot_hold_is_not_left_out_in_silence(signed_in, folder, form, typed, option):
    page = signed_in.post(f"{DESTINATION}/save", sync="people", **form, **typed)
    assert page.status == 400
    assert f"a plan has no {option}" in html.unescape(page.text.partition('id="f-sync-fault"')[2][:300])
    assert not (folder / "syncs").exists()
