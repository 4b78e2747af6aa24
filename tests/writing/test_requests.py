"""What a record becomes on its way: absent keeps, null clears; one that is looked up becomes an update."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.exchange.wire import Request, Response
from custify_connector.writing.plan import write_plan
from custify_connector.writing.preparing import preparer
from custify_connector.writing.requests import found, lookup, with_unset

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3))
def test_absent_keeps_null_clears_and_nothing_else_changes(body):
    """Law: every null on the first two levels is named under $unset, everything else arrives as it was."""
    made = with_unset(body)
    nulls = [name for name, value in body.items() if value is None]
    nulls += [
        f"{name}.{inner}"
        for name, value in body.items()
        if isinstance(value, dict)
        for inner in value
        if value[inner] is None
    ]
    assert sorted(made.pop("$unset", [])) == sorted(nulls)
    for name, value in made.items():
        kept = dict(value) if isinstance(value, dict) else value
        assert kept == (
            {inner: one for inner, one in body[name].items() if one is not None}
            if isinstance(kept, dict)
            else body[name]
        )
    gone = body.keys() - made.keys()
    assert all(body[name] is None or all(one is None for one in body[name].values()) for name in gone)


def test_names_that_are_unset_already_stay_so_once():
    assert with_unset({"$unset": ["a"], "a": None, "b": 1}) == {"b": 1, "$unset": ["a"]}


# ------------------------------------------------------------------------------------------------------------- look-ups

CREATE = {"request": {"method": "POST", "path": "/thing"}}
FIND = {
    "identity": [["externalId"]],
    "repeat": "never",
    "find_first": {
        "by": "externalId",
        "path": "/task",
        "records": ["tasks"],
        "update": "/task/{id}",
        "copy": {"_id": "id"},
    },
}  # fmt: skip
FOUND = {"tasks": [{"id": "t0", "externalId": "other"}, {"id": "t1", "externalId": "x", "name": "old"}], "total": 2}


def looked_up(record, response):
    plan = write_plan({**CREATE, **FIND}, None)
    ready = preparer(plan)(0, record)
    return lookup(plan, ready), found(plan, ready, response)


def test_a_record_is_looked_up_by_its_name_and_the_one_found_is_updated():
    asked, update = looked_up({"externalId": "x", "name": "new"}, Response(200, FOUND))
    assert asked == Request("GET", "/task", (("externalId", "x"),))
    assert update.request == Request("PUT", "/task/t1", (), {"externalId": "x", "name": "new", "_id": "t1"})
    assert update.repeatable


@pytest.mark.parametrize("response", [Response(404), Response(200, {"tasks": []}), Response(200, "text")], ids=repr)
def test_a_record_that_is_not_found_is_created(response):
    assert looked_up({"externalId": "x"}, response)[1] is None


def test_a_record_without_the_name_is_not_looked_up():
    plan = write_plan({**CREATE, **FIND, "identity": [["name"]]}, None)
    assert lookup(plan, preparer(plan)(0, {"name": "n"})) is None
    assert lookup(write_plan(CREATE, None), preparer(plan)(0, {"name": "n"})) is None
