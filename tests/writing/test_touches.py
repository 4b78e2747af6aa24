"""What a record acts on, and whether the order of two records can matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector import manifest
from custify_connector.checking.json_schema import faults_of
from custify_connector.manifest import Touch
from custify_connector.writing.plan import write_plan
from custify_connector.writing.template import stored
from custify_connector.writing.touches import namer

KNOWN = manifest.load()


def touches_of(endpoint):
    return write_plan(stored(KNOWN.destinations[endpoint], KNOWN), None).touches


def meet(endpoint, one, other):
    touches = touches_of(endpoint)
    first, second = namer(touches)(one), namer(touches)(other)
    assert first.meets(second) == second.meets(first)
    return first.meets(second)


ADD = {"ids": ["c1"], "type": "add", "category": "company", "tag": "t1"}
NOTE = {"text": "x", "entity": "c1", "entityModel": "Company"}
DATA = {"entityModel": "companies", "company_id": "c-1", "data_type": "licence", "data_id": "L-1"}
OBJECTS = {"entityModel": "companies", "company_id": "c-1", "objects": [{"data_type": "licence", "data_id": "L-1"}]}


@pytest.mark.parametrize(
    ("endpoint", "one", "other"),
    [
        ("upsert_person", {"user_id": "u"}, {"user_id": "u"}),
        ("upsert_person", {"user_id": "u", "email": "e"}, {"user_id": "v", "email": "e"}),
        ("upsert_person", {"email": "Ann@example.com"}, {"email": "ann@example.com "}),
        ("upsert_person", {"id": "1"}, {"email": "e"}),
        ("upsert_person", {"id": "1", "user_id": "u"}, {"user_id": "v"}),
        ("delete_person", {"id": "1"}, {"user_id": "u"}),
        ("upsert_company", {"company_id": "c"}, {"company_id": "d", "parent_companies": [{"company_id": "c"}]}),
        ("upsert_deal", {"entity": "1", "externalId": "x"}, {"externalId": "x"}),
        ("delete_invoice", {"entity": "1"}, {"externalId": "x"}),
        ("tag_entities", ADD, {**ADD, "type": "remove"}),
        ("tag_entities", ADD, {**ADD, "ids": ["c0", "c1"]}),
        ("tag_people", {"ids": ["p1"], "tag": "t", "type": "add"}, {"ids": ["p1"], "tag": "t", "type": "remove"}),
        ("run_playbook", {"id": "b1", "entityId": "c1"}, {"id": "b2", "entityId": "c1"}),
        ("upsert_note", {**NOTE, "id": "n1"}, {**NOTE, "id": "n1", "text": "y"}),
        ("add_ticket_reply", {"externalId": "T", "body": "a"}, {"externalId": "T", "body": "b"}),
        ("upsert_comment", {"entityModel": "Note", "entity": "n", "text": "a"}, {"entityModel": "Note", "entity": "n"}),
        ("upsert_custom_data", DATA, OBJECTS),
        ("upsert_custom_data", DATA, {**DATA, "company_id": None, "entity": "1"}),
        ("submit_nps_score", {"user_id": "u", "submittedAt": "1"}, {"user_id": "u", "submittedAt": "2"}),
        ("create_event", {"deduplication_id": "d", "name": "a"}, {"deduplication_id": "d", "name": "b"}),
        ("create_ticket", {"externalId": "T", "title": "a"}, {"externalId": "T", "title": "b"}),
    ],
)
def test_records_that_may_act_on_one_thing_keep_their_order(endpoint, one, other):
    assert meet(endpoint, one, other)


@pytest.mark.parametrize(
    ("endpoint", "one", "other"),
    [
        ("upsert_person", {"user_id": "u"}, {"user_id": "v"}),
        ("upsert_person", {"user_id": "u", "email": "e"}, {"user_id": "v"}),
        ("upsert_person", {"user_id": "u"}, {"user_id": "v", "email": ""}),
        ("upsert_company", {"company_id": "c"}, {"company_id": "d"}),
        (
            "upsert_company",
            {"company_id": "c", "parent_companies": [{"company_id": "p"}]},
            {"company_id": "d", "parent_companies": [{"company_id": "p"}]},
        ),
        ("upsert_company", {"id": "1"}, {"id": "2", "parent_companies": [{"company_id": "p"}]}),
        ("tag_entities", ADD, {**ADD, "ids": ["c2"]}),
        ("tag_entities", ADD, {**ADD, "tag": "t2"}),
        ("tag_entities", ADD, {**ADD, "category": "people"}),
        ("run_playbook", {"id": "b1", "entityId": "c1"}, {"id": "b1", "entityId": "c2"}),
        ("upsert_note", NOTE, NOTE),
        ("upsert_note", NOTE, {**NOTE, "id": "n1"}),
        ("create_event", {"name": "a", "user_id": "u"}, {"name": "a", "user_id": "u"}),
        ("upsert_custom_data", DATA, {**DATA, "data_id": "L-2"}),
        ("create_time_track", {"user": "u"}, {"user": "u"}),
        ("upload_file", {"path": "a", "companyId": "c"}, {"path": "b", "companyId": "c"}),
    ],
)
def test_records_that_act_on_different_things_go_side_by_side(endpoint, one, other):
    assert not meet(endpoint, one, other)


def test_without_the_word_a_record_acts_on_what_its_identity_names():
    plan = write_plan({"request": {"method": "POST", "path": "/x"}, "identity": [["id"], ["a", "b"]]}, None)
    assert plan.touches == (Touch("", (("id",), ("a", "b"))),)
    acts_on = namer(plan.touches)
    assert acts_on({"a": 1, "b": 2}).meets(acts_on({"id": 3}))
    nothing = write_plan({"request": {"method": "POST", "path": "/x"}, "touches": []}, None)
    assert nothing.touches == ()


@pytest.mark.parametrize("name", KNOWN.destinations)
def test_what_a_destination_touches_and_gathers_are_fields_of_its_records(name):
    destination = KNOWN.destinations[name]
    schema = KNOWN.write_schema(destination)["properties"]
    for touch in destination.touches or ():
        for field in (field for fields in touch.by for field in fields):
            outer, _, inner = field.partition("[]")
            assert outer in schema
            assert inner == "" or inner.removeprefix(".") in schema[outer]["items"]["properties"]
    if destination.gather:
        assert schema[destination.gather.list]["maxItems"] == destination.gather.most
        assert destination.repeat == "always"


def test_a_list_that_is_none_names_nothing():
    assert namer(touches_of("tag_people"))({"ids": "c1", "tag": "t"}).named == set()


record = st.fixed_dictionaries({}, optional={name: st.sampled_from("abC") for name in ("id", "user_id", "email")})


@given(record, record)
def test_whether_two_records_meet_does_not_depend_on_which_is_first(one, other):
    """A law; and a record that names anything meets itself."""
    meet("upsert_person", one, other)
    assert meet("upsert_person", one, one) == bool(one)


def test_the_manual_form_takes_the_words():
    manual = {
        "request": {"method": "PATCH", "path": "/tag"},
        "touches": [{"kind": "tagging", "by": [["tag", "ids[]"]], "refers": False}],
        "gather": {"list": "ids", "most": 2},
    }
    assert faults_of(manual, manifest.resources.schema("destination"), "destination") == ()
    wrong = {**manual, "touches": [{"kind": "x", "by": [[]]}], "gather": {"list": "ids", "most": 1}}
    assert len(faults_of(wrong, manifest.resources.schema("destination"), "destination")) == 2
