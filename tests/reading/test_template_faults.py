"""A source that cannot be meant is refused with every fault, each with its place and what to do about it."""

import pytest

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError
from custify_connector.reading.template import expand_source

KNOWN = manifest.load()
ID = "65f1bf11b7d4e8f90123ab01"


def faults(source):
    with pytest.raises(ConfigurationError) as caught:
        expand_source(source, KNOWN)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, ["source: must be object, not null"]),
        ("people", ["source: must be object, not text"]),
        ({}, ["source.endpoint: is required"]),
        ({"endpoint": "peopel"}, ["source.endpoint: there is no 'peopel'; did you mean 'people'?"]),
        ({"endpoint": 5}, ["source.endpoint: must be string, not a number"]),
        (
            {"endpont": "people"},
            ["source.endpoint: is required", "source.endpont: unknown field; did you mean 'endpoint'?"],
        ),
        ({"endpoint": "people", "params": []}, ["source.params: must be object, not an array"]),
        (
            {"endpoint": "people", "params": {"emial": "a"}},
            ["source.params.emial: people has no such parameter; did you mean 'email'?"],
        ),
        ({"endpoint": "people", "params": {"email": 5}}, ["source.params.email: must be string, not a number"]),
        ({"endpoint": "people", "params": {"email": ""}}, ["source.params.email: must not be empty"]),
        ({"endpoint": "people", "params": {"filters": {}}}, ["source.params.filters: must be array, not an object"]),
        ({"endpoint": "people", "params": {"sorting": "name"}}, ["source.params.sorting: must be object, not text"]),
        (
            {"endpoint": "people", "params": {"includeSegments": "yes"}},
            ["source.params.includeSegments: must be boolean, not text"],
        ),
        (
            {"endpoint": "comments", "params": {"entityModel": "Deal"}},
            ["source.params.entityModel: must be one of Note, Task"],
        ),
        (
            {"endpoint": "comments", "params": {"entity": ID}},
            ["source.params.entityModel: is required beside entity: it says what the parent is"],
        ),
        (
            {"endpoint": "people", "params": {"id": ID, "email": "a"}},
            ["source.params: has id and email: only one can choose the records"],
        ),
        (
            {"endpoint": "people", "mode": "incremental", "params": {"id": ID}},
            ["source.mode: a look-up by id can only be read in full"],
        ),
        (
            {"endpoint": "tags", "mode": "incremental"},
            ["source.mode: tags can only be read in full: Custify gives it no cursor"],
        ),
        (
            {"endpoint": "people", "mode": "incremental", "params": {"sorting": {}}},
            ["source.params.sorting: an incremental read needs an order"],
        ),
        (
            {"endpoint": "people", "mode": "ful"},
            ["source.mode: must be one of full, incremental; did you mean 'full'?"],
        ),
        ({"endpoint": "people", "limit": 0}, ["source.limit: is 0; at least 1 is allowed"]),
        ({"endpoint": "people", "fields": []}, ["source.fields: must not be empty"]),
        (
            {"endpoint": "people", "settings": {"max_inflight": 1}},
            ["source.settings.max_inflight: unknown field; did you mean 'max_in_flight'?"],
        ),
        (
            {"endpoint": "people", "settings": {"max_in_flight": 65}},
            ["source.settings.max_in_flight: is 65; at most 64 is allowed"],
        ),
        (
            {"endpoint": "people", "settings": {"rate_limit": {"requests": 0, "seconds": 1}}},
            ["source.settings.rate_limit.requests: is 0; at least 1"],
        ),
        (
            {"endpoint": "people", "settings": {"rate_limit": {"requests": 1, "seconds": float("nan")}}},
            ["source.settings.rate_limit.seconds: "],
        ),
        ({"endpoint": "signals"}, ["source.settings.undocumented: signals is not in Custify's documentation"]),
        (
            {"endpoint": "company_usage", "settings": {"undocumented": True}},
            ["source.params.id: is required to read company_usage this way"],
        ),
        (
            {"endpoint": "tags", "params": {"id": "not-an-id"}},
            ["source.params.id: 'not-an-id' is not a Custify id, which has 24 hexadecimal digits (to ask anyway: "],
        ),
        (
            {"endpoint": "files", "params": {"companyId": ID[1:], "peopleId": f"{ID} "}},
            ["source.params.companyId: ", "source.params.peopleId: "],
        ),
        ({"endpoint": "objectives", "params": {"company": 30 * "ab"}}, ["source.params.company: 'abab"]),
        ({"endpoint": "people", "params": {"id": ".."}}, ["source.params.id: "]),
        ({"endpoint": "people", "params": {"id": "."}}, ["source.params.id: "]),
        ({"endpoint": "people", "params": {"filters": [object()]}}, ["source.params.filters"]),
        ({"endpoint": "people", "params": {"filters": [{1: 2}]}}, ["source.params.filters"]),
        ({"endpoint": "people", "params": {"filters": [float("nan")]}}, ["source.params.filters"]),
        ({"endpoint": "people", "params": {"email": "\ud800"}}, ["source.params.email"]),
        ({"request": {}}, ["source.request.path: is required"]),
        (
            {"request": {"path": "people"}},
            ["source.request.path: must be a path below the base URL, such as /people/all"],
        ),
        (
            {"request": {"path": "/a b"}},
            ["source.request.path: must be a path below the base URL, such as /people/all"],
        ),
        ({"request": {"path": "/people?x=1"}}, ["source.request.path: must be a path below"]),
        ({"request": {"path": "//evil.example"}}, ["source.request.path: "]),
        ({"request": {"path": "/a/../b"}}, ["source.request.path: "]),
        ({"request": {"path": "/a", "method": "DELETE"}}, ["source.request.method: must be one of GET, POST"]),
        ({"request": {"path": "/a"}, "endpoint": "people"}, ["source.endpoint: unknown field"]),
        ({"request": {"path": "/a"}, "page": {"parameter": "page"}}, ["source.page.size: is required"]),
        ({"request": {"path": "/a"}, "key": [[]]}, ["source.key[0]: must not be empty"]),
        (
            {"request": {"path": "/a/{id}"}},
            ["source.request.path: {id} is never filled in: write the value, or name it in every"],
        ),
        ({"request": {"path": "/a/{"}}, ["source.request.path: "]),
        ({"request": {"path": "/a/{}"}}, ["source.request.path: "]),
        ({"request": {"path": "/a", "query": {"q": object()}}}, ["source.request.query"]),
        (
            {
                "request": {"path": "/a"},
                "partitions": [{"parents": {"request": {"path": "/b/{x}"}}, "take": {"a": "id"}}],
            },
            ["source.partitions[0].parents.request.path: {x} is never filled in"],
        ),
        (
            {"request": {"path": "/a/{id}"}, "partitions": [{"values": {"id": "1"}}, {}]},
            ["source.request.path: {id} is never filled in"],
        ),
        ({"request": {"path": "/a"}, "partitions": [{"take": {"a": "id"}}]}, ["source.partitions[0]"]),
    ],
    ids=lambda value: value[0][:60] if isinstance(value, list) else "",
)
def test_a_wrong_source_is_refused_with_place_and_remedy(source, said):
    texts = sorted(faults(source))
    assert len(texts) == len(said), texts
    assert all(text.startswith(start) for text, start in zip(texts, sorted(said), strict=True)), texts


def test_every_fault_of_the_parameters_is_said_at_once():
    params = {"emial": "a", "user_id": 5, "filters": "x", "id": ""}
    assert len(faults({"endpoint": "people", "params": params, "mode": "incremental"})) >= 5


def test_partitions_that_fill_every_name_are_accepted():
    manual = {
        "request": {"path": "/a/{kind}/{id}"},
        "partitions": [{"values": {"kind": "k"}, "parents": {"request": {"path": "/b"}}, "take": {"id": "id"}}],
    }
    assert expand_source(manual, KNOWN) == manual


def test_a_manual_source_that_is_read_incrementally_names_its_cursor():
    """Else it would be read in full without a word."""
    manual = {"request": {"path": "/people/all"}, "records": ["people"], "mode": "incremental"}
    with pytest.raises(ConfigurationError) as caught:
        expand_source(manual, KNOWN)
    assert [fault.place for fault in caught.value.faults] == ["source.incremental"]
    assert expand_source({**manual, "incremental": {"cursor": "updated_at"}}, KNOWN)["mode"] == "incremental"


def test_an_id_of_another_form_is_asked_for_where_the_settings_say_so():
    source = {"endpoint": "tags", "params": {"id": "not-an-id"}, "settings": {"check_ids": False}}
    assert expand_source(source, KNOWN)["request"]["path"] == "/tag/not-an-id"


def test_each_parameter_that_is_an_id_of_custify_is_checked(subtests):
    """Custify answers a malformed one with a server error, as if it were down."""
    for source in KNOWN.sources.values():
        for parameter in source.parameters.values():
            with subtests.test(f"{source.name} {parameter.name}"):
                assert (parameter.format == "object-id") is parameter.help.startswith("Custify's id of")
