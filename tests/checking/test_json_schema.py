import json
import socket

import jsonschema.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.json_schema import compile_record_check, faults_of
from custify_connector.manifest import resources

NAMES = {"properties": {"people": {}, "companies": {}}, "additionalProperties": False}
WIDE = {"properties": {f"name_{index}": {} for index in range(13)}, "additionalProperties": False}
EVENT = {"properties": {"type": {"enum": ["sent", "failed", 3]}}}
DATE = {"properties": {"at": {"pattern": "^[0-9-]+$", "format": "custify-date"}}}


def texts(value, schema, place="x"):
    return [str(fault) for fault in faults_of(value, schema, place)]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        pytest.param({"required": ["a", "b"]}, {}, ["x.a: is required", "x.b: is required"], id="required"),
        pytest.param(NAMES, {"peeple": 1}, ["x.peeple: unknown field; did you mean 'people'?"], id="close name"),
        pytest.param(NAMES, {"zz": 1}, ["x.zz: unknown field (known: companies, people)"], id="unknown name"),
        pytest.param(WIDE, {"zz": 1}, ["x.zz: unknown field"], id="unknown among many"),
        pytest.param({"unevaluatedProperties": False}, {"a": 1}, ["x.a: unknown field"], id="unevaluated"),
        pytest.param({"type": "object"}, [], ["x: must be object, not an array"], id="type"),
        pytest.param({"type": ["string", "null"]}, 3, ["x: must be string or null, not a number"], id="types"),
        pytest.param({"type": "integer"}, True, ["x: must be integer, not a boolean"], id="boolean for integer"),
        pytest.param({"enum": ["full", "incremental"]}, 7, ["x: must be one of full, incremental"], id="enum"),
        pytest.param(EVENT, {"type": "zzz"}, ["x.type: must be one of sent, failed, 3"], id="enum of text"),
        pytest.param(
            EVENT, {"type": "fail"}, ["x.type: must be one of sent, failed, 3; did you mean 'failed'?"], id="close enum"
        ),
        pytest.param({"const": 1}, 2, ["x: must be 1"], id="const"),
        pytest.param(
            {"anyOf": [{"required": ["id"]}, {"required": ["name", "created_at"]}]},
            {},
            ["x: needs one of id, name with created_at"],
            id="anyOf",
        ),
        pytest.param(
            {"oneOf": [{"required": ["id"]}, {"required": ["email"]}]}, {}, ["x: needs one of id, email"], id="oneOf"
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}]}, 4, ["x: matches none of the allowed forms"], id="forms"
        ),
        pytest.param({"pattern": "^a"}, "b", ["x: does not have the form ^a"], id="pattern"),
        pytest.param(
            DATE,
            {"at": "soon"},
            ["x.at: is not a date that Custify recognises: write 2026-01-31 or 2026-01-31T09:30:00Z"],
            id="date",
        ),
        pytest.param({"not": {"type": "null"}}, None, ["x: has a form that is not allowed"], id="not"),
        pytest.param({"minLength": 1}, "", ["x: must not be empty"], id="empty text"),
        pytest.param({"minLength": 3}, "ab", ["x: has 2 characters; at least 3 are allowed"], id="minLength"),
        pytest.param(
            {"maxLength": 1000}, "a" * 1001, ["x: has 1,001 characters; at most 1,000 are allowed"], id="maxLength"
        ),
        pytest.param({"minItems": 1}, [], ["x: must not be empty"], id="empty list"),
        pytest.param({"minItems": 2}, [1], ["x: has 1 items; at least 2 are allowed"], id="minItems"),
        pytest.param({"maxItems": 1}, [1, 2], ["x: has 2 items; at most 1 are allowed"], id="maxItems"),
        pytest.param({"minProperties": 1}, {}, ["x: must not be empty"], id="empty object"),
        pytest.param({"maxProperties": 1}, {"a": 1, "b": 2}, ["x: has 2 fields; at most 1 are allowed"], id="fields"),
        pytest.param({"minimum": 1}, 0, ["x: is 0; at least 1 is allowed"], id="minimum"),
        pytest.param({"maximum": 1}, 1.5, ["x: is 1.5; at most 1 is allowed"], id="maximum"),
        pytest.param({"exclusiveMinimum": 0}, 0, ["x: is 0; more than 0 is allowed"], id="exclusiveMinimum"),
        pytest.param({"uniqueItems": True}, [1, 1], ["x: has the same item twice"], id="uniqueItems"),
        pytest.param({"multipleOf": 2}, 3, ["x: does not meet the rule 'multipleOf'"], id="a rule without a text"),
        pytest.param(
            {"propertyNames": {"maxLength": 3}},
            {"abcd": 1},
            ["x: has a field named 'abcd', which is not allowed: it has 4 characters; at most 3 are allowed"],
            id="long field name",
        ),
        pytest.param(
            {"propertyNames": {"maxLength": 64}},
            {"a" * 65: 1},
            [f"x: has a field named '{'a' * 60}'…, which is not allowed: it has 65 characters; at most 64 are allowed"],
            id="field name cut short",
        ),
        pytest.param(
            {"propertyNames": {"minLength": 1}},
            {"": 1},
            ["x: has a field named '', which is not allowed: it is empty"],
            id="empty field name",
        ),
        pytest.param(
            {"propertyNames": {"pattern": "^[^.$]*$"}},
            {"a.b": 1},
            ["x: has a field named 'a.b', which is not allowed: no '.' or '$', and not digits alone"],
            id="dot in a field name",
        ),
        pytest.param(
            {"type": "string", "minLength": 3, "errorMessage": "say it like this"},
            "a",
            ["x: say it like this"],
            id="errorMessage",
        ),
    ],
)
def test_every_rule_has_a_text_of_its_own(schema, value, expected):
    assert texts(value, schema) == expected


def test_one_of_several_that_exclude_each_other_is_distinguished_from_none_of_them():
    schema = {"oneOf": [{"required": ["companyId"]}, {"required": ["peopleId"]}]}
    assert texts({"companyId": "c", "peopleId": "p"}, schema) == ["x: takes only one of companyId, peopleId"]


def test_a_sound_value_has_no_fault():
    assert faults_of({"people": 1}, NAMES, "x") == ()


def test_a_place_leads_through_objects_and_lists():
    schema = {"properties": {"a": {"items": {"properties": {"b": {"type": "string"}}}}}}
    assert texts({"a": [{}, {"b": 1}]}, schema) == ["x.a[1].b: must be string, not a number"]
    assert texts({"a": [{}, {"b": 1}]}, schema, "") == ["a[1].b: must be string, not a number"]
    assert texts({}, {"required": ["a"]}, "") == ["a: is required"]


def test_faults_come_in_the_order_of_the_document():
    schema = {"additionalProperties": {"items": {"type": "string"}}}
    found = faults_of({"b": ["x"] * 2 + [0] + ["x"] * 7 + [0], "a": [0]}, schema, "")
    assert [fault.place for fault in found] == ["b[2]", "b[10]", "a[0]"]


def test_half_a_character_is_no_error_of_its_own():
    assert texts("\ud800", {"pattern": "^a$"}) == ["x: does not have the form ^a$"]


def test_the_same_fault_is_reported_once():
    assert texts(3, {"allOf": [{"type": "string"}, {"type": "string"}]}) == ["x: must be string, not a number"]


def test_a_library_text_that_quotes_the_value_is_never_shown(canary):
    """Whatever is wrong with the key, no fault shows it."""
    rules = [
        {"type": "integer"},
        {"enum": ["a"]},
        {"const": "a"},
        {"pattern": "^a$"},
        {"not": {"minLength": 1}},
        {"minLength": 100},
        {"maxLength": 1},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {"oneOf": [{"minLength": 1}, {"minLength": 2}]},
        {"format": "password", "type": "null"},
        {"if": True, "then": False},
        {"contentEncoding": "x", "type": "array"},
    ]
    for rule in rules:
        found = texts({"api_key": canary}, {"properties": {"api_key": rule}})
        assert found
        assert canary not in "".join(found)


@pytest.mark.parametrize("compile_or_check", [compile_record_check, lambda schema: faults_of({}, schema, "")])
def test_a_remote_reference_is_an_error_and_is_never_fetched(compile_or_check, monkeypatch):
    def no_network(*_):
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises((ValueError, jsonschema.exceptions._WrappedReferencingError)):  # noqa: SLF001 - its only name
        compile_or_check({"$ref": "http://127.0.0.1:9/schema.json"})


def test_a_local_reference_is_followed():
    schema = {"$defs": {"name": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/name"}}}
    assert texts({"a": 1}, schema) == ["x.a: must be string, not a number"]
    assert not compile_record_check(schema)({"a": 1})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "d.e", ""]), inner),
    max_leaves=6,
)
leaf_schemas = st.sampled_from(
    [
        {"type": "string"},
        {"type": ["integer", "null"]},
        {"type": "number", "minimum": 0, "maximum": 10},
        {"exclusiveMinimum": 0},
        {"enum": [1, "a", None, True, []]},
        {"const": 0},
        {"minLength": 1, "maxLength": 3},
        {"pattern": "^[a-c]+$"},
        {"pattern": "^\\S*$"},
        {"pattern": "^[^\\s\\u0000-\\u001f]*$"},
        {"minItems": 1, "maxItems": 2},
        {"uniqueItems": True},
        {"minProperties": 1, "maxProperties": 2},
        {"propertyNames": {"pattern": "^[^.$]+$", "maxLength": 1}},
        {"required": ["a"]},
        {"contains": {"type": "string"}},
    ]
)
schemas = st.recursive(
    leaf_schemas,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"properties": st.dictionaries(st.sampled_from(["a", "b", "c"]), inner)},
            optional={"additionalProperties": inner},
        ),
        st.builds(lambda items: {"items": items}, inner),
        st.builds(lambda choices: {"anyOf": choices}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda choices: {"oneOf": choices}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda rules: {"allOf": rules}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda rule: {"not": rule}, inner),
        st.builds(lambda when, then: {"if": when, "then": then}, inner, inner),
    ),
    max_leaves=4,
)


@given(json_values, schemas)
def test_the_fast_check_and_the_faults_agree(value, schema):
    assert compile_record_check(schema)(value) == (not faults_of(value, schema, ""))


def patterns_in(schema):
    """Return every pattern that a schema uses."""
    inner = list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    own = [schema["pattern"]] if isinstance(schema, dict) and isinstance(schema.get("pattern"), str) else []
    return own + [pattern for part in inner for pattern in patterns_in(part)]


PATTERNS = sorted(
    {p for file in resources.root().glob("schemas/**/*.json") for p in patterns_in(json.loads(file.read_bytes()))}
)
TEXTS = [
    "abc",
    "name",
    "2026-01-31",
    "2026-01-31T09:30:00Z",
    "/people/all",
    "7",
    "..",
    "$x",
    "",
    "é",
    "\u0661",
    "\U0001f600",
]


@pytest.mark.slow
def test_the_fast_check_and_the_faults_agree_on_every_pattern_in_use(subtests):
    """Line ends and other scripts are where two engines for patterns differ."""
    for pattern in PATTERNS:
        with subtests.test(pattern):
            check, schema = compile_record_check({"pattern": pattern}), {"pattern": pattern}
            texts = [
                text + ending
                for text in TEXTS
                for ending in ("", "\n", "\r\n", "\u2028", "\u00a0", "\x85", "\x1c", " ")
            ]
            assert [text for text in texts if check(text) != (not faults_of(text, schema, ""))] == []


@given(json_values, schemas)
def test_every_fault_is_a_sentence_about_a_part_of_the_value(value, schema):
    for fault in faults_of(value, schema, "x"):
        assert fault.place.startswith("x")
        assert fault.reason


def test_the_fast_check_refuses_a_schema_that_is_none():
    with pytest.raises(ValueError, match="nonsense"):
        compile_record_check({"type": "nonsense"})
