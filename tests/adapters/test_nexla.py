"""What is exported for Nexla: only keys that Nexla publishes, accepted by its SDK, and meaning what the connector does.

The last is shown by a small reading of Nexla's docs at the end of this file, which carries an exported body out against
the sandbox: what it reads and sends is compared with what the connector reads and sends.
"""

import itertools
import json
import re
from collections import Counter
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests

from custify_connector import manifest
from custify_connector.adapters import nexla
from custify_connector.checking.texts import placeholders
from custify_connector.contract.errors import ConfigurationError
from custify_connector.plugin import connector
from custify_connector.writing.plan import write_plan
from custify_connector.writing.preparing import preparer
from custify_connector.writing.template import expand_destination

_MANIFEST = manifest.load()
_BASE = _MANIFEST.base_url

# Nexla's docs, REST API reference: the section of each body that is posted, and the keys of ours that it has.
_PUBLISHED = {
    "POST /data_credentials": {"name", "description", "credentials_type", "credentials"},
    "POST /data_sources": {"name", "description", "source_type", "data_credentials_id", "source_config"},
    "POST /data_sinks": {"name", "description", "sink_type", "data_set_id", "data_credentials_id", "sink_config"},
    "POST /data_sinks/{id}/probe/quarantine/sample": {"page", "per_page", "start_time", "end_time"},
    "rest credentials": {
        "auth.type", "api.key.include.mode", "api.key.auth.key", "api.key.auth.value",
        "test.url", "test.method", "test.content.type", "ignore.ssl.cert.validation",
    },
    "rest source_config": {"start.cron", "rest.iterations"},
    "rest.iterations": {
        "key", "url.template", "method", "iteration.type", "response.format", "response.data.path", "param.id",
        "start.page.from", "param.page.size", "page.expected.rows", "request.parallelism.count",
    },
    "rest sink_config": {
        "url.template", "method", "content.type", "body.template", "batch.mode", "max.poll.records",
        "body.transform.function", "create.datasource",
    },
}  # fmt: skip

ID = "65f1bf11b7d4e8f90123ab01"
_CATALOGUE_KEYS = {"vendor_name", "auth_template_name", "vendor_endpoint_name", "template_config"}


def _choices(source):
    """Return the parameters with which the whole of a source is exported: one set of them for each chain it needs."""
    taken = {name for rule in source.partitions for name in (*rule.set, *rule.take)}
    needed = {name: ID for name in placeholders(source.path) if name not in taken}
    rules = source.partitions if len(source.partitions) > 1 else (manifest.PartitionRule(),)
    return [{**needed, **rule.set} for rule in rules]


def _source(endpoint, params=(), **words):
    ask = nexla.Ask(_BASE, endpoint, dict(params), undocumented=True, **words)
    return nexla.source(_MANIFEST, ask)


def _destination(endpoint, params=(), **words):
    return nexla.destination(_MANIFEST, nexla.Ask(_BASE, endpoint, dict(params), undocumented=True, **words))


def _steps(payload):
    return payload.body["source_config"]["rest.iterations"]


_SOURCES = [(name, choice) for name, source in _MANIFEST.sources.items() for choice in _choices(source)]
_DESTINATIONS = [name for name, destination in _MANIFEST.destinations.items() if not destination.upload]
_BATCHED = [name for name, destination in _MANIFEST.destinations.items() if destination.batch]


def test_every_source_has_only_published_keys(subtests):
    for name, params in _SOURCES:
        with subtests.test(name):
            body = _source(name, params).body
            assert body.keys() == _PUBLISHED["POST /data_sources"]
            assert body["source_config"].keys() == _PUBLISHED["rest source_config"]
            assert all(
                step.keys() <= _PUBLISHED["rest.iterations"] for step in body["source_config"]["rest.iterations"]
            )


def test_every_destination_has_only_published_keys(subtests):
    for name, delivery in [*((name, "single") for name in _DESTINATIONS), *((name, "batch") for name in _BATCHED)]:
        with subtests.test(name):
            body = _destination(name, delivery=delivery).body
            assert body.keys() == _PUBLISHED["POST /data_sinks"]
            assert body["sink_config"].keys() <= _PUBLISHED["rest sink_config"]


def test_the_credential_has_only_published_keys_and_a_placeholder_for_the_key():
    body = nexla.credential(_MANIFEST, nexla.Ask(_BASE)).body
    assert body.keys() == _PUBLISHED["POST /data_credentials"]
    assert body["credentials"].keys() == _PUBLISHED["rest credentials"]
    assert body["credentials"]["api.key.auth.value"] == "Bearer ${CUSTIFY_API_KEY}"


def test_the_probes_have_only_published_keys():
    sample = nexla.sample(_MANIFEST, nexla.Ask(_BASE, "companies")).body
    assert sample.keys() <= _PUBLISHED["rest.iterations"]
    assert sample["url.template"].endswith("&page=1&itemsPerPage=5")
    quarantine = nexla.quarantine(_MANIFEST, nexla.Ask(_BASE, now_ms=1_760_086_400_000)).body
    assert quarantine.keys() == _PUBLISHED["POST /data_sinks/{id}/probe/quarantine/sample"]
    assert quarantine["end_time"] - quarantine["start_time"] == 24 * 60 * 60 * 1000


def test_nexlas_own_sdk_accepts_every_body_and_keeps_all_of_it():
    models = pytest.importorskip("nexla_sdk.models", reason="nexla-sdk is not installed: its models check these bodies")
    credential, sample = models.CredentialCreate, models.ProbeSampleRequest
    ask = nexla.Ask(_BASE, "companies")
    built = [(credential, nexla.credential(_MANIFEST, ask)), (sample, nexla.sample(_MANIFEST, ask))]
    built += [(models.SourceCreate, _source(name, params)) for name, params in _SOURCES]
    built += [(models.DestinationCreate, _destination(name)) for name in _DESTINATIONS]
    built += [(models.DestinationCreate, _destination(name, delivery="batch")) for name in _BATCHED]
    built += [(credential, _catalogue("credential")), (models.SourceCreate, _catalogue("source"))]
    built += [(models.DestinationCreate, _catalogue("destination", "upsert_person"))]
    for model, payload in built:
        assert model.model_validate(payload.body, strict=True).to_dict() == payload.body
        assert payload.body.keys() - _CATALOGUE_KEYS <= {*model.model_fields, *_PUBLISHED["rest.iterations"]}


def _catalogue(kind, endpoint="people", **params):
    ask = nexla.Ask(_BASE, endpoint, params, credential_id=5001, nexset_id=7001)
    return nexla.UNVERIFIED[kind](_MANIFEST, ask)


@pytest.mark.parametrize(
    ("kind", "endpoint", "params", "name"),
    [
        ("credential", "", {}, "custify_api.api_key"),
        ("source", "people", {}, "custify_api.list_people"),
        ("source", "people", {"id": ID}, "custify_api.get_person"),
        ("source", "surveys", {}, "custify_api.list_surveys"),
        ("destination", "upsert_person", {}, "custify_api.upsert_person"),
        ("destination", "delete_person", {}, "custify_api.delete_person"),
    ],
)
def test_a_body_with_names_of_nexlas_catalogue_says_that_they_are_unverified(kind, endpoint, params, name):
    payload = _catalogue(kind, endpoint, **params)
    assert name in payload.body.values()
    assert payload.body["description"].startswith("Unverified")
    assert payload.notes[0].startswith("Unverified")


def test_a_catalogue_body_takes_the_parameters_and_the_largest_page():
    assert _catalogue("source", "tickets", externalId="T-5").body["template_config"] == {"externalId": "T-5"}
    assert _catalogue("source", "people").body["template_config"] == {"page_size": 200}
    assert _catalogue("destination", "create_event", name="paid").body["template_config"] == {"name": "paid"}


def test_no_verified_body_names_nexlas_catalogue():
    bodies = [_source(name, params).body for name, params in _SOURCES] + [
        _destination(name).body for name in _DESTINATIONS
    ]
    assert not any(_CATALOGUE_KEYS & body.keys() for body in bodies)


def test_pages_are_asked_for_by_number_and_at_their_largest_size():
    (step,) = _steps(_source("companies"))
    assert step["iteration.type"] == "paging.incrementing"
    assert (step["param.id"], step["start.page.from"]) == ("page", 1)
    assert (step["param.page.size"], step["page.expected.rows"]) == ("itemsPerPage", 200)


@pytest.mark.parametrize(
    ("name", "params", "path", "iteration"),
    [
        ("people", {}, "$..people[*]", "paging.incrementing"),
        ("people", {"id": ID}, "$", "static.url"),
        ("surveys", {}, "$[*]", "paging.incrementing"),
        ("task_filter_values", {}, "$", "static.url"),
        ("custom_data", {"company_id": "c-1"}, "$.*[*]", "static.url"),
    ],
)
def test_the_data_path_and_the_iteration_follow_the_envelope(name, params, path, iteration):
    (step,) = _steps(_source(name, params))
    assert (step["response.data.path"], step["iteration.type"]) == (path, iteration)


def test_no_record_has_a_field_of_the_name_by_which_its_list_is_found(subtests):
    for source in _MANIFEST.sources.values():
        with subtests.test(source.name):
            assert source.records not in set(_field_names(_MANIFEST.record_schema(source)))


def _field_names(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        inner = (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties"))
        yield from itertools.chain.from_iterable(map(_field_names, inner))


def test_a_source_below_a_parent_is_a_chain_that_takes_the_parents_id():
    companies, people = _steps(_source("company_people"))
    assert companies["url.template"].startswith(f"{_BASE}/company/all?")
    assert people["url.template"] == f"{_BASE}/company/people/{{{companies['key']}.id}}"


def test_a_source_of_a_named_parent_is_a_single_step():
    (step,) = _steps(_source("company_people", {"id": ID}))
    assert step["url.template"] == f"{_BASE}/company/people/{ID}"


def test_a_text_that_looks_like_a_parents_name_stays_a_text():
    notes, comments = _steps(_source("objectives", {"filters": ["xcompanyx"]}))
    assert comments["url.template"].endswith(
        f"company={{{notes['key']}.id}}&filters=%5B%22xcompanyx%22%5D&sort=created_at&order=desc"
    )


def test_a_source_that_needs_two_chains_is_refused_with_the_choices():
    with pytest.raises(ConfigurationError, match="needs 2: choose entityModel=Note or entityModel=Task"):
        _source("comments")
    with pytest.raises(ConfigurationError, match="choose type=company or type=people"):
        _source("segments")


def test_a_sample_of_a_parents_records_asks_for_the_parent():
    with pytest.raises(ConfigurationError, match="name the parent with id=…"):
        nexla.sample(_MANIFEST, nexla.Ask(_BASE, "company_people"))
    sample = nexla.sample(_MANIFEST, nexla.Ask(_BASE, "people", {"email": "a+b@c.example"})).body
    assert sample["url.template"] == f"{_BASE}/people?email=a%2Bb%40c.example"


@pytest.mark.parametrize(
    ("name", "params", "target"),
    [
        ("upsert_person", {}, "/people"),
        ("delete_person", {}, "/people/{record.id}"),
        ("delete_person", {"user_id": "{record.user_id}"}, "/people?user_id={record.user_id}"),
        ("upsert_deal", {}, "/financial/deal"),
        ("upsert_deal", {"entity": "{record.deal}"}, "/financial/deal/{record.deal}"),
        ("upsert_comment", {"entityModel": "Note"}, "/comment/Note/{record.entity}"),
        ("submit_nps_score", {"email": "{record.email}"}, "/nps_score?email={record.email}"),
        ("submit_nps_score", {"surveyId": "s/1"}, "/nps_score/{record.entity}?surveyId=s%2F1"),
        ("delete_tag", {}, "/tag/{record.id}"),
        (
            "delete_custom_data",
            {"entityModel": "companies", "company_id": "{record.account}"},
            "/custom_data/companies?company_id={record.account}&data_type={record.data_type}&data_id={record.data_id}",
        ),
        ("create_time_track", {}, "/time-track?user={record.user}"),
    ],
)
def test_a_record_is_addressed_by_its_fields_or_by_what_the_parameters_fix(name, params, target):
    assert _destination(name, params).body["sink_config"]["url.template"] == _BASE + target


def test_a_record_is_the_body_and_a_delete_has_none():
    assert _destination("upsert_person").body["sink_config"]["body.template"] == "{message.json}"
    assert _destination("delete_person").body["sink_config"]["body.template"] == ""


def test_a_batch_wraps_the_records_as_jobs_of_their_type():
    config = _destination("upsert_company", delivery="batch").body["sink_config"]
    assert (config["url.template"], config["max.poll.records"]) == (f"{_BASE}/batch", 100)
    assert '"type" -> "company", "payload" -> m' in config["body.transform.function"]


@pytest.mark.parametrize(
    ("name", "words", "reason"),
    [
        ("upload_file", {}, "sends a file as a form"),
        ("create_event", {"params": {"name": "paid"}}, "set it in the Nexset"),
        ("create_event", {"params": {"name": "paid"}, "delivery": "batch"}, "set it in the Nexset"),
        ("create_event", {"params": {"nmae": "paid"}}, "did you mean '?name"),
        ("upsert_deal", {"delivery": "batch"}, "cannot be sent in batches"),
        ("upsert_persn", {}, "did you mean '?upsert_person"),
    ],
)
def test_a_destination_that_nexla_cannot_express_is_refused_with_the_reason(name, words, reason):
    with pytest.raises(ConfigurationError, match=reason):
        _destination(name, **words)


def test_an_undocumented_endpoint_needs_to_be_allowed():
    with pytest.raises(ConfigurationError, match=r"settings\.undocumented"):
        nexla.source(_MANIFEST, nexla.Ask(_BASE, "signals"))


@pytest.mark.parametrize(
    ("payload", "note"),
    [
        (_source("company_people"), "does not add company to the records"),
        (_source("company_people"), "what is inside details stays there"),
        (_source("time_tracks"), "answer under /time_track instead"),
        (_source("deals"), "where there is only one record"),
        (_source("people"), "data_credentials_id is 0"),
        (_destination("upsert_person"), "data_set_id is 0"),
        (_destination("upsert_person"), r"name the field in the record's \$unset"),
        (_destination("upsert_person", delivery="batch"), "never run on Nexla"),
        (_destination("create_ticket"), "a record that exists is created once more"),
        (_destination("update_task"), "Custify reads _id in the body too"),
        (_destination("upsert_comment"), "entityModel, entity included"),
        (_destination("create_event"), "can do it twice"),
        (_destination("delete_person"), "deletes are permanent"),
        (_destination("delete_person"), "leave records without id out"),
        (_destination("upsert_deal"), "every record must be named in the body"),
    ],
)
def test_what_nexla_has_no_key_for_is_said(payload, note):
    assert any(re.search(note, each) for each in payload.notes), payload.notes


def test_names_and_ids_of_the_caller_are_kept():
    body = _destination("upsert_person", name="Mine", credential_id=5001, nexset_id=7001).body
    assert (body["name"], body["data_credentials_id"], body["data_set_id"]) == ("Mine", 5001, 7001)
    assert not any("is 0" in note for note in _source("people", credential_id=5001).notes)


_READABLE = [name for name, source in _MANIFEST.sources.items() if not source.undocumented]


@pytest.mark.slow
@pytest.mark.parametrize("name", _READABLE)
def test_a_source_carried_out_as_nexlas_docs_say_reads_what_the_connector_reads(name, sandbox):
    endpoint = _MANIFEST.sources[name]
    source = {"endpoint": name, "settings": {"rate_limit": None}}
    credential = {"name": "test", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
    read = [record for batch in connector.read_source(credential, source, None) for record in batch.records]
    carried_out = [
        _flat(record, endpoint.flatten)
        for params in _choices(endpoint)
        for record in _carry_out(_steps(nexla.source(_MANIFEST, nexla.Ask(sandbox.base_url, name, params))), sandbox)
    ]
    assert read
    assert _bag(carried_out, endpoint.add) == _bag(read, endpoint.add)


_EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{number}")
    for name in _DESTINATIONS
    for number, example in enumerate(_MANIFEST.write_schema(_MANIFEST.destinations[name])["examples"])
]


@pytest.mark.parametrize(("name", "record"), _EXAMPLES)
def test_a_record_goes_where_the_connector_sends_it(name, record):
    endpoint = _MANIFEST.destinations[name]
    chosen = [field for field in (*(route.present for route in endpoint.routes), *endpoint.query) if field in record]
    config = _destination(name, {field: f"{{record.{field}}}" for field in chosen}).body["sink_config"]
    sent = _request(endpoint, record)
    url = re.sub(r"\{record\.(\w+)\}", lambda macro: quote(str(record[macro[1]]), safe=""), config["url.template"])
    assert (config["method"], urlsplit(url).path) == (sent.method, sent.path)
    assert sorted(parse_qsl(urlsplit(url).query)) == sorted(sent.query)


def _request(endpoint, record):
    guard = {"max_deletes": 1} if endpoint.destructive else {}
    asked = {"endpoint": endpoint.name, "params": guard, "settings": {"undocumented": True}}
    return preparer(write_plan(*expand_destination(asked, _MANIFEST)))(0, record).request


def _carry_out(steps, sandbox, found=None):
    """Yield the records of the last step; each step runs once for every record of the one before (Nexla's docs)."""
    step, *later = steps
    for record in _records(step, sandbox, found or {}):
        results = {**(found or {}), step["key"]: record}
        yield from _carry_out(later, sandbox, results) if later else (record,)


def _records(step, sandbox, found):
    """Yield a step's records, page after page, in small pages, until one has none."""
    url = re.sub(r"\{(step_\d+)\.(\w+)\}", lambda macro: str(found[macro[1]][macro[2]]), step["url.template"])
    paged = step["iteration.type"] == "paging.incrementing"
    for page in itertools.count(step["start.page.from"]) if paged else (None,):
        query = {step["param.id"]: page, step["param.page.size"]: 7} if paged else {}
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        reply = requests.request(step["method"], url, params=query, headers=headers, timeout=10)
        records = _at(step["response.data.path"], reply.json()) if reply.ok else []
        yield from records
        if not records:
            return


def _at(path, body):
    """Return what a JSONPath finds: of the language, the five forms that are exported."""
    if path == "$":
        return [body]
    if path == "$[*]":
        return body
    if path == "$.*[*]":
        return [record for records in body.values() for record in records]
    return list(_descend(body, path.removeprefix("$..").removesuffix("[*]")))


def _descend(body, name):
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    if isinstance(body, dict) and isinstance(body.get(name), list):
        yield from body[name]
    for each in inner:
        yield from _descend(each, name)


def _flat(record, names):
    for name in names:
        record = {**{key: value for key, value in record.items() if key != name}, **record[name]}
    return record


def _bag(records, added):
    return Counter(
        json.dumps({k: v for k, v in record.items() if k not in added}, sort_keys=True) for record in records
    )
