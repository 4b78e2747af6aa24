import json

import pytest

from custify_connector.sandbox import Quirks

SORTING = [
    ("/people/all", "people"),
    ("/company/all", "companies"),
    ("/task", "tasks"),
    ("/calendar/meeting", "meetings"),
    ("/time-track", "time_track"),
    ("/calculated_metric", "calculated_metrics"),
    ("/health_score", "health_scores"),
    ("/segment", "segments"),
    ("/lifecycle", "lifecycles"),
    ("/playbook", "playbooks"),
]
SORT = [
    ("/note", "notes"),
    ("/tag", "tags"),
    ("/ticket", "tickets"),
    ("/lifecycle", "lifecycles"),
    ("/playbook", "playbooks"),
]


def updated(rows):
    return [row["updated_at"] for row in rows]


@pytest.mark.parametrize(("path", "key"), SORTING)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sorting_orders_the_lists_that_offer_it(client, path, key, direction):
    rows = updated(client.rows(path, key, itemsPerPage=50, sorting={"field": "updated_at", "direction": direction}))
    assert len(rows) > 3
    assert rows == sorted(rows, reverse=direction == "desc")


@pytest.mark.parametrize(("path", "key"), SORT)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sort_and_order_order_the_lists_that_offer_them(client, path, key, direction):
    rows = updated(client.rows(path, key, itemsPerPage=50, sort="updated_at", order=direction))
    assert rows == sorted(rows, reverse=direction == "desc")


def test_financial_lists_can_be_sorted_by_times_they_do_not_show(make):
    sandbox, client = make(companies=60)
    rows = client.rows("/financial/deal", "deals", itemsPerPage=50, sort="updated_at", order="desc")
    stored = sorted(sandbox.content.table("deals"), key=lambda one: one["updated_at"], reverse=True)[:50]
    assert [row["externalIds"] for row in rows] == [one["externalIds"] for one in stored]
    assert "updated_at" not in rows[0]


@pytest.mark.parametrize("path", ["/company/all", "/survey", "/file"])
def test_a_way_of_sorting_that_a_list_does_not_offer_is_ignored(client, path):
    assert client.get(path, sort="nonsense", order="asc").json == client.get(path).json


def test_sort_alone_is_ascending_and_order_alone_turns_the_default_round(client):
    names = [row["name"] for row in client.rows("/tag", "tags", sort="name")]
    assert names == sorted(names)
    positions = [row["position"] for row in client.rows("/tag", "tags", order="desc")]
    assert positions == sorted(positions, reverse=True)
    assert client.rows("/tag", "tags", sort="position")[0]["position"] == 0


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/people/all", {"sorting": "{"}),
        ("/people/all", {"sorting": "[]"}),
        ("/people/all", {"sorting": {"direction": "asc"}}),
        ("/people/all", {"sorting": {"field": "shoe_size", "direction": "asc"}}),
        ("/people/all", {"sorting": {"field": "name", "direction": "up"}}),
        ("/note", {"sort": "shoe_size"}),
        ("/note", {"sort": "created_at", "order": "up"}),
        ("/lifecycle", {"sort": "shoe_size"}),
    ],
)
def test_malformed_orders_and_unknown_fields_are_refused(client, path, query):
    assert client.get(path, **query).status == 400


def test_equal_values_stand_in_the_order_of_ids_in_both_directions(client):
    for direction in ("asc", "desc"):
        rows = client.rows(
            "/company/all", "companies", itemsPerPage=200, sorting={"field": "plan", "direction": direction}
        )
        for plan in {row["plan"] for row in rows}:
            ids = [row["id"] for row in rows if row["plan"] == plan]
            assert ids == sorted(ids)


def test_attributes_sort_with_nothing_first_then_numbers_texts_and_the_rest(client):
    for key, value in (("a", 5), ("b", "text"), ("c", None), ("d", True), ("e", -1.5)):
        client.post("/people", {"user_id": key, "custom_attributes": {"mixed": value}})
    client.post("/company", {"company_id": "x", "custom_attributes": {"arr": {"value": 1, "currency": "EUR"}}})
    rows = client.rows(
        "/people/all", "people", itemsPerPage=200, sorting={"field": "custom_attributes.mixed", "direction": "asc"}
    )
    values = [row["custom_attributes"].get("mixed") for row in rows]
    assert values[-4:] == [-1.5, True, 5, "text"]
    assert set(values[:-4]) == {None}
    rows = client.rows("/company/all", "companies", sorting={"field": "custom_attributes.arr", "direction": "desc"})
    assert rows[0]["custom_attributes"]["arr"]


def test_nested_metrics_can_be_sorted_by(client, sandbox):
    score = next(iter(sandbox.content.companies[0]["metrics"]["health_scores"]))
    field = f"metrics.health_scores.{score}.score"
    rows = client.rows("/company/all", "companies", itemsPerPage=50, sorting={"field": field, "direction": "asc"})
    values = [row["metrics"]["health_scores"][score]["score"] for row in rows]
    assert values == sorted(values)


def test_the_notes_of_one_entity_come_sticky_first(client, sandbox):
    company = sandbox.content.companies[4]
    rows = client.rows(f"/note/{company['id']}", "notes", itemsPerPage=50)
    assert {row["entity"] for row in rows} == {company["id"]}
    flags = [(not row["sticky"]) for row in rows]
    assert flags == sorted(flags)
    assert True in flags
    assert False in flags


def test_a_server_that_ignores_sorting_keeps_its_default_order(make):
    _, client = make(quirks=Quirks(ignore_sorting=True))
    asked = client.get("/people/all", sorting={"field": "name", "direction": "asc"})
    assert asked.raw == client.get("/people/all").raw


def test_unstable_ties_are_mixed_again_for_each_request_but_the_order_holds(make):
    _, client = make(quirks=Quirks(unstable_ties=True), companies=200)
    sorting = json.dumps({"field": "plan", "direction": "asc"})
    pages = [client.rows("/company/all", "companies", itemsPerPage=200, sorting=sorting) for _ in range(3)]
    assert len({tuple(row["id"] for row in page) for page in pages}) == 3
    assert len({tuple(row["plan"] for row in page) for page in pages}) == 1
