"""What a comparison costs, and how its rows are counted."""

import pytest

from custify_connector.contract import Receipt
from custify_connector.host import comparison
from custify_connector.host.feed import Line
from custify_connector.plugin import connector

DESTINATIONS = connector.describe()["destinations"]
PERSON, DEAL = "upsert_person", "upsert_deal"
LIMIT = {"requests": 100, "seconds": 10}


@pytest.mark.parametrize(
    ("endpoint", "fields", "lookups"),
    [
        (PERSON, None, 3),
        (PERSON, ["user_id", "name"], 1),
        (PERSON, ["user_id", "email"], 2),
        (PERSON, ["user_id", "companies"], 2),
        (PERSON, ["id", "user_id", "email", "companies"], 3),
        (PERSON, ["name"], 1),
        (DEAL, None, 0),
        (DEAL, ["externalId"], 0),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_a_row_costs_a_request_for_each_way_in_which_it_can_be_found(endpoint, fields, lookups):
    assert comparison.lookups_of(DESTINATIONS[endpoint], fields) == lookups


@pytest.mark.parametrize(
    ("lookups", "rows", "limit", "said"),
    [
        (2, 500, LIMIT, "at most 1,000 requests for 500 rows, 2 min at the rate limit; nothing is written"),
        (1, 9, LIMIT, "at most 9 requests for 9 rows; nothing is written"),
        (1, 1, None, "at most 1 request for 1 row; nothing is written"),
        (2, None, LIMIT, "at most 2 requests for each row; nothing is written"),
        (0, 5, LIMIT, "no request: what the service holds of these records cannot be read"),
    ],
)
def test_the_cost_is_said_in_requests_and_in_time(lookups, rows, limit, said):
    assert comparison.cost(lookups, rows, limit) == said


@pytest.mark.parametrize("response", [None, {}, {"difference": None}, {"difference": {"verdict": "else"}}], ids=str)
def test_a_receipt_that_says_nothing_of_a_difference_is_unknown(response):
    assert comparison.compared(Line(2, Receipt(0, "planned", None, response=response))).verdict == "unknown"


def test_half_a_character_is_compared_like_any_other():
    difference = {"verdict": "update", "changes": [{"field": "name", "now": "\ud800", "then": "x"}]}
    line = comparison.compared(Line(2, Receipt(0, "planned", {"id": "\ud801"}, response={"difference": difference})))
    assert (line.key, line.changes[0]["now"]) == ({"id": "\ud801"}, "\ud800")


def test_rows_are_counted_in_one_order():
    assert (
        comparison.summary({"nothing": 3, "create": 1, "rejected": 2})
        == "6 rows compared: 1 to create, 3 unchanged, 2 rejected"
    )
    assert comparison.summary({}) == "0 rows compared: nothing to do"
