"""What a host draws from."""

import json
import re

import jsonschema

from custify_connector import manifest
from custify_connector.manifest.describing import describe

KNOWN = manifest.load()
DESCRIPTION = describe(KNOWN, "1.2.3")
SCHEMAS = [(kind, name) for kind in ("sources", "destinations") for name in DESCRIPTION[kind]]


def test_a_description_is_json():
    assert json.loads(json.dumps(DESCRIPTION)) == DESCRIPTION


def test_a_description_names_the_connector_and_every_endpoint():
    assert (DESCRIPTION["name"], DESCRIPTION["version"]) == ("custify", "1.2.3")
    assert DESCRIPTION["rate_limit"] == {"requests": 100, "seconds": 10}
    assert DESCRIPTION["sources"].keys() == KNOWN.sources.keys()
    assert DESCRIPTION["destinations"].keys() == KNOWN.destinations.keys()


def test_what_a_host_does_to_a_description_stays_with_the_host():
    spoilt = describe(KNOWN, "1")
    spoilt["credential"]["properties"].clear()
    spoilt["sources"]["people"]["schema"].clear()
    assert {**describe(KNOWN, "1.2.3")} == DESCRIPTION


def test_the_credential_form_hides_the_key_and_says_where_it_is_made():
    form = DESCRIPTION["credential"]["properties"]
    assert (form["api_key"]["writeOnly"], form["api_key"]["format"]) == (True, "password")
    assert re.search(r"Made in Custify under .* once", form["api_key"]["description"])
    assert all(field["title"] and field["description"] for field in form.values())


def test_a_source_says_how_it_can_be_read():
    people, tags = DESCRIPTION["sources"]["people"], DESCRIPTION["sources"]["tags"]
    assert (people["key"], people["modes"], people["cursor"]) == (["id"], ["full", "incremental"], "updated_at")
    assert (tags["modes"], tags["cursor"], people["page_size"]) == (["full"], None, 200)
    assert DESCRIPTION["sources"]["company_usage"]["key"] == []


def test_a_destination_says_how_it_can_be_written():
    person, note = DESCRIPTION["destinations"]["upsert_person"], DESCRIPTION["destinations"]["upsert_note"]
    assert (person["deliveries"], person["clear"], person["repeat"]) == (["single", "batch"], "unset", "always")
    assert (note["deliveries"], note["clear"], note["repeat"]) == (["single"], "null", "id")


def test_an_endpoint_says_whether_it_is_documented_and_where_an_accounts_own_fields_are_listed():
    sources = DESCRIPTION["sources"]
    undocumented = {name for name, source in sources.items() if source["undocumented"]}
    assert undocumented == {name for name, source in KNOWN.sources.items() if source.undocumented}
    assert undocumented
    assert sources["people"]["attributes"] in sources
    assert not DESCRIPTION["destinations"]["upsert_person"]["undocumented"]


def test_what_says_which_account_it_is_is_a_field_of_the_credential():
    assert set(DESCRIPTION["account"]) <= DESCRIPTION["credential"]["properties"].keys()


def test_the_made_up_credential_has_the_right_form():
    jsonschema.validate(DESCRIPTION["made_up_credential"], DESCRIPTION["credential"])


def test_every_schema_of_a_description_is_one(subtests):
    for kind, name in SCHEMAS:
        with subtests.test(name):
            endpoint = DESCRIPTION[kind][name]
            for schema in (endpoint["schema"], endpoint.get("parameters", {})):
                jsonschema.Draft202012Validator.check_schema(schema)


def test_the_example_of_a_parameter_is_one(subtests):
    for name in KNOWN.sources:
        with subtests.test(name):
            schema = DESCRIPTION["sources"][name]["parameters"]
            for parameter in schema["properties"].values():
                assert parameter["description"]
                for example in parameter.get("examples", []):
                    jsonschema.validate(example, parameter)


def test_every_word_of_a_parameter_reaches_the_form():
    parameter = manifest.Parameter("p", "string", "Help.", "object-id", default="a", enum=("a", "b"), example="b")
    source = manifest.SourceEndpoint("s", "S", "S.", "person", "/s", parameters={"p": parameter})
    form = describe(_with(source), "1")["sources"]["s"]["parameters"]
    assert form == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "p": {
                "type": "string",
                "format": "object-id",
                "description": "Help.",
                "default": "a",
                "enum": ["a", "b"],
                "examples": ["b"],
            }
        },
    }


def _with(source):
    words = {name: getattr(KNOWN, name) for name in KNOWN.__dataclass_fields__}
    return manifest.Manifest(**{**words, "sources": {source.name: source}})
