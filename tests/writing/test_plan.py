"""A plan of writing is made from a manual configuration alone."""

from custify_connector.writing.plan import Lookup, write_plan


def test_a_destination_that_says_least_is_never_repeated_and_goes_on_after_a_reject():
    plan = write_plan({"request": {"method": "POST", "path": "/x"}}, None)
    assert (plan.destination, plan.repeat, plan.clear, plan.schema) == ("POST /x", "never", "null", None)
    assert (plan.dry_run, plan.on_reject, plan.max_rejects, plan.delivery) == (False, "continue", None, "single")
    assert (plan.find_first, plan.max_deletes, plan.upload) == (None, None, None)


def test_a_destination_that_says_all_is_a_plan_of_all():
    manual = {
        "request": {"method": "POST", "path": "/x", "query": ["a"], "routes": [{"with": "id", "path": "/x/{id}"}]},
        "find_first": {"by": "a", "path": "/x", "records": ["xs"], "update": "/x/{id}"},
        "params": {"b": 1},
        "dry_run": True,
        "max_deletes": 3,
    }
    plan = write_plan(manual, {"type": "object"})
    assert plan.find_first == Lookup("a", "/x", ("xs",), "/x/{id}", {})
    assert (plan.query, plan.routes, plan.constants) == (("a",), (("id", "/x/{id}"),), {"b": 1})
    assert (plan.dry_run, plan.max_deletes, plan.schema) == (True, 3, {"type": "object"})
