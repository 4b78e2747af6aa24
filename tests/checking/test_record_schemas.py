import copy
import json
import re
from pathlib import Path

import jsonschema
import jsonschema_rs
import pytest
import referencing
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMAS = Path(__file__).parents[2] / "schemas"
# For each kind of record that is read: its key, where Custify's docs name one.
KEYS = {
    "calculated_metric": ["id"],
    "comment": [],
    "company": ["id"],
    "company_person": ["company", "id"],
    "custom_data": ["data_type", "data_id"],
    "deal": [],
    "file": ["id"],
    "health_score": ["id"],
    "invoice": [],
    "lifecycle": ["id"],
    "meeting": ["id"],
    "note": ["id"],
    "objective": ["id"],
    "person": ["id"],
    "playbook": ["id"],
    "segment": ["id"],
    "subscription": [],
    "survey": ["id"],
    "survey_response": ["id"],
    "tag": ["id"],
    "task": ["id"],
    "ticket": ["id"],
    "time_track": ["id"],
}
# For each destination: the fields that it requires, and those of which it requires one.
DESTINATIONS = {
    "add_ticket_reply": ("externalId", ""),
    "create_event": ("name created_at", "user_id email company_id"),
    "create_task": ("name priority status", ""),
    "create_ticket": ("", ""),
    "create_time_track": ("user name duration startedDate", ""),
    "delete_company": ("", "id company_id"),
    "delete_custom_data": ("entityModel data_type data_id", "entity company_id user_id"),
    "delete_deal": ("", "externalId entity"),
    "delete_invoice": ("", "externalId entity"),
    "delete_person": ("", "id user_id email"),
    "delete_subscription": ("", "externalId entity"),
    "delete_tag": ("id", ""),
    "delete_ticket": ("externalId", ""),
    "submit_csat_score": ("score", "entity email user_id"),
    "submit_nps_score": ("score", "entity email user_id"),
    "tag_entities": ("ids type category tag", ""),
    "tag_people": ("ids tag type", ""),
    "update_task": ("id", ""),
    "update_ticket": ("externalId", ""),
    "upload_file": ("path", "companyId peopleId"),
    "upsert_comment": ("entityModel entity text", ""),
    "upsert_company": ("", "id company_id"),
    "upsert_custom_data": ("entityModel", "entity company_id user_id"),
    "upsert_deal": ("externalId", ""),
    "upsert_invoice": ("externalId", ""),
    "upsert_note": ("text entity entityModel", ""),
    "upsert_person": ("", "id user_id email"),
    "upsert_subscription": ("externalId", ""),
    "upsert_tag": ("name category", ""),
}
READS = sorted(f"records/{file.stem}" for file in (SCHEMAS / "records").glob("*.json"))
WRITES = sorted(f"writes/{file.stem}" for file in (SCHEMAS / "writes").glob("*.json"))
NAMES = [*READS, *WRITES]
FILES = {name: (SCHEMAS / f"{name}.json").read_text(encoding="utf-8") for name in NAMES}
SCHEMA = {name: json.loads(text) for name, text in FILES.items()}

PERSON_UNSETTABLE = {
    "name",
    "phone",
    "session_count",
    "signed_up_at",
    "unsubscribed_from_calls",
    "unsubscribed_from_emails",
}
COMPANY_UNSETTABLE = {
    "industry",
    "monthly_revenue",
    "name",
    "owners_account",
    "owners_csm",
    "plan",
    "signed_up_at",
    "size",
    "website",
}
OWN_OR_CUSTIFY_IDS = {
    "company",
    "companyId",
    "company_id",
    "data_id",
    "deduplication_id",
    "entity",
    "externalId",
    "id",
    "people",
    "peopleId",
    "surveyId",
    "tag",
    "user_id",
}


def no_network(uri):
    raise AssertionError(f"a schema asked for {uri}")


def fast(schema):
    return jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions(), retriever=no_network)


def reference(schema):
    return jsonschema.Draft202012Validator(schema, registry=referencing.Registry())


FAST = {name: fast(schema) for name, schema in SCHEMA.items()}
REFERENCE = {name: reference(schema) for name, schema in SCHEMA.items()}


def faults(name, record):
    """Return what the validator finds, as (keyword, dotted path), in a fixed order."""
    return sorted(
        (str(error.schema_path[-1]), ".".join(map(str, error.instance_path)))
        for error in FAST[name].iter_errors(record)
    )


def properties(schema, path=""):
    """Yield every property of a schema, at any depth, with its dotted path."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}{name}", child
        yield from properties(child, f"{path}{name}.")
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from properties(schema[keyword], f"{path}{keyword}.")


def types(schema):
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


# What every file has


def test_a_schema_is_valid_draft_2020_12(subtests):
    for name in NAMES:
        with subtests.test(name):
            assert SCHEMA[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
            jsonschema.Draft202012Validator.check_schema(SCHEMA[name])


def test_a_schema_says_what_it_is_and_describes_every_property(subtests):
    for name in NAMES:
        with subtests.test(name):
            schema = SCHEMA[name]
            assert schema["type"] == "object"
            assert schema["title"]
            assert schema["description"].endswith(".")
            assert schema["examples"]
            nameless = [path for path, child in properties(schema) if not child.get("description", "").endswith(".")]
            assert nameless == []


def test_a_schemas_examples_are_valid_by_both_validators(subtests):
    for name in NAMES:
        with subtests.test(name):
            for example in SCHEMA[name]["examples"]:
                assert faults(name, example) == []
                assert list(REFERENCE[name].iter_errors(example)) == []


def test_a_schemas_examples_name_only_fields_that_it_declares(subtests):
    for name in NAMES:
        with subtests.test(name):
            for example in SCHEMA[name]["examples"]:
                assert set(example) <= set(SCHEMA[name]["properties"])


def test_a_schema_requires_only_fields_that_it_declares(subtests):
    for name in NAMES:
        with subtests.test(name):
            assert set(SCHEMA[name].get("required", [])) <= set(SCHEMA[name]["properties"])


def test_a_file_is_plain_readable_text(subtests):
    for name in NAMES:
        with subtests.test(name):
            text = FILES[name]
            assert text.endswith("}\n")
            assert "\t" not in text
            assert "\\u" not in text
            assert all((len(line) - len(line.lstrip(" "))) % 2 == 0 for line in text.splitlines())


def test_a_pattern_is_anchored_and_looks_neither_ahead_nor_behind(subtests):
    for name in NAMES:
        with subtests.test(name):
            patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', FILES[name])
            assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)
            assert not [pattern for pattern in patterns if "(?" in pattern]


# Records that are read


def test_a_read_schema_uses_simple_types_only(subtests):
    for name in READS:
        with subtests.test(name):
            schema = SCHEMA[name]
            assert schema["additionalProperties"] is True
            assert not re.search(r'"(anyOf|oneOf|allOf|not|if|\$ref|\$defs|enum|const)":', FILES[name])
            for path, child in properties(schema):
                assert len([kind for kind in types(child) if kind != "null"]) <= 1, path


def test_every_read_property_outside_the_key_may_be_null(subtests):
    for name in READS:
        with subtests.test(name):
            schema = SCHEMA[name]
            for path, child in properties(schema):
                expected = path not in schema.get("required", [])
                assert ("null" in types(child) or "type" not in child) is expected, path


def test_a_read_schema_requires_the_key_and_nothing_else(subtests):
    for name, key in KEYS.items():
        with subtests.test(name):
            assert SCHEMA[f"records/{name}"].get("required", []) == key


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("company_person", "company"),
        ("company_person", "activity"),
        ("comment", "entity"),
        ("comment", "entityModel"),
        ("custom_data", "entity"),
        ("custom_data", "entityModel"),
        ("survey_response", "survey"),
        ("objective", "company"),
        ("calculated_metric", "type"),
        ("segment", "type"),
        ("playbook", "type"),
    ],
)
def test_a_record_read_below_a_parent_names_it(name, field):
    assert field in SCHEMA[f"records/{name}"]["properties"]


# Records that are written


def test_a_write_schema_refuses_unknown_fields_at_every_level(subtests):
    for name in WRITES:
        with subtests.test(name):
            assert SCHEMA[name]["additionalProperties"] is False
            example = SCHEMA[name]["examples"][0]
            assert ("additionalProperties", "") in faults(name, {**example, "surprise": 1})
            for path, child in properties(SCHEMA[name]):
                nested = child.get("items", child)
                if "properties" in nested:
                    assert nested["additionalProperties"] is False, path


def test_a_write_schema_refers_to_nothing_elsewhere(subtests):
    for name in WRITES:
        with subtests.test(name):
            assert "$ref" not in FILES[name]


def test_a_required_field_left_out_is_refused(subtests):
    for destination, (required, _) in DESTINATIONS.items():
        with subtests.test(destination):
            name = f"writes/{destination}"
            assert SCHEMA[name].get("required", []) == required.split()
            example = SCHEMA[name]["examples"][0]
            for field in required.split():
                record = {key: value for key, value in example.items() if key != field}
                assert ("required", "") in faults(name, record), field


def test_a_record_that_names_no_one_is_refused(subtests):
    for destination, (_, selectors) in DESTINATIONS.items():
        with subtests.test(destination):
            name = f"writes/{destination}"
            schema = SCHEMA[name]
            keyword = "oneOf" if "oneOf" in schema else "anyOf"
            branches = schema.get(keyword, [])
            assert branches == [{"required": [field]} for field in selectors.split()]
            if branches:
                for example in schema["examples"]:
                    record = {key: value for key, value in example.items() if key not in selectors.split()}
                    assert (keyword, "") in faults(name, record)


def test_a_selector_or_a_required_field_is_never_null_and_a_selector_never_empty(subtests):
    for name in WRITES:
        with subtests.test(name):
            schema = SCHEMA[name]
            required = schema.get("required", [])
            selectors = [branch["required"][0] for branch in schema.get("anyOf", schema.get("oneOf", []))]
            for field in required + selectors:
                assert "null" not in types(schema["properties"][field]), field
            for field in selectors:
                assert schema["properties"][field]["minLength"] == 1, field
            if "delete" in name:
                for field in required:
                    assert schema["properties"][field].get("minLength") == 1 or "enum" in schema["properties"][field], (
                        field
                    )


def test_every_written_property_has_a_type(subtests):
    for name in WRITES:
        with subtests.test(name):
            for path, child in properties(SCHEMA[name]):
                assert child.get("type"), path
                assert child.get("items", child).get("type"), path


@pytest.mark.parametrize(
    ("name", "cleared"), [("upsert_person", PERSON_UNSETTABLE), ("upsert_company", COMPANY_UNSETTABLE)]
)
def test_exactly_the_fields_that_can_be_unset_may_be_null_or_unset(name, cleared):
    name = f"writes/{name}"
    schema = SCHEMA[name]
    nullable = {field for field, child in schema["properties"].items() if "null" in types(child)}
    assert nullable == cleared
    base = {"id": "1"}
    for field in schema["properties"]:
        accepted = faults(name, {**base, "$unset": [field]}) == []
        assert accepted is (field in cleared), field
    assert faults(name, {**base, "$unset": ["custom_attributes.seat type"]}) == []
    assert faults(name, {**base, "$unset": ["custom_attributes.a.b"]}) == [("pattern", "$unset.0")]
    assert faults(name, {**base, "$unset": [*cleared]}) == []
    assert faults(name, {**base, "$unset": ["name", "name"]}) == [("uniqueItems", "$unset")]
    assert faults(name, {**base, "custom_attributes": {"seat": None}}) == []


@pytest.mark.parametrize("name", ["writes/upsert_person", "writes/upsert_company"])
def test_a_standard_field_cannot_be_set_and_unset_in_one_record(name):
    for field in SCHEMA[name]["dependentSchemas"]:
        record = {"id": "1", field: None, "$unset": [field]}
        assert faults(name, record) == [("not", "$unset")]
        others = [other for other in SCHEMA[name]["dependentSchemas"] if other != field]
        assert faults(name, {**record, "$unset": others}) == []
    assert set(SCHEMA[name]["dependentSchemas"]) in (PERSON_UNSETTABLE, COMPANY_UNSETTABLE)


def test_a_list_of_words_holds_no_empty_one(subtests):
    for name in WRITES:
        with subtests.test(name):
            for path, child in properties(SCHEMA[name]):
                items = child.get("items", {})
                if "string" in types(items):
                    assert items.get("minLength") == 1 or "pattern" in items, path


IDENTIFIERS = {"identifier", "object-id"}


def test_what_is_called_custifys_id_has_its_format_and_your_own_id_has_not(subtests):
    for name in WRITES:
        with subtests.test(name):
            for path, child in properties(SCHEMA[name]):
                said = child.get("description", "")
                named = said.startswith(("Your own id", "Custify id", "Custify's own id"))
                if child.get("format") in IDENTIFIERS and named:
                    assert (child["format"] == "identifier") == said.startswith("Your own id"), path


def test_an_identifier_may_be_a_number_and_is_never_empty(subtests):
    for name in WRITES:
        with subtests.test(name):
            for path, child in properties(SCHEMA[name]):
                if path.rpartition(".")[2] in OWN_OR_CUSTIFY_IDS:
                    assert child["format"] in IDENTIFIERS, path
                if child.get("format") in IDENTIFIERS:
                    assert {"string", "integer"} <= set(types(child)), path
                    assert child["minLength"] == 1, path


# The limits that Custify's docs name

USER = {"user_id": "u-1001"}
COMPANY = {"company_id": "c-77"}
EVENT = {"name": "report_exported", "created_at": "2026-01-10", "user_id": "u-1001"}
TOO_BIG = 2**31
TOO_SMALL = -(2**31) - 1


def attributes(name, value):
    return {"custom_attributes": {name: value}}


LIMITS = [
    # Texts: 255 characters in people and companies, 100 in events
    *(
        ("upsert_person", USER, {field: "é" * 255}, {field: "é" * 256}, ("maxLength", field))
        for field in ("id", "user_id", "email", "name", "phone")
    ),
    *(
        ("upsert_company", COMPANY, {field: "é" * 255}, {field: "é" * 256}, ("maxLength", field))
        for field in (
            "id",
            "company_id",
            "name",
            "website",
            "industry",
            "plan",
            "owners_csm",
            "owners_account",
        )
    ),
    *(
        ("create_event", EVENT, {field: "é" * 100}, {field: "é" * 101}, ("maxLength", field))
        for field in ("name", "user_id", "email", "company_id", "deduplication_id")
    ),
    (
        "create_event",
        EVENT,
        {"metadata": {"a": "é" * 100}},
        {"metadata": {"a": "é" * 101}},
        ("maxLength", "metadata.a"),
    ),
    # Whole numbers: 32 bits in people, companies and events
    *(
        (name, base, {field: good}, {field: bad}, (keyword, field))
        for name, base, field in (
            ("upsert_person", USER, "session_count"),
            ("upsert_company", COMPANY, "size"),
            ("upsert_company", COMPANY, "monthly_revenue"),
        )
        for good, bad, keyword in (
            (TOO_BIG - 1, TOO_BIG, "maximum"),
            (TOO_SMALL + 1, TOO_SMALL, "minimum"),
            (1.0, 1.5, "type"),
        )
    ),
    (
        "create_event",
        EVENT,
        {"metadata": {"a": TOO_BIG - 1}},
        {"metadata": {"a": TOO_BIG}},
        ("maximum", "metadata.a"),
    ),
    (
        "create_event",
        EVENT,
        {"metadata": {"a": TOO_SMALL + 0.5}},
        {"metadata": {"a": TOO_SMALL}},
        ("minimum", "metadata.a"),
    ),
    # Event metadata: 50 keys, flat
    (
        "create_event",
        EVENT,
        {"metadata": {f"k{n}": n for n in range(50)}},
        {"metadata": {f"k{n}": n for n in range(51)}},
        ("maxProperties", "metadata"),
    ),
    ("create_event", EVENT, {"name": "n"}, {"name": ""}, ("minLength", "name")),
    ("create_event", EVENT, {"metadata": {"a": None}}, {"metadata": {"a": {}}}, ("type", "metadata.a")),
    ("create_event", EVENT, {"metadata": {"a": False}}, {"metadata": {"a": []}}, ("type", "metadata.a")),
    # Custom attributes of people and companies
    *(
        (name, base, good, bad, fault)
        for name, base in (("upsert_person", USER), ("upsert_company", COMPANY))
        for good, bad, fault in (
            (
                {"custom_attributes": {f"k{n}": n for n in range(250)}},
                {"custom_attributes": {f"k{n}": n for n in range(251)}},
                ("maxProperties", "custom_attributes"),
            ),
            (attributes("é" * 190, 1), attributes("é" * 191, 1), ("maxLength", "custom_attributes")),
            (attributes("a-b", 1), attributes("a.b", 1), ("pattern", "custom_attributes")),
            (attributes("a_b", 1), attributes("a$b", 1), ("pattern", "custom_attributes")),
            (attributes("12a", 1), attributes("12", 1), ("not", "custom_attributes")),
            (attributes(" ", 1), attributes("", 1), ("minLength", "custom_attributes")),
            (attributes("a", "é" * 255), attributes("a", "é" * 256), ("maxLength", "custom_attributes.a")),
            (attributes("a", TOO_BIG - 1), attributes("a", TOO_BIG), ("maximum", "custom_attributes.a")),
            (attributes("a", TOO_SMALL + 1), attributes("a", TOO_SMALL), ("minimum", "custom_attributes.a")),
            (
                attributes("a", TOO_BIG + 0.5),
                attributes("a", float(TOO_BIG)),
                ("maximum", "custom_attributes.a"),
            ),
            (attributes("a", value=True), attributes("a", [1]), ("type", "custom_attributes.a")),
            (attributes("a", None), attributes("a", {}), ("required", "custom_attributes.a")),
            (
                attributes("a", {"value": 9e9, "currency": "EUR"}),
                attributes("a", {"value": 100, "currency": "EUR", "rate": 1}),
                ("additionalProperties", "custom_attributes.a"),
            ),
            (
                attributes("a", {"value": 0.5, "currency": "usd"}),
                attributes("a", {"value": 0.5, "currency": "euro"}),
                ("pattern", "custom_attributes.a.currency"),
            ),
            (
                attributes("a", {"value": -1, "currency": "EUR"}),
                attributes("a", {"value": "100", "currency": "EUR"}),
                ("type", "custom_attributes.a.value"),
            ),
        )
    ),
    # Tagging: 100 ids in one call, as Custify's own client sends them
    *(
        (name, base, {"ids": ["i"] * 100}, {"ids": ["i"] * 101}, ("maxItems", "ids"))
        for name, base in (
            ("tag_people", {"tag": "t", "type": "add"}),
            ("tag_entities", {"tag": "t", "type": "add", "category": "task"}),
        )
    ),
    *(
        (name, base, good, bad, fault)
        for name, base in (
            ("tag_people", {"tag": "t", "ids": ["i"], "type": "add"}),
            ("tag_entities", {"tag": "t", "ids": ["i"], "type": "add", "category": "task"}),
        )
        for good, bad, fault in (
            ({"ids": [1]}, {"ids": []}, ("minItems", "ids")),
            ({"ids": ["1"]}, {"ids": [""]}, ("minLength", "ids.0")),
            ({"type": "remove"}, {"type": "delete"}, ("enum", "type")),
        )
    ),
    # Scores and closed lists
    ("submit_nps_score", USER, {"score": 0}, {"score": -1}, ("minimum", "score")),
    ("submit_nps_score", USER, {"score": 10}, {"score": 11}, ("maximum", "score")),
    ("submit_csat_score", USER, {"score": 1}, {"score": 0}, ("minimum", "score")),
    ("submit_csat_score", USER, {"score": 5}, {"score": 6}, ("maximum", "score")),
    ("submit_csat_score", USER, {"score": 5}, {"score": 4.5}, ("type", "score")),
    *(
        (name, base, good, bad, fault)
        for name, base in (
            ("create_task", {"name": "n", "priority": "high", "status": "done"}),
            ("update_task", {"id": "1"}),
        )
        for good, bad, fault in (
            ({"name": "n"}, {"name": ""}, ("minLength", "name")),
            ({"priority": "low"}, {"priority": "urgent"}, ("enum", "priority")),
            ({"status": "not relevant"}, {"status": "snoozed"}, ("enum", "status")),
            (
                {"checklist": [{"name": "n", "completed": False}]},
                {"checklist": [{"name": "n"}]},
                ("required", "checklist.0"),
            ),
        )
    ),
    (
        "create_time_track",
        {"name": "n", "duration": 60, "startedDate": "2026-01-12"},
        {"user": "csm@vendor.example"},
        {"user": ""},
        ("minLength", "user"),
    ),
    ("add_ticket_reply", {"externalId": "1"}, {"type": "note"}, {"type": "email"}, ("enum", "type")),
    (
        "upsert_note",
        {"text": "t", "entity": "1"},
        {"entityModel": "Customer"},
        {"entityModel": "Person"},
        ("enum", "entityModel"),
    ),
    (
        "upsert_comment",
        {"text": "t", "entity": "1"},
        {"entityModel": "Task"},
        {"entityModel": "Ticket"},
        ("enum", "entityModel"),
    ),
    (
        "tag_entities",
        {"tag": "t", "ids": ["i"], "type": "add"},
        {"category": "time_tracker"},
        {"category": "deal"},
        ("enum", "category"),
    ),
    ("upsert_tag", {"name": "t"}, {"category": "meeting"}, {"category": "companies"}, ("enum", "category")),
    # Links between people and companies
    *(
        (name, base, {field: good}, {field: bad}, (keyword, f"{field}.0{place}"))
        for name, base, field in (
            ("upsert_person", USER, "companies"),
            ("upsert_company", COMPANY, "parent_companies"),
        )
        for good, bad, keyword, place in (
            ([{"id": "é" * 255}], [{"id": "é" * 256}], "maxLength", ".id"),
            ([{"company_id": "é" * 255}], [{"company_id": "é" * 256}], "maxLength", ".company_id"),
            ([{"company_id": "c", "remove": True}], [{"company_id": "c", "remove": None}], "type", ".remove"),
            ([{"company_id": "c"}], [{"remove": True}], "anyOf", ""),
        )
    ),
    # Whose record it is
    ("delete_person", {}, USER, {**USER, "email": "a@example.com"}, ("maxProperties", "")),
    ("delete_company", {}, COMPANY, {**COMPANY, "id": "1"}, ("maxProperties", "")),
    ("upload_file", {"path": "a"}, {"companyId": "1"}, {"companyId": "1", "peopleId": "2"}, ("oneOf", "")),
    ("upload_file", {"companyId": "1"}, {"path": "a"}, {"path": ""}, ("minLength", "path")),
    ("update_task", {"id": "1"}, {"name": "n"}, {}, ("minProperties", "")),
    ("update_ticket", {"externalId": "1"}, {"title": "t"}, {}, ("minProperties", "")),
    ("add_ticket_reply", {"externalId": "1"}, {"body": "b"}, {}, ("minProperties", "")),
    ("create_ticket", {}, {"title": "t"}, {}, ("minProperties", "")),
    *(
        (name, {"data_type": "t", "data_id": 1, **extra}, good, bad, fault)
        for name, extra in (("upsert_custom_data", {"data": {}}), ("delete_custom_data", {}))
        for good, bad, fault in (
            (
                {"entityModel": "companies", "company_id": "c"},
                {"entityModel": "companies", "company_id": "c", "entity": "1"},
                ("oneOf", ""),
            ),
            (
                {"entityModel": "people", "user_id": "u"},
                {"entityModel": "companies", "user_id": "u"},
                ("const", "entityModel"),
            ),
            (
                {"entityModel": "companies", "company_id": "c"},
                {"entityModel": "people", "company_id": "c"},
                ("const", "entityModel"),
            ),
            (
                {"entityModel": "people", "entity": "1"},
                {"entityModel": "Company", "entity": "1"},
                ("enum", "entityModel"),
            ),
        )
    ),
]


def test_a_limit_holds_to_the_last_unit_and_is_named_when_broken(subtests):
    for destination, base, good, bad, fault in LIMITS:
        with subtests.test(f"{destination} {bad}"):
            name = f"writes/{destination}"
            assert faults(name, {**base, **good}) == []
            found = faults(name, {**base, **bad})
            assert fault in found
            assert {path for _, path in found} == {fault[1]}
            assert not REFERENCE[name].is_valid({**base, **bad})


# Dates

DATES = {
    "2026-01-31": True,
    "2026-01-31 09:30": True,
    "2026-01-31 09:30:00": True,
    "2026-01-31T09:30:00": True,
    "2026-01-31T09:30:00.000Z": True,
    "2026-01-31T09:30:00.123456+02:00": True,
    "2026-01-31T09:30:00.1234-0330": True,
    "2026-01-31 09:30:00.123": True,
    "2026-01-31 23:59:59Z": True,
    "2026-01-31 09:30:00+00:00": True,
    "2026-01-31T09:30": False,
    "2026-01-31 09:30Z": False,
    "2026-01-31Z": False,
    "2026-01-31T09:30:00.1": False,
    "2026-01-31T09:30:00.1234567Z": False,
    "2026-01-31T09:30:00+02": False,
    "2026-01-31T09:30:00z": False,
    "2026-01-31t09:30:00Z": False,
    "2026-01-31  09:30": False,
    "2026-01-31\n": False,
    "2026-13-01": False,
    "2026-00-10": False,
    "2026-01-32": False,
    "2026-01-31 24:00": False,
    "2026-01-31 09:60": False,
    "26-01-31": False,
    "2026-1-31": False,
    "31.01.2026": False,
    "20260131": False,
    "٢٠٢٦-01-31": False,
    "": False,
}


def test_exactly_the_forms_that_custify_recognises_are_dates(subtests):
    for text, recognised in DATES.items():
        with subtests.test(text):
            assert (faults("writes/create_event", {**EVENT, "created_at": text}) == []) is recognised


def test_every_date_that_is_written_has_the_same_pattern(subtests):
    for name in WRITES:
        with subtests.test(name):
            dates = SCHEMA["writes/create_event"]["properties"]["created_at"]["pattern"]
            for path, child in properties(SCHEMA[name]):
                is_date = path.rpartition(".")[2].endswith(("At", "_at", "Date", "Since"))
                assert (child.get("format") == "custify-date") is is_date, path
                assert child.get("pattern") == dates or not is_date, path


# Both validators, the same verdict. No text here ends in a line feed: for Python's `re`, which jsonschema
# uses, `$` stands before it too. jsonschema_rs, which checks the records, refuses it, as JSON Schema means it.

LONG = [letter * length for letter in "a9é😀" for length in (99, 100, 101, 190, 191, 255, 256)]
DATE_TEXTS = [text for text in DATES if not text.endswith("\n")]
TEXTS = st.text("a9é😀 .$-:TZ", max_size=6) | st.sampled_from(LONG + DATE_TEXTS)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([TOO_BIG, TOO_SMALL])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
FIELDS = (
    st.sampled_from(["$unset", "custom_attributes", "metadata", "value", "currency", "id", "remove", "12", "a.b"])
    | st.text("a1.$_é", max_size=3)
    | st.sampled_from(["a" * 190, "a" * 191])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """Yield every place in a record that a mutation can strike."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


@st.composite
def mutants(draw, name):
    """Draw a valid example with up to three changes: a value replaced, a key taken out, a key put in."""
    record = copy.deepcopy(draw(st.sampled_from(SCHEMA[name]["examples"])))
    fields = sorted(SCHEMA[name]["properties"])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([*places(record)]))
        holder = record
        for key in path[:-1]:
            holder = holder[key]
        target = holder[path[-1]] if path else record
        if isinstance(target, dict) and draw(st.booleans()):
            target[draw(FIELDS | st.sampled_from(fields))] = draw(VALUES)
        elif path and draw(st.booleans()):
            del holder[path[-1]]
        elif path:
            holder[path[-1]] = draw(VALUES)
    return record


@pytest.mark.parametrize(
    "name",
    [
        "records/person",
        "records/company",
        "writes/upsert_person",
        "writes/upsert_company",
        "writes/create_event",
        "writes/upsert_custom_data",
    ],
)
@settings(deadline=None)
@given(data=st.data())
def test_both_validators_give_the_same_verdict_on_a_changed_example(name, data):
    record = data.draw(mutants(name))
    assert FAST[name].is_valid(record) is REFERENCE[name].is_valid(record)
