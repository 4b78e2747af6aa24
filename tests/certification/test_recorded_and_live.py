"""Recorded replies are given again as they were kept; a real account is lent, never shown, and written to by leave."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace

import pytest

from custify_connector.certification import catalogue
from custify_connector.certification.account import Account
from custify_connector.certification.bench import Bench
from custify_connector.certification.catalogue import all_checks
from custify_connector.certification.mutating import Broken
from custify_connector.certification.replaying import recordings, replayed
from custify_connector.certification.running import run_one
from custify_connector.contract import hookimpl
from custify_connector.contract.testbed import NotOffered
from tests.certification.tiny.connector import connector as tiny

(RECORDED,) = (one for one in all_checks() if one.rung == "recorded")
NOTES = [{"id": 1, "text": "kept"}]


def exchange(after, notes):
    request = {"method": "GET", "path": "/notes", "query": {"after": after}}
    return {"request": request, "reply": {"status": 200, "body": notes}}


KEPT = {
    "origin": "account",
    "note": "",
    "source": {"endpoint": "notes", "settings": {"rate_limit": None}},
    "exchanges": [exchange("0", NOTES), exchange("1", [])],
    "records": NOTES,
}


@pytest.fixture
def folder(tmp_path):
    """Return a folder with one recording, and a function that writes it again with some words changed."""

    def keep(**words):
        (tmp_path / "notes.json").write_text(json.dumps({**KEPT, **words}))
        return tmp_path

    return keep


def judged(folder):
    """Return the tiny connector with a testbed that names a folder of recordings."""

    @contextmanager
    def open_service(setup):
        with tiny.testbed()(setup) as service:
            service.recordings = lambda: str(folder)
            yield service

    @hookimpl
    def testbed():
        return open_service

    return catalogue.of("tiny", Broken(tiny, testbed=testbed))


def test_replies_of_an_account_that_give_the_expected_records_pass(folder):
    assert run_one(RECORDED, judged(folder())).result == "passed"


@pytest.mark.parametrize("words", [{"records": []}, {"exchanges": KEPT["exchanges"][:1]}])
def test_other_records_or_a_request_that_was_not_recorded_fail(folder, words):
    assert run_one(RECORDED, judged(folder(**words))).result == "failed"


def test_replies_from_a_documentation_can_fail_and_cannot_pass(folder):
    verdict = run_one(RECORDED, judged(folder(origin="documentation")))
    assert (verdict.result, "no account sent them" in verdict.reason) == ("skipped", True)
    assert run_one(RECORDED, judged(folder(origin="documentation", records=[]))).result == "failed"


def test_a_file_that_does_not_say_where_its_replies_come_from_is_refused(folder):
    with pytest.raises(ValueError, match=r"notes\.json: origin"):
        recordings(folder(origin="somewhere"))


def test_a_request_that_was_not_recorded_is_noted_and_answered_with_an_error(folder):
    with replayed(recordings(folder())["notes"]) as replay:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{replay.url}/other", timeout=5)  # noqa: S310 - loopback
        refused.value.close()
    assert (refused.value.code, replay.unknown) == (501, ["GET /other"])


def test_a_real_account_is_lent_never_shown_and_written_to_by_leave(canary):
    lent = replace(catalogue.of("tiny", tiny), account=Account({"url": "http://127.0.0.1:9", "key": canary}))
    bench = Bench(lent)
    assert canary not in repr(lent)
    assert bench.live().service.source("notes") == {"endpoint": "notes"}
    assert canary in bench.secrets
    assert "settings" not in bench.live().service.write_cases[0].destination
    with pytest.raises(NotOffered, match="--allow-writes"):
        bench.live(writes=True)
    bench.close()
