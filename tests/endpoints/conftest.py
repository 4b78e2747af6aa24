"""An emulated account, the connector that reads and writes it, and what the account truly holds."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections import Counter
from urllib.parse import urlencode

import orjson
import pytest

from custify_connector.plugin import connector
from custify_connector.sandbox import Quirks, Sandbox
from custify_connector.sandbox.fields import segments_of

PLAIN = ("people", "companies", "subscriptions", "deals", "invoices", "tasks", "notes", "tickets", "comments", "tags")
PLAIN += ("files", "surveys", "meetings", "time_tracks", "objectives", "calculated_metrics", "health_scores")
PLAIN += ("lifecycles", "playbooks", "segments")


class Account:
    """One sandbox, and the hooks of the connector bound to it."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.content = sandbox.content
        self.journal = sandbox.journal
        self.credential = {"name": "emulated", "api_key": sandbox.api_key, "base_url": sandbox.base_url}

    def read(self, endpoint, *, state=None, params=None, workers=1, undocumented=False, **words):
        """Yield the batches of a source."""
        settings = {"rate_limit": None, "max_in_flight": workers, "undocumented": undocumented}
        settings |= words.pop("settings", {})
        source = {"endpoint": endpoint, "params": params or {}, "settings": settings, **words}
        return connector.read_source(self.credential, source, state)

    def records(self, endpoint, **words):
        """Return every record of a source."""
        return [record for batch in self.read(endpoint, **words) for record in batch.records]

    def write(self, endpoint, *records, params=None, undocumented=False, **words):
        """Write records, and return their receipts."""
        settings = {"rate_limit": None, "undocumented": undocumented}
        destination = {"endpoint": endpoint, "params": params or {}, "settings": settings, **words}
        return list(connector.write_destination(self.credential, destination, records))

    def sent(self, endpoint, *records, **words):
        """Write records that must all be accepted, and return the replies."""
        receipts = self.write(endpoint, *records, capture_responses=True, **words)
        assert [(one.outcome, one.reason) for one in receipts] == [("sent", None)] * len(records)
        return [receipt.response for receipt in receipts]

    def call(self, method, path, body=None, **query):
        """Ask the sandbox without the connector, and return the decoded answer; it must be a success."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.sandbox.base_url.rsplit(":", 1)[1]), timeout=10)
        with contextlib.closing(connection):
            headers = {"Authorization": f"Bearer {self.sandbox.api_key}", "Content-Type": "application/json"}
            target = f"{path}?{urlencode(query)}" if query else path
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            assert 200 <= answer.status < 300, (answer.status, content)
            return json.loads(content)

    def requests(self):
        """Return method and path of what was asked since the last time."""
        asked = [(entry.method, entry.path) for entry in self.journal.entries]
        self.journal.clear()
        return asked

    def truth(self, endpoint):
        """Return what a source must deliver, from the account's content and not through the connector."""
        return TRUTHS[endpoint](self) if endpoint in TRUTHS else self.content.records(endpoint)


def _company_people(account):
    for company in account.content.companies:
        for person in account.content.table("people").find("companies", company["id"]):
            activity = {name: person.get(name) for name in ("last_seen_at", "session_count")}
            yield {**person, "activity": activity, "company": company["id"]}


def _custom_data(account):
    shown = ("data_type", "data_id", "data", "entity", "entityModel")
    return [{name: one[name] for name in shown} for one in account.content.custom_data]


def _survey_responses(account):
    table = account.content.table("survey_responses")
    return [{**table.public(one), "survey": one["survey"]} for one in table]


def _company_segments(account):
    for company in account.content.companies:
        for segment in segments_of(account.content, "companies", company):
            yield {**segment, "company": company["id"]}


def _health_score_values(account):
    for score in account.content.health_scores:
        for company in account.content.companies:
            if score["id"] in company["metrics"]["health_scores"]:
                answer = account.call("GET", f"/health_score/{score['id']}/values", companyId=company["id"])
                yield {**answer["values"][0], "health_score": score["id"]}


TRUTHS = {
    "company_people": lambda account: list(_company_people(account)),
    "custom_data": _custom_data,
    "survey_responses": _survey_responses,
    "task_filter_values": lambda account: [account.call("GET", "/task/filtersAvailableValues")],
    "company_attributes": lambda account: account.call("GET", "/company/attributes"),
    "person_attributes": lambda account: account.call("GET", "/customer/attributes"),
    "company_segments": lambda account: list(_company_segments(account)),
    "health_score_definitions": lambda account: account.call("GET", "/health_score/simple"),
    "health_score_values": lambda account: list(_health_score_values(account)),
    "signals": lambda account: account.call("GET", "/signal/entities", itemsPerPage="100")["signals"],
}


def canonical(record):
    """Return a record as text, so that records can be counted and compared."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


@pytest.fixture(scope="session")
def counted():
    """Return a function that counts records by all they hold: two lists are equal when their counts are."""
    return lambda records: Counter(map(canonical, records))


def _made(stack, **settings):
    settings = {"people": 60, "companies": 30, "rate_limit": None, **settings}
    return Account(stack.enter_context(Sandbox(**settings)))


def _furnished(account):
    """Add what a small account lacks: things of people, comments on tasks, tags on time tracks, an urgent ticket."""
    content = account.content
    person, task, tag = content.people[0], content.tasks[0], content.tags[0]
    for number in range(2):
        note = {
            "text": f"<p>invoice {number}</p>",
            "entity": person["id"],
            "entityModel": "Customer",
            "tags": [tag["id"]],
        }
        content.create("notes", {**note, "entityName": person["name"], "company": [], "people": [person["id"]]})
        track = {"name": "Call", "duration": 60, "startDate": "2026-01-31T10:00:00.000Z", "tags": [tag["id"]]}
        owners = {"company": [], "people": [person["id"]], "user": content.users[0]["id"]}
        content.create("time_tracks", {**track, **owners})
        file = {"name": f"{number}.pdf", "extension": "pdf", "mimeType": "application/pdf", "size": 1}
        content.create("files", {**file, "companies": [], "peoples": [person["id"]], "showInPortal": False})
        comment = {"text": f"{number}", "createdBy": None, "entity": task["id"], "entityModel": "Task"}
        content.create("comments", comment)
    content.update("tickets", next(iter(content.table("tickets"))), {"priority": "urgent"})
    return account


@pytest.fixture(scope="session")
def shared():
    """Return an account that no test changes."""
    with contextlib.ExitStack() as stack:
        yield _furnished(_made(stack))


@pytest.fixture
def make():
    """Return a maker of accounts of a test's own."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: _made(stack, **settings)


@pytest.fixture
def account(make, tmp_path):
    """Return an account of a test's own, as documented, with a `folder` for files."""
    made = make()
    made.folder = tmp_path / "files"
    made.folder.mkdir()
    return made


def _slimmed(account, most=45):
    """Take away what only repeats: a few pages of each kind are enough where every page is read many times."""
    content = account.content
    for kind in ("tasks", "notes", "tickets", "files", "meetings", "time_tracks", "objectives"):
        for record in content.records(kind)[most:]:
            content.table(kind).remove(record["id"])
    left = {record["id"] for kind in ("tasks", "notes") for record in content.records(kind)}
    for comment in content.records("comments"):
        if comment["entity"] not in left:
            content.table("comments").remove(comment["id"])
    return account


@pytest.fixture(scope="session")
def short_paged():
    """Return an account with many pages, that no test changes."""
    with contextlib.ExitStack() as stack:
        yield _slimmed(_made(stack, quirks=Quirks(page_cap=20)))


@pytest.fixture
def slim(make):
    """Return a maker of accounts of a test's own, with two pages of 20 for most kinds."""
    return lambda **settings: _slimmed(make(people=45, **settings), most=25)


@pytest.fixture(scope="session")
def nothing():
    """Return two accounts that answer a look-up of nothing in the two ways that Custify may."""
    with contextlib.ExitStack() as stack:
        yield {missing: _made(stack, quirks=Quirks(lookup_missing=missing)) for missing in ("empty", "404")}


@pytest.fixture
def drifting():
    """Return a maker of accounts that change while they are read; the one made before is closed."""
    with contextlib.ExitStack() as stack:

        def made(drift):
            stack.pop_all().close()
            return _made(stack, people=230, companies=150, quirks=Quirks(page_cap=20, drift=drift))

        yield made
