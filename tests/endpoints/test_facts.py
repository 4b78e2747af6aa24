"""What the clients of others know of Custify is in schemas and help, and the emulated Custify agrees with it."""

from __future__ import annotations

import json

import pytest

from custify_connector import manifest

KNOWN = manifest.load()
FIELDS = {
    "companies": "domain mrr arr ltv churn_risk lifecycle_stage first_seen_at last_request_at trial_end_date"
    " renewal_date buckets people_count",
    "people": "customer_id first_name last_name title role company company_id avatar_url",
    "lifecycles": "startConditionEntity endConditionEntity",
    "health_score_values": "id health_score_id label color created_at",
    "health_score_definitions": "ranges created_at updated_at",
    "signals": "type description status severity entity entity_model entity_name signal_id acknowledged acknowledged_at"
    " acknowledged_by created_at updated_at",
    "company_usage": "event_name count frequency last_occurrence data",
    "segments": "description color companies_count filters",
    "playbooks": "trigger actions",
}
COMPANY_FILTERS = {
    "String": "is is_not starts_with ends_with contains does_not_contain",
    "Number": "greater lower is is_not is_bad is_average is_good",
    "Currency": "greater lower",
    "Date": "more_than less_than exactly",
    "Boolean": "true false",
    "Tag": "is_any_of is_all_of is_none_of",
    "User": "is is_in is_not_in",
    "Segment": "is_any_of is_all_of is_none_of",
}
ITEM_FILTERS = {
    ("tasks", "/task", "status"): ("open", "done", "not relevant", "snoozed", "overdue", "on time", "outstanding"),
    ("tasks", "/task", "dueOn"): ("past_due", "today", "this_week", "this_month", "later"),
    ("tasks", "/task", "priority"): ("low", "medium", "high"),
    ("notes", "/note", "createdByEntity"): ("api", "user_", "playbook_", "integration_"),
}


def fields_of(name):
    return set(KNOWN.record_schema(KNOWN.sources[name])["properties"])


@pytest.mark.parametrize("name", FIELDS)
def test_a_schema_names_the_fields_that_other_clients_read(name):
    assert set(FIELDS[name].split()) <= fields_of(name)


@pytest.mark.parametrize("name", ["lifecycles", "health_score_values", "health_score_definitions", "signals"])
def test_a_schema_names_every_field_that_the_emulated_custify_sends(shared, name):
    assert {field for record in shared.truth(name) for field in record} <= fields_of(name)


@pytest.mark.parametrize("kind", COMPANY_FILTERS)
def test_the_help_of_entity_filters_names_the_operators_that_custify_takes(shared, kind):
    help_text = KNOWN.sources["companies"].parameters["filters"].help
    assert kind in help_text
    for operator in (*COMPANY_FILTERS[kind].split(), "any_value", "is_unknown"):
        assert operator in help_text
        one = {"fieldName": "size", "fieldType": kind, "filterType": operator, "filterValue": "1"}
        assert "companies" in shared.call("GET", "/company/all", filters=json.dumps([one]))


@pytest.mark.parametrize(("name", "path", "field"), ITEM_FILTERS, ids=[field for _, _, field in ITEM_FILTERS])
def test_the_help_of_item_filters_names_the_values_that_custify_takes(shared, name, path, field):
    help_text = KNOWN.sources[name].parameters["filters"].help
    assert field in help_text
    for value in ITEM_FILTERS[name, path, field]:
        assert value in help_text
        assert name in shared.call("GET", path, filters=json.dumps([{"field": field, "values": [value]}]))


def test_values_of_health_scores_and_signals_have_a_key_and_objectives_a_cursor():
    assert [KNOWN.sources[name].key for name in ("health_score_values", "signals")] == [(("id",),)] * 2
    assert KNOWN.sources["health_score_values"].page == 100
    assert KNOWN.sources["objectives"].incremental.cursor == "updated_at"
