"""A plan of writing is made from a manual configuration alone."""

from custify_connector.writing.plan import BatchRule, HeldLookup, Lookup, write_plan


def test_a_destination_that_says_least_is_never_repeated_and_goes_on_after_a_reject():
    plan = write_plan({"request": {"method": "POST", "path": "/x"}}, None)
    assert (plan.destination, plan.repeat, plan.clear, plan.schema) == ("POST /x", "never", "null", None)
    assert (plan.dry_run, plan.on_reject, plan.max_rejects, plan.delivery) == (False, "continue", None, "single")
    assert (plan.find_first, plan.max_deletes, plan.upload, plan.batch) == (None, None, None, None)
    assert (plan.capture_responses, plan.query, plan.routes, plan.identity) == (False, (), (), ())


RUN = {
    "dry_run": True, "on_reject": "stop", "max_rejects": "5%", "capture_responses": True, "delivery": "batch",
    "fallback_path": "/y", "copy": {"_id": "id"}, "list": "all", "max_deletes": 3, "upload": "file", "directory": "in",
}  # fmt: skip


def test_a_destination_that_says_all_is_a_plan_of_all():
    batch = {"type": "x", "path": "/batch", "outcome": "/batch/{id}", "jobs": 10, "synchronous": 3}
    manual = {
        "destination": "xs",
        "request": {"method": "PUT", "path": "/x", "query": ["a"], "routes": [{"with": "id", "path": "/x/{id}"}]},
        "identity": [["id"], ["a", "b"]],
        "repeat": "always",
        "clear": "unset",
        "batch": batch,
        "max_characters": {"a": 5},
        "find_first": {"by": "a", "path": "/x", "records": ["xs"], "update": "/x/{id}", "copy": {"_id": "id"}},
        "params": {"b": 1},
        **RUN,
    }
    plan = write_plan(manual, {"type": "object"})
    assert (plan.destination, plan.method, plan.path, plan.query) == ("xs", "PUT", "/x", ("a",))
    assert (plan.routes, plan.identity) == ((("id", "/x/{id}"),), (("id",), ("a", "b")))
    assert (plan.repeat, plan.clear, plan.max_characters) == ("always", "unset", {"a": 5})
    assert plan.batch == BatchRule(**batch)
    assert plan.find_first == Lookup("a", "/x", ("xs",), "/x/{id}", {"_id": "id"})
    assert (plan.constants, plan.schema) == ({"b": 1}, {"type": "object"})
    assert {name: getattr(plan, name) for name in RUN} == RUN


def test_a_look_up_that_copies_nothing_says_nothing_of_it():
    find = {"by": "a", "path": "/x", "records": ["xs"], "update": "/x/{id}"}
    plan = write_plan({"request": {"method": "POST", "path": "/x"}, "find_first": find}, None)
    assert plan.find_first == Lookup("a", "/x", ("xs",), "/x/{id}", {})


def test_a_lookup_of_what_is_held_is_a_page_unless_it_says_otherwise():
    plain = {"by": ["a"], "path": "/x", "query": ["a"], "records": ["xs"]}
    held = {"lookups": [plain, {"by": ["id"], "path": "/x/{id}", "envelope": "record"}], "links": {"ys": [plain]}}
    manual = {"request": {"method": "POST", "path": "/x"}, "dry_run": True, "compare": True, "held": held}
    plan = write_plan(manual, None)
    by_a = HeldLookup(("a",), "/x", ("a",), "page", ("xs",))
    assert (plan.compare, plan.held.lookups) == (True, (by_a, HeldLookup(("id",), "/x/{id}", (), "record", ())))
    assert (plan.held.links, plan.held.also, plan.held.unreadable, plan.held.fallthrough) == (
        {"ys": (by_a,)},
        {},
        (),
        (),
    )
