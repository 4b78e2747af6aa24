"""docs/chinook.md: its commands write the real files into the sandbox, and what is read back equals them."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CHINOOK_DATA", ROOT.parent / "shared" / "data" / "chinook"))

pytestmark = pytest.mark.skipif(
    not all((DATA / name).is_file() for name in ("customers.csv", "invoices.csv")),
    reason="the Chinook files are absent: name their folder in CHINOOK_DATA",
)

ATTRIBUTES = {"address": "address", "city": "city", "state": "state", "country": "country", "fax": "fax"}
ATTRIBUTES |= {"postal_code": "postalcode"}
METADATA = {"address": "billingaddress", "city": "billingcity", "state": "billingstate", "country": "billingcountry"}
METADATA |= {"postal_code": "billingpostalcode"}


@pytest.fixture
def written(page, empty_terminal):
    """Run the commands of the page, in order, and return the terminal and all that they printed."""
    for name in ("customers.csv", "invoices.csv"):
        (empty_terminal.folder / name).symlink_to((DATA / name).resolve())
    commands = [text for text in page("docs/chinook.md").commands() if text.startswith(("custify write", "custify re"))]
    return empty_terminal, "".join(empty_terminal.custify(command)[1] for command in commands)


def table(name):
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def lines(terminal, name):
    return [json.loads(line) for line in (terminal.folder / name).read_text("utf-8").splitlines()]


def present(row, columns):
    """Return the fields that a row gives: an empty cell is left out."""
    return {field: row[column] for field, column in columns.items() if row[column]}


def test_the_counts_are_those_of_the_page(written, page):
    (counts,) = (text for text in page("docs/chinook.md").blocks("text") if text.startswith("upsert_company"))
    assert [line for line in written[1].splitlines() if line in counts.splitlines()] == counts.splitlines()


def test_people_and_their_companies_come_back_as_the_customers_are(written):
    names = {company["id"]: company["name"] for company in lines(written[0], "companies.jsonl")}
    read = {person["user_id"]: person for person in lines(written[0], "people.jsonl")}
    customers = table("customers.csv")
    assert sorted(names.values()) == sorted(row["company"] for row in customers if row["company"])
    assert len(read) == len(customers)
    for row in customers:
        person = read[row["id"]]
        assert {"email": person["email"], **({"phone": person["phone"]} if "phone" in person else {})} == present(
            row, {"email": "email", "phone": "phone"}
        )
        assert person["name"] == f"{row['firstname']} {row['lastname']}"
        assert [names[company] for company in person["companies"]] == ([row["company"]] if row["company"] else [])
        expected = {**present(row, ATTRIBUTES), "support_rep": int(row["support_rep"])}
        assert person["custom_attributes"] == expected


def test_events_come_back_as_the_invoices_are(written):
    terminal, _ = written
    people = {person["id"]: person["user_id"] for person in lines(terminal, "people.jsonl")}
    events = {event["deduplication_id"]: event for event in terminal.sandbox.content.events}
    invoices = table("invoices.csv")
    assert len(events) == len(invoices)
    for row in invoices:
        event = events[f"invoice-{row['id']}"]
        assert (event["name"], people[event["people"]]) == ("invoice", row["customer"])
        assert event["created_at"][:19] == row["invoicedate"][:19]
        assert event["metadata"] == {**present(row, METADATA), "total": float(row["total"])}


def test_leading_zeros_and_accents_are_in_the_data(written):
    customers = {person["user_id"]: person for person in lines(written[0], "people.jsonl")}
    assert customers["4"]["custom_attributes"]["postal_code"] == "0171"
    assert customers["4"]["custom_attributes"]["address"] == "Ullevålsveien 14"
    assert customers["1"]["name"] == "Luís Gonçalves"


def test_a_repeated_run_adds_no_event(written, page):
    terminal, _ = written
    (command,) = (text for text in page("docs/chinook.md").commands() if text.startswith("custify write create_event"))
    terminal.custify(command)
    assert len(terminal.sandbox.content.events) == len(table("invoices.csv"))
