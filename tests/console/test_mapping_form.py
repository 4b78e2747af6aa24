"""The mapping that a form shows is the one that is sent, whatever the columns are called and however many there are."""

import csv
import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.console.suggesting import open_objects, rules, suggested
from custify_connector.host import mapping

PATH = "/custify/destination/upsert_person"


def table(folder, columns, *rows, name="rows.csv"):
    with (folder / name).open("w", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return name


def planned(answer):
    """Return the bodies of the requests that a preview shows."""
    shown = re.findall(r"<code>(\{.*?\})</code></pre>", answer.text, re.DOTALL)
    return [json.loads(html.unescape(text))["body"] for text in shown]


def cleared(*columns):
    return {f"target.{name}": "" for name in columns}


@pytest.mark.parametrize("action", ["preview", "dry-run", "write"])
def test_nothing_is_sent_where_nothing_is_mapped(signed_in, folder, action):
    form = {"file": table(folder, ["email", "name"], ["a@example.com", "A"]), "credential": "acme"}
    for typed in (cleared("email", "name"), {}, {"target.email": "  ", "target.name": ""}):
        answer = signed_in.post(f"{PATH}/{action}", **form, **typed)
        assert (answer.status, "nothing is mapped" in answer.text) == (400, True)


def test_a_delete_with_its_only_field_cleared_deletes_nothing(signed_in, folder, sandbox):
    before = len(sandbox.content.tables["people"])
    form = {"file": table(folder, ["email"], ["n2@example.com"]), "credential": "acme", "max_deletes": "1"}
    path = "/custify/destination/delete_person"
    assert signed_in.post(f"{path}/write", **form, **cleared("email"), confirm="delete_person").status == 400
    assert len(sandbox.content.tables["people"]) == before


def test_the_command_that_is_shown_does_not_send_what_is_not_mapped(signed_in, folder):
    name = table(folder, ["colour"], ["red"])
    shown = html.unescape(signed_in.get(f"{PATH}?file={name}").text)
    assert "--map FIELD=COLUMN" in shown


def test_columns_are_sent_under_their_own_names_whatever_these_look_like(signed_in, folder):
    names = ["=Gold", "{first}", "\\back", "{a} {b}"]
    form = {"file": table(folder, ["email", *names], ["a@example.com", "1", "2", "3", "4"])}
    fields = {f"target.{name}": f"custom_attributes.f{place}" for place, name in enumerate(names)}
    shown = signed_in.post(f"{PATH}/preview", **form, **fields, **{"target.email": "email"})
    (body,) = planned(shown)
    assert body["custom_attributes"] == {"f0": "1", "f1": "2", "f2": "3", "f3": "4"}


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_rule_made_of_a_column_takes_that_column(name, value):
    (rule,) = mapping.parse([f"field={mapping.of_column(name)}"])
    assert mapping.apply((rule,), {name: value}, "text") == {"field": value}
    assert mapping.check_columns((rule,), (name,)) == ()


def test_a_field_whose_name_would_end_the_rule_is_refused(signed_in, folder):
    form = {"file": table(folder, ["email"], ["a@example.com"]), "target.email": "custom_attributes.a=b"}
    assert "target-1-fault" in signed_in.post(f"{PATH}/preview", **form).text


def test_dotted_columns_are_for_the_object_that_they_name(signed_in, folder):
    wide = [f"custom_attributes.c{n}" for n in range(198)]
    name = table(folder, ["email", "user_id", *wide], ["a@example.com", "u", *map(str, range(198))])
    page = html.unescape(signed_in.get(f"{PATH}?file={name}").text)
    fields = dict(re.findall(r'name="(target\.[^"]*)" value="([^"]*)"', page))
    assert [fields[f"target.{each}"] for each in wide] == wide
    (body,) = planned(signed_in.post(f"{PATH}/preview", file=name, **fields))
    assert len(body["custom_attributes"]) == 198


def test_every_column_can_be_mapped_or_the_page_says_why_not(signed_in, folder):
    many = [f"c{n}" for n in range(320)]
    page = signed_in.get(f"{PATH}?file={table(folder, many, many)}").text
    assert page.count('name="target.') == 320
    more = [f"c{n}" for n in range(2_100)]
    refused = signed_in.get(f"{PATH}?file={table(folder, more, more, name='more.csv')}")
    assert refused.status == 400
    assert "2,100 columns" in refused.text


def test_a_column_that_is_empty_in_the_first_rows_is_shown(signed_in, folder):
    (folder / "rows.jsonl").write_text('{"email": "a@example.com", "name": null}\n{"plan": ""}\n')
    page = signed_in.get(f"{PATH}?file=rows.jsonl").text
    assert [f'name="target.{name}"' in page for name in ("email", "name", "plan")] == [True] * 3


def test_a_column_that_came_since_the_form_was_shown_is_not_sent(signed_in, folder):
    form = {"file": table(folder, ["email", "name"], ["a@example.com", "secret"]), "target.email": "email"}
    (body,) = planned(signed_in.post(f"{PATH}/preview", **form))
    assert body == {"email": "a@example.com"}


def test_only_objects_that_take_any_name_are_open():
    schema = {
        "properties": {
            "free": {"type": "object"},
            "maybe": {"type": ["object", "null"]},
            "closed": {"type": "object", "additionalProperties": False, "properties": {"in": {"type": "object"}}},
            "text": {"type": "string"},
        }
    }
    assert open_objects(schema) == ("free", "maybe", "closed.in")
    columns = ["free.x", "closed.y", "text.z", "free.a[", "free.=b"]
    assert list(suggested(columns, [], open_objects(schema)).values()) == ["free.x", "", "", "", ""]


def test_no_rules_stand_for_all_columns_only_where_they_are_all():
    assert rules([("email", "email", "")], whole=False) == ("email=email",)
    assert rules([], whole=True) == ()
