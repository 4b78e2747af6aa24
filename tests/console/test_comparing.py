"""What rows would change, as the page of a destination shows it before anything is written."""

import html

import pytest

from .conftest import started

PATH = "/custify/destination/upsert_person"


@pytest.fixture
def form(sandbox, folder):
    """Return the form of a file whose first row changes a name, whose second is new, and whose third is refused."""
    known = sandbox.content.records("people")[0]
    rows = [f"{known['user_id']},Someone <b>else</b>", "n-1,New", ",Nameless"]
    (folder / "rows.csv").write_text("id,name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return {"file": "rows.csv", "target.id": "user_id", "target.name": "name", "credential": "acme"}


def test_the_first_rows_are_shown_beside_what_the_service_holds(signed_in, sandbox, form):
    known = sandbox.content.records("people")[0]
    sandbox.journal.clear()
    page = signed_in.post(f"{PATH}/compare", **form)
    text = html.unescape(page.text)
    assert page.status == 200
    assert "3 rows compared: 1 to create, 1 to update, 1 rejected; nothing was written." in text
    assert f'<td class="cut">{known["name"]}</td><td class="cut">Someone <b>else</b></td>' in text
    assert "<b>else" not in page.text
    assert "--diff 5" in text
    assert len(sandbox.journal) == sandbox.journal.count("GET") > 0


@pytest.mark.slow
def test_every_row_is_compared_by_the_command_that_is_shown(signed_in, sandbox, form):
    sandbox.journal.clear()
    shown = signed_in.wait_for(started(signed_in.post(f"{PATH}/compare-all", **form)), "to create, 1 to update")
    text = html.unescape(shown.text)
    assert "--diff all" in text
    assert "line 3 user_id=n-1: to create" in text
    assert len(sandbox.journal) == sandbox.journal.count("GET")


def test_a_fault_stands_beside_its_field(signed_in, form):
    for action in ("compare", "compare-all"):
        assert signed_in.post(f"{PATH}/{action}", **{**form, "target.name": "name=x"}).status == 400
        assert signed_in.post(f"{PATH}/{action}", **{**form, "credential": "gone"}).status == 400


@pytest.mark.usefixtures("form")
def test_it_is_offered_where_the_service_can_be_asked_alone(signed_in):
    assert "Compare</button>" in signed_in.get(f"{PATH}?file=rows.csv").text
    assert "Compare</button>" not in signed_in.get("/custify/destination/upsert_deal?file=rows.csv").text


def test_a_key_that_is_refused_is_said_on_the_page(signed_in, sandbox, form):
    sandbox.revoke()
    page = signed_in.post(f"{PATH}/compare", **form)
    assert page.status == 502
    assert "Custify refused the API key (401)" in html.unescape(page.text)
