"""What is reported of several streams, and the exit code that it comes to."""

from types import SimpleNamespace

import pytest

from custify_connector.cli import read_summary
from custify_connector.cli.read_summary import Rows
from custify_connector.cli.wanted import Wanted
from custify_connector.contract.errors import (
    ConfigurationError,
    CredentialRefused,
    Fault,
    PermissionRefused,
    ServiceUnavailable,
)
from custify_connector.host.runs import ReadCount
from custify_connector.host.several import Ended

WHOLE, PART, NEVER = Ended(ReadCount(1200), None, 3.26), Ended(ReadCount(7, ended=True), None, 1), Ended(None, None)
REFUSED, DENIED = Ended(None, CredentialRefused("refused")), Ended(None, PermissionRefused("denied"))
GONE, WRONG = Ended(None, ServiceUnavailable("gone")), Ended(None, ConfigurationError((Fault("table", "is not ours"),)))


def job(name, mode="full"):
    return SimpleNamespace(name=name, source={"mode": mode})


def below(done, modes=("full",) * 9, output="crm.duckdb"):
    chosen = [job(name, mode) for name, mode in zip(done, modes, strict=False)]
    return "\n".join(read_summary.lines(done, chosen, Wanted((), output, every=True), 100))


def test_rows_stand_under_their_heading_whatever_comes_first():
    rows = Rows(["people", "company_people"])
    assert [rows.heading, rows.of(job("people", "incremental"), WHOLE), rows.of(job("company_people"), GONE)] == [
        "stream          mode             records   seconds  outcome",
        "people          incremental        1,200       3.3  ok",
        "company_people  full                   -       0.0  failed",
    ]
    assert rows.total([WHOLE, PART, NEVER]) == "total                              1,207"


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ([WHOLE, WHOLE], 0),
        ([WHOLE, PART], 1),
        ([WHOLE, WRONG], 1),
        ([WHOLE, REFUSED], 3),
        ([WHOLE, DENIED], 1),
        ([DENIED, DENIED], 3),
        ([GONE, WHOLE], 1),
        ([GONE, GONE], 4),
        ([GONE, WRONG], 1),
        ([GONE, NEVER], 1),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(ended, code):
    assert read_summary.exit_code_of(ended) == code


def test_the_reason_of_each_failure_is_reported_and_what_was_never_begun():
    said = below({"people": WHOLE, "tags": GONE, "notes": WRONG, "deals": NEVER})
    for line in ("tags: gone", "notes: table: is not ours", "not read: deals", "1 of 4 streams are in crm.duckdb"):
        assert line in said
    assert "the same command goes on where they stopped" in said


def test_a_refused_key_is_the_only_reason_once():
    assert below({"people": REFUSED, "tags": REFUSED, "notes": GONE}).count("refused") == 1


def test_an_incremental_read_says_what_its_counts_are_of():
    assert "incremental: what is new or changed" in below({"people": WHOLE}, ["incremental"])
    assert "incremental" not in below({"people": WHOLE})


@pytest.mark.parametrize(("output", "looked"), [("my crm.duckdb", True), ("lake", False)])
def test_the_next_command_is_named_where_there_is_one(output, looked):
    said = below({"people": WHOLE}, output=output)
    assert ("duckdb 'my crm.duckdb' \"FROM people LIMIT 5\"" in said) is looked
