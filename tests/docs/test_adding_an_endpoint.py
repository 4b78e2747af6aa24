"""docs/adding-an-endpoint.md: its steps are carried out in a temporary directory, and its words are the grammar's."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from custify_connector import manifest
from custify_connector.contract.errors import ManifestError
from custify_connector.exchange.wire import Response
from custify_connector.plugin import Connector
from custify_connector.sandbox.application import Application
from custify_connector.sandbox.endpoints import RESOURCES, resources
from custify_connector.sandbox.server import Server
from custify_connector.sandbox.state import Settings, State

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/adding-an-endpoint.md"
CREDENTIAL = {"name": "made up", "api_key": "made-up"}
RENEWALS = [
    {"id": f"r-{number:03}", "created_at": f"2026-01-01T00:{59 - number // 60:02}:{59 - number % 60:02}.000Z"}
    for number in range(120)
]


@pytest.fixture
def checkout(page, tmp_path):
    """Return a copy of the manifest and the schemas, with the page's endpoints added."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    sources, destinations = page(PAGE).blocks("yaml")
    head, found, tail = (ROOT / "connector.yaml").read_text("utf-8").partition("\ndestinations:\n")
    (tmp_path / "connector.yaml").write_text(f"{head}\n{sources}{found}{tail}\n{destinations}", "utf-8")
    for name, schema in zip(("records/renewal", "writes/upsert_renewal"), page(PAGE).blocks("json"), strict=True):
        (tmp_path / "schemas" / f"{name}.json").write_text(schema, "utf-8")
    return tmp_path


@pytest.fixture
def known(checkout):
    """Return the extended manifest."""
    return manifest.read((checkout / "connector.yaml").read_text("utf-8"), "connector.yaml", checkout / "schemas")


class Service:
    """Answers as the page supposes, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, request):
        """Return one page of the renewals."""
        query = dict(request.query)
        self.asked.append((request.method, request.path, query))
        first = (int(query["page"]) - 1) * int(query["itemsPerPage"])
        page = RENEWALS[first : first + int(query["itemsPerPage"])]
        return Response(200, {"renewals": page, "total": len(RENEWALS)})


def test_the_new_source_is_read_in_pages_with_no_python_named_after_it(known):
    service = Service()
    connector = Connector(load=lambda: known, open_send=lambda _credential, _settings: nullcontext(service))
    batches = list(connector.read_source(CREDENTIAL, {"endpoint": "renewals", "params": {"company": 24 * "c"}}, None))
    assert [record for batch in batches for record in batch.records] == RENEWALS
    method, path, query = service.asked[0]
    assert (method, path) == ("GET", "/renewal")
    sorting = {"field": "created_at", "direction": "desc"}
    assert {**query, "sorting": json.loads(query["sorting"])} == {
        "company": 24 * "c", "sorting": sorting, "page": "1", "itemsPerPage": "50",
    }  # fmt: skip
    assert "renewals" not in "".join(path.read_text("utf-8") for path in (ROOT / "custify_connector").rglob("*.py"))


@pytest.fixture
def emulated(page):
    """Return a credential for an emulated Custify with the page's entry in its table."""
    entry, _ = page(PAGE).blocks("python")
    added = eval(entry, vars(resources).copy())  # noqa: S307 - our own page
    server = Server(0, Application(State(Settings(people=5, companies=5), (*RESOURCES, added))).answer)
    yield {"name": "emulated", "api_key": Settings().api_key, "base_url": f"http://127.0.0.1:{server.port}"}
    server.stop()


def test_the_emulated_custify_answers_the_new_endpoints_after_one_entry(known, emulated):
    connector = Connector(load=lambda: known)

    def read(**params):
        batches = connector.read_source(emulated, {"endpoint": "renewals", "params": params}, None)
        return [record for batch in batches for record in batch.records]

    assert len(read()) == 60
    companies = {1: "c-00001", 2: "c-00002", 3: "unknown"}
    rows = [{"externalId": number, "company_id": companies[number]} for number in (1, 2, 1, 3)]
    receipts = list(connector.write_destination(emulated, {"endpoint": "upsert_renewal"}, rows))
    assert [receipt.status for receipt in receipts] == [200, 200, 200, 404]
    records = read()
    made = [record for record in records if record["externalId"] in {"1", "2"}]
    assert len(made) == len(records) - 60 == 2
    assert read(company=made[0]["company"]) == made[:1]


def test_the_case_of_the_page_holds(known, emulated, page):
    """The case is registered and run as tests/endpoints does, which knows the manifest of the package alone."""
    connector, cases = Connector(load=lambda: known), []

    class Account:
        def sent(self, endpoint, *records):
            receipts = connector.write_destination(emulated, {"endpoint": endpoint}, records)
            assert {receipt.outcome for receipt in receipts} == {"sent"}

    def found(_account, endpoint, externalId):  # noqa: N803 - a field of Custify's
        batches = connector.read_source(emulated, {"endpoint": endpoint}, None)
        [record] = [one for batch in batches for one in batch.records if one["externalId"] == externalId]
        return record

    _, block = page(PAGE).blocks("python")
    exec(block, {"case": lambda _: cases.append, "found": found})  # noqa: S102 - our own page
    got, expected = cases[0](Account())
    assert got == expected


def test_the_new_source_is_resumed_from_a_state(known):
    connector = Connector(load=lambda: known, open_send=lambda _credential, _settings: nullcontext(Service()))
    first = next(connector.read_source(CREDENTIAL, {"endpoint": "renewals"}, None))
    rest = connector.read_source(CREDENTIAL, {"endpoint": "renewals"}, first.state)
    assert first.records + [record for batch in rest for record in batch.records] == RENEWALS


def test_a_mistake_in_the_entry_is_refused_with_its_place(checkout):
    text = (checkout / "connector.yaml").read_text("utf-8").replace("schema: renewal\n", "schema: renewals\n")
    with pytest.raises(ManifestError, match=r"connector.yaml:\d+:\d+: there is no schemas/records/renewals"):
        manifest.read(text, "connector.yaml", checkout / "schemas")


def test_the_command_knows_the_new_endpoints(checkout, page, terminal):
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "custify_connector", checkout / "custify_connector", ignore=ignored)
    (terminal.folder / "renewals.jsonl").write_text(page(PAGE).files()["renewals.jsonl"], "utf-8")
    describe, write = (text.split()[1:] for text in page(PAGE).commands() if text.startswith("custify "))
    program = "-c", "from custify_connector.cli import main; main()"
    described = terminal.python(*program, *describe, path=[checkout])
    assert described.startswith("renewals: Contract renewals of all companies, or of one.\n")
    planned = json.loads(terminal.python(*program, *write, path=[checkout]))
    body = {"externalId": "7", "company_id": "c-77", "due_at": "2027-01-31"}
    assert planned == {"method": "POST", "path": "/renewal", "body": body}


GRAMMAR = json.loads((ROOT / "schemas" / "manifest.json").read_text("utf-8"))


def resolved(schema):
    """Return a schema with what it refers to; its own description wins."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**GRAMMAR["$defs"].get(name, {}), **schema}


def objects(name, schema, found):
    """Collect the objects of the grammar that have words, by the name under which the page explains them."""
    schema = resolved(schema)
    if "properties" in schema:
        found[name] = schema
    for word, inner in schema.get("properties", {}).items():
        objects(NAMES.get(word, word), inner, found)
    for word in ("items", "additionalProperties", "else"):
        if isinstance(schema.get(word), dict):
            objects(name, schema[word], found)
    return found


NAMES = {"sources": "source", "destinations": "destination", "parameters": "parameter"}
OBJECTS = objects("manifest", GRAMMAR, {})


def test_every_object_of_the_grammar_has_its_table(page):
    assert sorted(page(PAGE).sections(3)) == sorted(OBJECTS)


def test_every_word_is_explained_as_the_grammar_describes_it(page, table_rows, subtests):
    for name in OBJECTS:
        with subtests.test(name):
            explained = {cells[0].strip("`"): cells[1:] for cells in table_rows(page(PAGE).sections(3)[name], 3)}
            words = OBJECTS[name]["properties"]
            assert sorted(explained) == sorted(words)
            required = [word for word, (mark, _) in explained.items() if mark == "yes"]
            assert sorted(required) == sorted(OBJECTS[name].get("required", ()))
            for word, (_, meaning) in explained.items():
                described = words[word].get("description") or resolved(words[word]).get("description", "")
                assert meaning, word
                assert meaning.startswith(described) or (name, word) in IN_OTHER_WORDS, word


IN_OTHER_WORDS = {("parameter", "envelope")}
