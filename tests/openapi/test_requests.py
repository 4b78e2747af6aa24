"""Every request that the connector makes is one that the vendor's document allows.

`pytest -s tests/openapi/test_requests.py` prints how many of how many are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4
from werkzeug.datastructures import Headers, ImmutableMultiDict

from custify_connector.plugin import connector
from custify_connector.sandbox import Quirks
from custify_connector.sandbox.application import Application
from custify_connector.sandbox.server import Server
from custify_connector.sandbox.state import Settings, State

A_PERSON = "65f1bf11b7d4e8f90123ab01"
SECOND_PATHS = {"/time_track": "/time-track"}
SECOND_WORDS = {("/segment", "type", "companies"): "company"}


class Seen:
    """One request as it came over the wire, in the form that openapi-core reads."""

    host_url = "https://api.custify.com"

    def __init__(self, asked):
        self.asked = asked
        # Custify's documentation spells one path in two ways, and the document has one of them.
        self.path = SECOND_PATHS.get(asked.path, asked.path)
        self.method = asked.method.lower()
        self.body = asked.body or None
        self.content_type = asked.headers.get("content-type", "")
        # Custify's own client says another word than its documentation and the document.
        said = [(name, value) for name, values in asked.query.items() for value in values]
        words = [(name, SECOND_WORDS.get((self.path, name, value), value)) for name, value in said]
        query = ImmutableMultiDict(words)
        self.parameters = RequestParameters(query=query, header=Headers(asked.headers.items()))

    def __str__(self):
        body = "" if self.body is None else self.body.decode("utf-8", "replace")
        return f"{self.asked.method} {self.path} {self.asked.query} {body}"


class Tapped:
    """A sandbox that keeps every request as it came."""

    def __init__(self):
        self.state = State(Settings(people=40, companies=20, rate_limit=None, quirks=Quirks(page_cap=50)))
        self.requests = []
        answer = Application(self.state).answer

        def keep(request):
            self.requests.append(request)
            return answer(request)

        self.server = Server(0, keep)
        address = f"http://127.0.0.1:{self.server.port}"
        self.credential = {"name": "tapped", "api_key": self.state.settings.api_key, "base_url": address}

    def read(self, name, params=None, **words):
        """Read a source to its end, and once more from the state of the end."""
        settings = {"rate_limit": None, "undocumented": True}
        source = {"endpoint": name, "params": params or {}, "settings": settings, **words}
        state = None
        for batch in connector.read_source(self.credential, source, None):
            state = batch.state
        if source.get("mode") == "incremental":
            list(connector.read_source(self.credential, source, state))

    def write(self, name, records, params=None, **words):
        """Write records, whatever becomes of them."""
        settings = {"rate_limit": None, "undocumented": True}
        destination = {"endpoint": name, "params": params or {}, "settings": settings, **words}
        return list(connector.write_destination(self.credential, destination, records))


@pytest.fixture(scope="module")
def tapped():
    """Return a sandbox that keeps its requests."""
    made = Tapped()
    yield made
    made.server.stop()


# --------------------------------------------------------------------------------------------------- what is exercised

TEXTS = {"start_date": "2026-01-31", "end_date": "2026-01-31", "startDate": "2026-01-31", "endDate": "2026-01-31"}
BESIDE = {"comments": {"entity": {"entityModel": "Task"}}, "custom_data": {"entity": {"entityModel": "people"}}}
NEEDED = {"company_usage": {"id": A_PERSON}}
BESIDE_A_LOOK_UP = {"includeUserAttributes": {"id": A_PERSON}}


def value_of(parameter):
    """Return a value that a parameter may have, as a user would write it."""
    if parameter.enum:
        return parameter.enum[-1]
    if parameter.example is not None:
        return thawed(parameter.example)
    return {"boolean": True, "integer": 1, "number": 1}.get(parameter.type, TEXTS.get(parameter.name, A_PERSON))


def thawed(value):
    """Return a frozen value of the manifest as the JSON that a user writes."""
    if isinstance(value, Mapping):
        return {name: thawed(inner) for name, inner in value.items()}
    return [thawed(inner) for inner in value] if isinstance(value, list | tuple) else value


def params_of(source):
    """Yield params that together use every parameter of a source."""
    needed = NEEDED.get(source.name, {})
    yield needed
    for parameter in source.parameters.values():
        beside = BESIDE.get(source.name, {}).get(parameter.name, BESIDE_A_LOOK_UP.get(parameter.name, {}))
        for value in parameter.enum or (value_of(parameter),):
            yield {**needed, **beside, parameter.name: value}


def read_everything(known, tapped):
    """Read every source with every parameter in every mode; what is asked is what counts, not what is answered."""
    for source in known.sources.values():
        for params in params_of(source):
            for mode in ("full", "incremental"):
                alone = source.incremental and "sorting" not in params
                allowed = alone and not any(_is_single(source.parameters[name]) for name in params)
                if mode == "full" or allowed:
                    try_to(tapped.read, source.name, params, mode=mode)


def _is_single(parameter):
    return parameter.path is not None and not parameter.paged


def try_to(act, *arguments, **words):
    """Do something, and let Custify refuse it: a made-up id is not there."""
    from custify_connector.contract.errors import ConfigurationError, UnexpectedReply  # noqa: PLC0415 - needed here alone

    try:
        act(*arguments, **words)
    except UnexpectedReply:
        pass
    except ConfigurationError as error:
        # Refused by Custify, and not by the connector before anything was asked.
        assert "Custify answered" in str(error)  # noqa: PT017 - other texts are a mistake of this test


def rows_of(known, endpoint):
    """Return the schema's examples, and for every route and way to name a record one that takes it."""
    examples = known.write_schema(endpoint)["examples"]
    named = {name for fields in endpoint.identity for name in fields}
    rows = list(examples)
    for route in endpoint.routes if endpoint.method != "DELETE" else ():
        rows += [{**example, route.present: A_PERSON} for example in examples]
        rows.append({**_without(examples[0], named), **_kept(examples[0]), route.present: A_PERSON})
    for fields in endpoint.identity if endpoint.method == "DELETE" else ():
        rows.append({**_without(examples[0], named), **{name: examples[0].get(name, A_PERSON) for name in fields}})
    return rows


def _without(example, named):
    return {name: value for name, value in example.items() if name not in named}


def _kept(example):
    """Return what a record needs beside the name of its route."""
    needed = ("entityModel", "entity", "text", "name", "category", "submittedAt", "data_type", "data_id")
    return {name: example[name] for name in needed if name in example}


def write_everything(known, tapped, folder):
    """Write the rows of every destination, singly and in batches; and what is looked up first, twice."""
    for endpoint in known.destinations.values():
        rows = rows_of(known, endpoint)
        for path in [row[endpoint.upload] for row in rows] if endpoint.upload else []:
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(b"%PDF \xff")
        params = {"max_deletes": 100} if endpoint.destructive else {}
        params |= {"directory": str(folder)} if endpoint.upload else {}
        for words in [{}, {"delivery": "batch"}] if endpoint.batch else [{}]:
            receipts = tapped.write(endpoint.name, rows, params, **words)
            # Rows made here may name a person twice, which the connector refuses; the schema's examples do not.
            examples = known.write_schema(endpoint)["examples"]
            assert {each.code for each in receipts[: len(examples)]} <= {None, "refused", "already_gone"}, receipts
        if endpoint.batch and endpoint.destructive is False and endpoint.identity[0] == ("id",):
            field = endpoint.identity[1][0]
            tapped.write(endpoint.name, [{field: f"batch-{number}"} for number in range(5)], delivery="batch")
        if endpoint.find_first:
            update_what_is_known(tapped, endpoint, rows[0])


def update_what_is_known(tapped, endpoint, row):
    """Write a record that is there already, so that it is looked up and updated."""
    by = endpoint.find_first.by
    known = next(each for each in tapped.state.content.table(endpoint.find_first.records) if each.get(by))
    links = {"company_id", "company", "people", "assignedTo", "tags"}
    tapped.write(endpoint.name, [{**_without(row, links), by: known[by]}])


@pytest.fixture(scope="module")
def requests(known, tapped, tmp_path_factory):
    """Return every different request that reading and writing everything makes."""
    read_everything(known, tapped)
    write_everything(known, tapped, tmp_path_factory.mktemp("files"))
    report = connector.test_credential(tapped.credential)
    assert report.ok
    different = {(each.method, each.path, repeat(each.query), repeat_body(each)): each for each in tapped.requests}
    return [Seen(each) for each in different.values()]


def repeat(query):
    """Return a query without the number of its page: pages differ in nothing else."""
    return json.dumps({**query, "page": "page" in query}, sort_keys=True)


def repeat_body(request):
    return request.body if "multipart" not in request.headers.get("content-type", "") else len(request.body)


# ------------------------------------------------------------------------------------------------- what is held against


@pytest.fixture(scope="module")
def faults_of(document, operation_of):
    """Return a function that lists what is wrong with a request."""
    dates = {"date-time": _date_check(document["info"]["x-date-formats"])}
    validator = OpenAPI.from_dict(document, config=Config(extra_format_validators=dates)).request_validator
    queries = {each: _query_rules(document, method, path) for each, method, path in _each_operation(document)}
    decoded = _decoders(document)

    def faults(seen):
        operation = operation_of(seen.asked.method, seen.path)
        if operation is None:
            return [f"the document has no operation {seen.asked.method} {seen.path}"]
        found = [f"{error} ({error.__cause__})" for error in validator.iter_errors(seen)]
        rules, one_of = queries[operation.name]
        found += [f"{name} is no query parameter" for name in seen.asked.query if name not in rules]
        found += [f"{name} is given twice" for name, values in seen.asked.query.items() if len(values) > 1]
        if one_of and not set(one_of) & seen.asked.query.keys():
            found.append(f"one of {one_of} must be in the query")
        for name, [text, *_] in seen.asked.query.items():
            schema = rules.get(name, {}).get("x-decoded-schema")
            found += decoded(schema, text) if schema else []
        return found

    return faults


def _date_check(forms):
    """Return what marks a date: the document lists more forms than JSON Schema's `date-time` has."""
    digits = [re.sub(r"[YMDHms]|S+", lambda found: r"\d" * len(found[0]), re.escape(form)) for form in forms]
    known = re.compile("|".join(form.removesuffix("Z") + r"(Z|[+-]\d\d:?\d\d)?" for form in digits))
    return lambda value: not isinstance(value, str) or known.fullmatch(value) is not None


def _each_operation(document):
    for path, entry in document["paths"].items():
        for method, words in entry.items():
            if isinstance(words, dict) and "operationId" in words:
                yield words["operationId"], method, path


def _query_rules(document, method, path):
    """Return the query parameters of an operation by name, and those of which one must be given."""
    entry = document["paths"][path]
    operation = entry[method]
    listed = [_resolved(document, each) for each in (*entry.get("parameters", ()), *operation.get("parameters", ()))]
    rules = {each["name"]: each for each in listed if each["in"] == "query"}
    return rules, operation.get("x-require-one-of-query")


def _resolved(document, value):
    if "$ref" not in value:
        return value
    for part in value["$ref"].removeprefix("#/").split("/"):
        document = document[part]
    return document


def _decoders(document):
    """Return a function that lists what is wrong with the JSON text of a query parameter."""
    registry = Registry().with_resource("vendor:", Resource(contents=document, specification=DRAFT4))

    def faults(reference, text):
        try:
            value = json.loads(text)
        except ValueError:
            return ["is no JSON"]
        validator = OAS30Validator({"$ref": f"vendor:{reference}"}, registry=registry)
        return [error.message for error in validator.iter_errors(value)]

    return faults


@pytest.mark.slow
def test_every_request_is_valid_against_the_document(requests, faults_of):
    judged = [(str(seen), faults_of(seen)) for seen in requests]
    wrong = {seen: faults for seen, faults in judged if faults}
    print(f"\nvalid requests: {len(judged) - len(wrong)} / {len(judged)}")  # noqa: T201 - the figure is what `-s` is for
    assert [f"{seen}: {'; '.join(faults)}" for seen, faults in wrong.items()] == []


def test_together_the_requests_reach_every_operation_that_is_served(requests, operations, operation_of):
    reached = {operation_of(seen.asked.method, seen.path).name for seen in requests}
    excused = {"get_customer", "update_customer", "update_time_track", "delete_time_track"}
    assert {each.name for each in operations} - reached == excused


WRONG = {
    "an unknown path": {"path": "/persons/all"},
    "an unknown query parameter": {"query": {"colour": ["red"]}},
    "a page above the maximum": {"query": {"itemsPerPage": ["201"]}},
    "a page before the first": {"query": {"page": ["0"]}},
    "an order that is not JSON": {"query": {"sorting": ["created_at"]}},
    "an order of another shape": {"query": {"sorting": ['{"field":1,"direction":"asc"}']}},
    "a body with an unknown field": {"method": "POST", "path": "/people", "body": b'{"user_id":"u","x":1}'},
    "a body of the wrong type": {"method": "POST", "path": "/people", "body": b'{"user_id":"u","session_count":"9"}'},
    "no body": {"method": "POST", "path": "/people"},
    "no selector": {"method": "DELETE", "path": "/people"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_the_check_sees_what_is_wrong(faults_of, wrong):
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    asked = {"method": "GET", "path": "/people/all", "query": {}, "body": b"", "headers": headers, **wrong}
    assert faults_of(Seen(SimpleNamespace(**asked)))
    sound = {**asked, "method": "GET", "path": "/people/all", "query": {"page": ["1"]}, "body": b""}
    assert faults_of(Seen(SimpleNamespace(**sound))) == []
