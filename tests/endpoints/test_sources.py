"""Every source of the manifest, against an emulated account whose content is known."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError, IncompleteRead
from custify_connector.sandbox import Drift, Quirks
from custify_connector.sandbox.endpoints.events import create_event
from custify_connector.sandbox.fields import segments_of

SOURCES = manifest.load().sources
DOCUMENTED = [name for name, source in SOURCES.items() if not source.undocumented]
NEEDS = {"company_usage": "id"}
WHOLE = [name for name in SOURCES if name not in NEEDS]
PARENTED = [name for name in WHOLE if any(part.source for part in SOURCES[name].partitions)]
UNPARENTED = [name for name in DOCUMENTED if name not in PARENTED]
FINANCIAL = ["subscriptions", "deals", "invoices"]
UNKNOWN = "0123456789abcdef01234567"


def words(endpoint):
    """Return what is needed to read an endpoint: permission for one that is not documented."""
    return {"undocumented": SOURCES[endpoint].undocumented}


def keys(endpoint, records):
    """Return what names each record: its key's first alternative that it has, or all of it."""
    return sorted(repr(_name(endpoint, record)) for record in records)


def _name(endpoint, record):
    for fields in SOURCES[endpoint].key:
        values = [_field(record, name) for name in fields]
        if all(value is not None for value in values):
            return values
    return sorted(record.items(), key=str)


def _field(record, dotted):
    for name in dotted.split("."):
        record = (record or {}).get(name, record.get("_id") if name == "id" else None)
    return record


# ---------------------------------------------------------------------------------------------------- the whole of it


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("endpoint", WHOLE)
def test_every_source_delivers_exactly_what_the_account_holds(shared, counted, endpoint, workers):
    assert counted(shared.records(endpoint, workers=workers, **words(endpoint))) == counted(shared.truth(endpoint))


def test_the_account_has_records_for_every_source(shared):
    assert [endpoint for endpoint in WHOLE if not shared.truth(endpoint)] == []


@pytest.mark.parametrize("endpoint", list(NEEDS))
def test_a_source_that_needs_a_parameter_says_so(shared, endpoint):
    with pytest.raises(ConfigurationError, match=f"{NEEDS[endpoint]}: is required"):
        shared.read(endpoint, **words(endpoint))


def test_the_usage_of_one_company_comes_as_it_is(shared):
    params, expected = usage()(shared)
    assert shared.records("company_usage", params=params, undocumented=True) == expected


@pytest.mark.parametrize("endpoint", [name for name in SOURCES if SOURCES[name].undocumented])
def test_a_source_that_is_not_documented_is_read_only_where_the_settings_allow_it(shared, endpoint):
    shared.requests()
    with pytest.raises(ConfigurationError, match=r"settings\.undocumented"):
        shared.read(endpoint, params={name: UNKNOWN for name in [NEEDS.get(endpoint)] if name})
    assert shared.requests() == []


def test_every_record_fits_the_schema_that_its_source_describes(shared, subtests):
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - needed here alone

    for endpoint in WHOLE:
        with subtests.test(endpoint):
            validator = Draft202012Validator(manifest.load().record_schema(SOURCES[endpoint]))
            for record in shared.truth(endpoint):
                assert [error.message for error in validator.iter_errors(record)] == []


# -------------------------------------------------------------------------------------------------- pages and resuming


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("endpoint", WHOLE)
def test_every_source_goes_on_from_every_state_that_it_handed_out(short_paged, counted, endpoint, workers):
    run = list(short_paged.read(endpoint, workers=workers, **words(endpoint)))
    truth = counted(short_paged.truth(endpoint))
    for done in range(1, len(run)):
        before = [record for batch in run[:done] for record in batch.records]
        rest = short_paged.records(endpoint, state=run[done - 1].state, workers=workers, **words(endpoint))
        assert counted(before) + counted(rest) == truth, done


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("endpoint", [name for name in WHOLE if SOURCES[name].incremental])
def test_the_state_of_another_mode_is_refused(shared, endpoint, mode):
    other = {"full": "incremental", "incremental": "full"}[mode]
    state = list(shared.read(endpoint, mode=mode))[-1].state
    with pytest.raises(ConfigurationError, match=r"state\.for"):
        shared.read(endpoint, mode=other, state=state)


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", WHOLE)
def test_the_state_of_a_finished_full_read_starts_the_next_one_from_the_beginning(shared, counted, endpoint):
    state = list(shared.read(endpoint, **words(endpoint)))[-1].state
    assert counted(shared.records(endpoint, state=state, **words(endpoint))) == counted(shared.truth(endpoint))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("endpoint", WHOLE)
def test_a_limit_delivers_so_many_records_and_the_rest_can_be_had(short_paged, counted, endpoint, workers):
    truth = counted(short_paged.truth(endpoint))
    for limit in (3, truth.total()) if workers == 1 else (truth.total() // 2 + 1,):
        part = list(short_paged.read(endpoint, limit=limit, workers=workers, **words(endpoint)))
        records = [record for batch in part for record in batch.records]
        assert len(records) == min(limit, truth.total())
        if limit < truth.total():
            rest = short_paged.records(endpoint, state=part[-1].state, workers=workers, **words(endpoint))
            assert counted(records) + counted(rest) == truth, limit


@pytest.mark.parametrize("endpoint", WHOLE)
def test_fields_choose_what_a_record_keeps(shared, counted, endpoint):
    kept = sorted({name for record in shared.truth(endpoint) for name in record})[::2]
    picked = [{name: one[name] for name in kept if name in one} for one in shared.truth(endpoint)]
    assert counted(shared.records(endpoint, fields=kept, **words(endpoint))) == counted(picked)


@pytest.mark.slow
def test_no_page_is_asked_for_above_the_size_that_is_documented(shared, subtests):
    for endpoint in WHOLE:
        with subtests.test(endpoint):
            shared.journal.clear()
            shared.records(endpoint, **words(endpoint))
            largest = max(int(entry.query.get("itemsPerPage", ["0"])[0]) for entry in shared.journal.entries)
            parents = [part.source for part in SOURCES[endpoint].partitions if part.source]
            assert largest <= max(SOURCES[name].page or 0 for name in (endpoint, *parents))


# ---------------------------------------------------------------------------------------------------------- increments

CATEGORIES = {
    "people": ("people", "people"),
    "companies": ("companies", "company"),
    "tasks": ("tasks", "task"),
    "notes": ("notes", "note"),
    "meetings": ("meetings", "meeting"),
    "time_tracks": ("time_tracks", "time_tracker"),
}
INCREMENTAL = [name for name, source in SOURCES.items() if source.incremental]


def change(account, endpoint, count=3):
    """Change some records as another program would, over HTTP where Custify has a call for it; return their ids."""
    if endpoint == "survey_responses":
        people = account.content.people[:count]
        return {account.call("POST", f"/nps_score/{one['id']}", {"score": 9})["id"] for one in people}
    if endpoint == "tickets":
        tickets = account.content.tickets[7 : 7 + count]
        return {account.call("PUT", f"/ticket/{one['externalId']}", {"priority": "high"})["id"] for one in tickets}
    if endpoint not in CATEGORIES:
        with account.content.lock:
            held = account.content.records(endpoint)[7 : 7 + count]
            return {account.content.update(endpoint, one, {"touched": "by another program"})["id"] for one in held}
    kind, category = CATEGORIES[endpoint]
    ids = [one["id"] for one in account.content.records(kind)[7 : 7 + count]]
    tag = {"ids": ids, "type": "add", "category": category, "tag": account.content.tags[0]["id"]}
    account.call("PATCH", "/tag/entity", tag)
    return set(ids)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("endpoint", INCREMENTAL)
def test_an_incremental_read_delivers_all_at_first_then_nothing_old_then_what_changed(make, counted, endpoint, workers):
    account = make()
    first = list(account.read(endpoint, mode="incremental", workers=workers))
    delivered = [record for batch in first for record in batch.records]
    assert counted(delivered) == counted(account.truth(endpoint))
    second = list(account.read(endpoint, mode="incremental", state=first[-1].state, workers=workers))
    assert [record for batch in second for record in batch.records] == []
    changed = change(account, endpoint)
    third = account.records(endpoint, mode="incremental", state=second[-1].state, workers=workers)
    expected = [one for one in account.truth(endpoint) if one["id"] in changed]
    assert len(expected) == len(changed)
    assert counted(third) == counted(expected)


@pytest.mark.slow
@pytest.mark.parametrize("quirk", [{"refuse_filters": True}, {"ignore_filters": True}, {"ignore_sorting": True}])
@pytest.mark.parametrize("endpoint", INCREMENTAL)
def test_an_increment_is_whole_where_custify_refuses_or_ignores_what_is_asked(make, counted, endpoint, quirk):
    account = make(quirks=Quirks(page_cap=20, **quirk))
    state = list(account.read(endpoint, mode="incremental"))[-1].state
    changed = change(account, endpoint)
    again = account.records(endpoint, mode="incremental", state=state)
    assert counted(again) == counted(one for one in account.truth(endpoint) if one["id"] in changed)


@pytest.mark.parametrize("endpoint", [name for name in WHOLE if name not in INCREMENTAL])
def test_a_source_without_a_cursor_refuses_to_be_read_incrementally(shared, endpoint):
    with pytest.raises(ConfigurationError, match=r"source\.mode: .* can only be read in full"):
        shared.read(endpoint, mode="incremental", **words(endpoint))


# ----------------------------------------------------------------------------------------------------------- parameters


def one(kind, test=lambda _: True):
    """Return the first record of a kind that passes a test, from an account."""
    return lambda account: next(record for record in account.content.records(kind) if test(record))


def held_by(kind, field, owner):
    """Return an owner (first of `owner`'s kind that holds something in `field`) and the records that it holds."""

    def found(account):
        for record in account.content.records(owner):
            held = account.content.table(kind).find(field, record["id"])
            if len(held) > 1:
                return record, [account.content.table(kind).public(each) for each in held]
        raise AssertionError(f"no {owner} has several {kind}")

    return found


def by(parameter, kind, field, **fixed):
    """Return a row: the records of `kind` whose `field` has the value that the first such record has."""

    def row(account):
        value = one(kind, lambda record: record.get(field))(account)[field]
        known = [record for record in account.truth(kind) if record.get(field) == value]
        return {parameter: value, **fixed}, known

    return row


def of(parameter, kind, field, owner, name="id"):
    """Return a row: the records of `kind` that belong to the first `owner` with several."""

    def row(account):
        who, held = held_by(kind, field, owner)(account)
        return {parameter: who[name]}, held

    return row


def where(params, kind, test):
    """Return a row with fixed parameters, and the records of `kind` that pass a test."""

    def row(account):
        return params, [record for record in account.truth(kind) if test(record)]

    return row


def whole(params, kind, shape=lambda _account, record: record):
    """Return a row with fixed parameters, and all records of `kind`, each in another shape."""

    def row(account):
        return params, [shape(account, record) for record in account.truth(kind)]

    return row


def with_segments(kind):
    return lambda account, record: {**record, "segments": segments_of(account.content, kind, record)}


def only(*names):
    always = ("id", "name", "created_at", "updated_at")
    return lambda _account, record: {name: record[name] for name in record if name in (*names, *always)}


def of_parent(endpoint, parameter, field=None, **fixed):
    """Return a row: the records of the first parent that has several, by the parent's id in the record."""

    def row(account):
        truth = [record for record in account.truth(endpoint) if all(record[k] == fixed[k] for k in fixed)]
        values = [record[field or parameter] for record in truth]
        value = next(value for value in values if values.count(value) > 1)
        return {parameter: value, **fixed}, [each for each in truth if each[field or parameter] == value]

    return row


def objectives_by_your_id(account):
    """Return a row for your own id of a company, which names the parent without Custify's."""
    company, held = held_by("objectives", "company", "companies")(account)
    return {"company_id": company["company_id"]}, held


def custom_data_by_your_id(parameter, kind):
    def row(account):
        owner, held = held_by("custom_data", "entity", kind)(account)
        shown = ("data_type", "data_id", "data")
        return {parameter: owner[parameter]}, [{name: each[name] for name in shown} for each in held]

    return row


def user_attributes(account):
    """Return a row for the one parameter that goes with a look-up: the users whom a company's attributes name."""
    company = account.content.companies[0]
    known = account.call("GET", f"/company/{company['id']}", includeUserAttributes="true")["companies"]
    return {"id": company["id"], "includeUserAttributes": True}, known


def enhanced(account):
    return {"enhanceCompany": "true"}, account.truth("tasks")


def searched(kind, term, *fields, parameter="searchTerm"):
    def test(record):
        return any(term.casefold() in str(record.get(name) or "").casefold() for name in fields)

    return where({parameter: term}, kind, test)


def entity_filter(field, kind, operator, value):
    return [{"fieldName": field, "fieldType": kind, "filterType": operator, "filterValue": value}]


NEWEST_LAST = {"sorting": {"field": "created_at", "direction": "asc"}}


def tagged(kind):
    def row(account):
        tag = one(kind, lambda record: record["tags"])(account)["tags"][0]
        filters = [{"field": "tags", "values": [tag]}]
        return {"filters": filters}, [record for record in account.truth(kind) if tag in record["tags"]]

    return row


def statuses(account):
    filters = [{"field": "status", "values": ["open"]}]
    return {"filters": filters}, [task for task in account.truth("tasks") if task["status"] == "open"]


def ticket_priority(account):
    filters = [{"field": "priority", "values": ["urgent"]}]
    return {"filters": filters}, [each for each in account.truth("tickets") if each["priority"] == "urgent"]


def tickets_of_person(account):
    person = account.content.tickets[0]["people"][0]
    return {"entity": person["id"]}, [each for each in account.truth("tickets") if person in each["people"]]


def tracks_of_user(name):
    def row(account):
        user = account.content.users[5]
        return {"user": user[name]}, [each for each in account.truth("time_tracks") if each["user"] == user["id"]]

    return row


def financial_rows(endpoint):
    """Return a row for one record by Custify's id: a bare record; the sandbox holds the id that it does not show."""

    def row(account):
        record = next(iter(account.content.table(endpoint)))
        return {"entity": record["id"]}, [account.content.table(endpoint).public(record)]

    return row


def shared_email(account):
    emails = [person["email"] for person in account.content.people if person["email"]]
    email = max(emails, key=emails.count)
    return {"email": email}, [person for person in account.content.people if person["email"] == email]


def scores_of_company(account):
    company = next(record for record in account.content.companies if record["metrics"]["health_scores"])
    held = [each for each in account.truth("health_score_values") if each["company_id"] == company["id"]]
    return {"companyId": company["id"]}, held


def signals_of_company(account):
    held = account.truth("signals")[:1]
    return {"customerId": held[0]["entity"]}, held


def usage(**extra):
    def row(account):
        company = account.content.companies[1]
        with account.content.lock:
            create_event(
                account.content, {"name": "login", "company_id": company["company_id"], "created_at": "2026-01-01"}
            )
        return {"id": company["id"], **extra}, account.call("GET", f"/company/usage/{company['id']}", **extra)

    return row


ROWS = {
    "people": {
        "id": by("id", "people", "id"),
        "user_id": by("user_id", "people", "user_id"),
        "email": shared_email,
        "filters": where(
            {"filters": entity_filter("session_count", "Number", "greater", 200)},
            "people",
            lambda person: (person.get("session_count") or 0) > 200,
        ),
        "sorting": whole(NEWEST_LAST, "people"),
        "properties": whole({"properties": ["email"]}, "people", only("email")),
        "includeSegments": whole({"includeSegments": True}, "people", with_segments("people")),
    },
    "companies": {
        "id": by("id", "companies", "id"),
        "company_id": by("company_id", "companies", "company_id"),
        "filters": where(
            {"filters": entity_filter("plan", "String", "is", "Gold")},
            "companies",
            lambda company: company.get("plan") == "Gold",
        ),
        "sorting": whole(NEWEST_LAST, "companies"),
        "properties": whole({"properties": ["plan", "size"]}, "companies", only("plan", "size")),
        "includeSegments": whole({"includeSegments": True}, "companies", with_segments("companies")),
        "includeUserAttributes": user_attributes,
    },
    "company_people": {"id": of_parent("company_people", "id", "company")},
    **{name: {"entity": financial_rows(name)} for name in FINANCIAL},
    "tasks": {
        "id": by("id", "tasks", "id"),
        "externalId": by("externalId", "tasks", "externalId"),
        "filters": statuses,
        "searchTerm": searched("tasks", "training", "name", "description"),
        "sorting": whole(NEWEST_LAST, "tasks"),
        "enhanceCompany": enhanced,
    },
    "notes": {
        "entity": of("entity", "notes", "entity", "companies"),
        "filters": tagged("notes"),
        "searchTerm": searched("notes", "invoice", "text", "entityName"),
    },
    "tickets": {
        "entity": of("entity", "tickets", "company", "companies"),
        "externalId": by("externalId", "tickets", "externalId"),
        "filters": ticket_priority,
        "searchTerm": searched("tickets", "feedback", "title", "description", "externalId"),
    },
    "comments": {
        "entityModel": where({"entityModel": "Task"}, "comments", lambda each: each["entityModel"] == "Task"),
        "entity": of_parent("comments", "entity", entityModel="Note"),
    },
    "tags": {
        "category": where({"category": "company"}, "tags", lambda tag: tag["category"] == "company"),
        "id": by("id", "tags", "id"),
    },
    "custom_data": {
        "entityModel": where({"entityModel": "people"}, "custom_data", lambda each: each["entityModel"] == "people"),
        "entity": of_parent("custom_data", "entity", entityModel="companies"),
        "company_id": custom_data_by_your_id("company_id", "companies"),
        "user_id": custom_data_by_your_id("user_id", "people"),
        "data_type": where({"data_type": "licence"}, "custom_data", lambda each: each["data_type"] == "licence"),
        "data_id": where({"data_id": "L-0"}, "custom_data", lambda each: each["data_id"] == "L-0"),
    },
    "files": {
        "companyId": of("companyId", "files", "companies", "companies"),
        "peopleId": of("peopleId", "files", "peoples", "people"),
        "searchKey": searched("files", "training", "name", parameter="searchKey"),
    },
    "survey_responses": {"id": of_parent("survey_responses", "id", "survey")},
    "meetings": {
        "sorting": whole(NEWEST_LAST, "meetings"),
        "company": of("company", "meetings", "company", "companies"),
        "people": of("people", "meetings", "people", "people"),
        "company_id": of("company_id", "meetings", "company", "companies", "company_id"),
        "user_id": of("user_id", "meetings", "people", "people", "user_id"),
        "email": of("email", "meetings", "people", "people", "email"),
    },
    "time_tracks": {
        "sorting": whole(NEWEST_LAST, "time_tracks"),
        "company": of("company", "time_tracks", "company", "companies"),
        "company_id": of("company_id", "time_tracks", "company", "companies", "company_id"),
        "people": of("people", "time_tracks", "people", "people"),
        "user_id": of("user_id", "time_tracks", "people", "people", "user_id"),
        "email": of("email", "time_tracks", "people", "people", "email"),
        "tags": of("tags", "time_tracks", "tags", "tags"),
        "start_date": where(
            {"start_date": "2024-06-01"}, "time_tracks", lambda each: each["startDate"] >= "2024-06-01"
        ),
        "end_date": where({"end_date": "2024-06-01"}, "time_tracks", lambda each: each["startDate"] < "2024-06-02"),
        "user": tracks_of_user("email"),
    },
    "objectives": {
        "company": of_parent("objectives", "company"),
        "company_id": objectives_by_your_id,
        "filters": where(
            {"filters": entity_filter("importance", "String", "is", "high")},
            "objectives",
            lambda each: each["importance"] == "high",
        ),
    },
    "calculated_metrics": {
        "type": where({"type": "people"}, "calculated_metrics", lambda each: each["type"] == "people"),
        "sorting": whole(NEWEST_LAST, "calculated_metrics"),
        "id": by("id", "calculated_metrics", "id"),
    },
    "health_scores": {"sorting": whole(NEWEST_LAST, "health_scores"), "id": by("id", "health_scores", "id")},
    "lifecycles": {"sorting": whole(NEWEST_LAST, "lifecycles"), "id": by("id", "lifecycles", "id")},
    "playbooks": {
        "type": where({"type": "people"}, "playbooks", lambda each: each["type"] == "people"),
        "nonScheduled": where(
            {"nonScheduled": True}, "playbooks", lambda each: not each.get("settings", {}).get("scheduled")
        ),
        "includeCounts": whole(
            {"includeCounts": False},
            "playbooks",
            lambda _account, each: {name: each[name] for name in each if name != "company_counts"},
        ),
        "sorting": whole(NEWEST_LAST, "playbooks"),
        "id": by("id", "playbooks", "id"),
    },
    "segments": {
        "type": where({"type": "people"}, "segments", lambda each: each["type"] == "people"),
        "sorting": whole(NEWEST_LAST, "segments"),
        "id": by("id", "segments", "id"),
    },
    "company_segments": {"id": of_parent("company_segments", "id", "company")},
    "company_usage": {
        "id": usage(),
        "type": usage(type="eventFrequency"),
        "startDate": usage(startDate="2026-01-01"),
        "endDate": usage(endDate="2026-01-01"),
        "eventName": usage(eventName="login"),
    },
    "health_score_values": {
        "id": of_parent("health_score_values", "id", "health_score"),
        "companyId": scores_of_company,
    },
    "signals": {
        "filters": where(
            {"filters": [{"field": "acknowledged", "operator": "eq", "value": True}]},
            "signals",
            lambda each: each["acknowledged"],
        ),
        "customerType": whole({"customerType": "Company"}, "signals"),
        "customerId": signals_of_company,
    },
}


def of_equal_field(endpoint, parameter):
    """Choose the records of which the field of this name has the value: what a parameter does that has no row above."""

    def row(account):
        value = next(one[parameter] for one in account.truth(endpoint) if one.get(parameter))
        return {parameter: value}, [one for one in account.truth(endpoint) if one.get(parameter) == value]

    return row


ROWS |= {
    name: {one: of_equal_field(name, one) for one in source.parameters}
    for name, source in SOURCES.items()
    if source.parameters and name not in ROWS
}
MORE_ROWS = {
    "notes of a person": ("notes", of("entity", "notes", "entity", "people")),
    "tickets of a person": ("tickets", tickets_of_person),
    "custom data of a person": ("custom_data", of_parent("custom_data", "entity", entityModel="people")),
    "comments on one task": ("comments", of_parent("comments", "entity", entityModel="Task")),
    "tasks by tag": ("tasks", tagged("tasks")),
    "time tracks by a user's id": ("time_tracks", tracks_of_user("id")),
}
CASES = {
    **{f"{name}-{parameter}": (name, row) for name, rows in ROWS.items() for parameter, row in rows.items()},
    **MORE_ROWS,
}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(("endpoint", "row"), CASES.values(), ids=CASES)
def test_every_parameter_delivers_what_it_chooses(shared, counted, endpoint, row, workers):
    params, expected = row(shared)
    records = shared.records(endpoint, params=params, workers=workers, **words(endpoint))
    assert expected
    assert counted(without_parents(records, expected)) == counted(expected)


def without_parents(records, expected):
    """Leave out the parent's id that the connector adds, where the truth of a row does not have it."""
    extra = {"entityModel", "entity", "company"} if expected and "data_type" in expected[0] else set()
    dropped = extra - set(expected[0]) if expected else set()
    return [{name: record[name] for name in record if name not in dropped} for record in records]


def test_every_parameter_of_the_manifest_is_in_the_table():
    declared = {name: set(source.parameters) for name, source in SOURCES.items() if source.parameters}
    assert {name: set(rows) for name, rows in ROWS.items()} == declared


@pytest.mark.parametrize("endpoint", [name for name in SOURCES if "sorting" in SOURCES[name].parameters])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sorting_is_the_order_that_comes(shared, endpoint, direction):
    params = {"sorting": {"field": "created_at", "direction": direction}}
    if "type" in SOURCES[endpoint].parameters:
        params["type"] = "people"
    dates = [record["created_at"] for record in shared.records(endpoint, params=params)]
    assert dates == sorted(dates, reverse=direction == "desc")
    assert len(dates) > 1


# What names a person or a thing: a value that nothing has delivers nothing, and is no error.
LOOKUPS = [
    (name, parameter.name)
    for name in DOCUMENTED
    for parameter in SOURCES[name].parameters.values()
    if parameter.type == "string"
    and not parameter.enum
    and parameter.name not in {"start_date", "end_date", "category"}
]
BESIDE = {("comments", "entity"): {"entityModel": "Note"}, ("custom_data", "entity"): {"entityModel": "people"}}


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["empty", "404"])
def test_a_look_up_of_something_unknown_delivers_nothing(nothing, missing, subtests):
    for endpoint, parameter in LOOKUPS:
        with subtests.test(f"{endpoint} {parameter}"):
            account = nothing[missing]
            value = "nobody@example.org" if parameter == "email" else UNKNOWN
            params = {parameter: value, **BESIDE.get((endpoint, parameter), {})}
            assert account.records(endpoint, params=params) == []


@pytest.mark.parametrize(("dates", "inside"), [({"start_date": "2099-01-01"}, 0), ({"end_date": "2001-01-01"}, 0)])
def test_time_tracks_of_a_time_without_any_are_none(shared, dates, inside):
    assert len(shared.records("time_tracks", params=dates)) == inside


REFUSED = {
    "an unknown parameter": ("people", {"emial": "a@b.example"}, r"params\.emial: .*did you mean 'email'"),
    "a parameter of the wrong type": ("people", {"filters": "churned"}, r"params\.filters: must be array, not text"),
    "a number for an id": ("people", {"id": 7}, r"params\.id: must be string"),
    "a boolean as text": ("people", {"includeSegments": "true"}, r"includeSegments: must be boolean"),
    "an empty value": ("people", {"user_id": ""}, r"params\.user_id: must not be empty"),
    "a value outside its list": ("segments", {"type": "persons"}, r"params\.type: must be one of "),
    "two look-ups": ("people", {"id": UNKNOWN, "email": "a@b.example"}, "only one can choose the records"),
    "a parent of no kind": ("comments", {"entity": UNKNOWN}, r"params\.entityModel: is required beside entity"),
}


@pytest.mark.parametrize(("endpoint", "params", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_parameters_are_refused_before_any_request(shared, endpoint, params, message):
    shared.requests()
    with pytest.raises(ConfigurationError, match=message):
        shared.read(endpoint, params=params)
    assert shared.requests() == []


def test_an_unknown_source_is_refused_with_a_suggestion(shared):
    with pytest.raises(ConfigurationError, match=r"source\.endpoint: .*did you mean 'companies'"):
        shared.read("compnies")


# --------------------------------------------------------------------------------------------------------------- quirks

QUIRKS = {
    "alternative key data": {"alternative_keys": "data"},
    "alternative key items": {"alternative_keys": "items"},
    "missing total": {"total": "missing"},
    "low total": {"total": "low"},
    "total of zero": {"total": "zero"},
    "total as text": {"total": "text"},
    "total of the page": {"total": "page"},
    "404 past the end": {"past_end": "missing"},
    "404 past the end, no total": {"past_end": "missing", "total": "missing"},
    "a lower cap": {"page_cap": 20},
    "a lower cap, counted as asked": {"page_cap": 20, "cap_style": "offset"},
    "a lower cap, no total": {"page_cap": 20, "total": "missing"},
    "a lower cap, counted as asked, no total": {"page_cap": 20, "cap_style": "offset", "total": "missing"},
    "a lower cap, low total": {"page_cap": 20, "total": "low"},
    "people in a bare page": {"people_envelope": "object"},
    "one record bare on any page": {"single_bare": "page"},
    "financial ids": {"financial_ids": True},
    "sorting ignored": {"ignore_sorting": True},
    "sorting ignored, no total": {"ignore_sorting": True, "total": "missing", "page_cap": 20},
    "filters refused": {"refuse_filters": True},
    "filters ignored": {"ignore_filters": True},
    "time tracks under the other path": {"time_track_path": "underscore"},
    "refuses more than its cap": {"over_cap": "refuse"},
    "a look-up of nothing is 404": {"lookup_missing": "404"},
}


@pytest.mark.slow
@pytest.mark.parametrize("quirk", QUIRKS.values(), ids=QUIRKS)
@pytest.mark.parametrize("workers", [1, 8])
def test_no_quirk_of_custify_loses_or_doubles_a_record(slim, counted, quirk, workers):
    account = slim(companies=6, quirks=Quirks(**quirk))
    wrong = [
        name
        for name in (DOCUMENTED if workers == 1 else UNPARENTED)
        if counted(account.records(name, workers=workers)) != counted(account.truth(name))
    ]
    assert wrong == []


@pytest.mark.parametrize("workers", [1, 8])
def test_a_total_that_is_too_high_makes_a_read_incomplete_unless_that_is_allowed(make, counted, workers):
    account = make(companies=12, quirks=Quirks(total="high"))
    with pytest.raises(IncompleteRead, match="Custify counts"):
        account.records("people", workers=workers)
    allowed = account.records("people", workers=workers, settings={"allow_incomplete": True})
    assert counted(allowed) == counted(account.truth("people"))


@pytest.mark.parametrize("workers", [1, 8])
def test_ids_with_an_underscore_are_ids(slim, workers):
    account = slim(quirks=Quirks(underscore_id=True, page_cap=20))
    wrong = []
    for name in DOCUMENTED:
        records = account.records(name, workers=workers)
        if keys(name, records) != keys(name, account.truth(name)):
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("endpoint", ["tasks", "people", "companies", "meetings"])
@pytest.mark.parametrize("workers", [1, 8])
def test_where_the_order_within_a_moment_is_not_kept_none_is_doubled_and_a_loss_is_reported(
    make, caplog, endpoint, workers
):
    """No way to ask keeps a record from slipping by when Custify shuffles at every request; the total shows it."""
    account = make(people=300, companies=100, quirks=Quirks(unstable_ties=True, page_cap=20))
    delivered, truth = (
        keys(endpoint, account.records(endpoint, workers=workers)),
        keys(endpoint, account.truth(endpoint)),
    )
    assert len(set(delivered)) == len(delivered)
    assert set(delivered) <= set(truth)
    missing = len(truth) - len(delivered)
    warned = [text for text in caplog.messages if "never came" in text]
    assert [f"{missing} of them" in text for text in warned] == [True] * bool(missing)


def test_a_single_financial_record_comes_as_one(make, counted):
    account = make()
    for name in FINANCIAL:
        for record in list(account.content.table(name))[1:]:
            account.content.table(name).remove(record["id"])
        assert counted(account.records(name)) == counted(account.truth(name))
        assert len(account.truth(name)) == 1


def test_an_account_that_holds_nothing_delivers_nothing(make):
    account = make()
    for kind in set(account.content.tables) - {"users"}:
        for record in list(account.content.table(kind)):
            account.content.table(kind).remove(record["id"])
    describing = {"company_attributes", "person_attributes", "task_filter_values"}
    delivered = {name: account.records(name, **words(name)) for name in WHOLE if name not in describing}
    assert [name for name, records in delivered.items() if records] == []


# ---------------------------------------------------------------------------------------------------------------- drift

COUNTS = st.integers(0, 6)
DRIFTS = st.builds(Drift, COUNTS, COUNTS, COUNTS, st.integers(1, 3))


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("endpoint", ["people", "companies"])
@settings(
    max_examples=settings.default.max_examples // 4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drift=DRIFTS, mode=st.sampled_from(["full", "incremental"]))
def test_what_existed_through_the_whole_run_is_delivered_once(drifting, endpoint, workers, drift, mode):
    account = drifting(drift)
    before = {record["id"] for record in account.truth(endpoint)}
    delivered = [record["id"] for record in account.records(endpoint, workers=workers, mode=mode)]
    stayed = before - set(account.sandbox.drifted.deleted)
    assert len(delivered) == len(set(delivered))
    assert stayed - set(delivered) == set()


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("endpoint", ["people", "companies"])
def test_the_same_page_again_is_not_the_end_where_a_whole_page_was_created(drifting, endpoint, workers):
    account = drifting(Drift(creates=20, every=3))
    before = {record["id"] for record in account.truth(endpoint)}
    delivered = {record["id"] for record in account.records(endpoint, workers=workers)}
    assert before - delivered == set()
    assert len(account.requests()) < 200, "what is asked ahead lets the account grow by more than a page meanwhile"


@pytest.mark.parametrize("endpoint", ["people", "companies"])
@pytest.mark.parametrize("kind", ["creates", "deletes", "updates"])
def test_a_run_that_is_taken_up_again_loses_nothing_to_drift(drifting, endpoint, kind):
    account = drifting(Drift(**{kind: 3}))
    before = {record["id"] for record in account.truth(endpoint)}
    delivered, state = [], None
    for _ in range(200):
        batch = next(account.read(endpoint, state=state))
        delivered += [record["id"] for record in batch.records]
        state = batch.state
        if "position" not in state:
            break
    assert before - set(account.sandbox.drifted.deleted) - set(delivered) == set()
    assert not [left for left, right in itertools.pairwise(sorted(delivered)) if left == right]
