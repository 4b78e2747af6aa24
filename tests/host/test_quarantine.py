"""Rejected and failed records, on the disk before the run moves on, in a shape from which they can be sent again."""

import json
import os

import pytest

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.quarantine import Place, Quarantine, destination_of, origin_of, quarantined, record_of

PLACE = Place("people.csv", 7, "upsert_person", 1_700_000_000_000)
RECORD = {"user_id": "ana", "custom_attributes": {"plan": "Gold"}}
REJECTED = Receipt(3, "rejected", {"user_id": "ana"}, None, "invalid_record", "is too long", "name")


@pytest.mark.parametrize(
    ("receipt", "stage"),
    [
        (REJECTED, "validation"),
        (Receipt(3, "rejected", None, 400, "refused", "Custify: no"), "delivery"),
        (Receipt(3, "failed", None, None, "unclear", "the connection broke"), "delivery"),
        (Receipt(3, "failed", None, 503, "unavailable", "the last one was 503"), "delivery"),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_a_line_says_what_was_wrong_and_where_the_record_came_from(receipt, stage):
    line = quarantined(RECORD, receipt, PLACE)
    assert line.keys() == {"nexlaMetaData", "error", "rawMessage"}
    assert line["rawMessage"] == RECORD
    assert line["error"] == {
        "status": receipt.status,
        "message": receipt.reason,
        "code": receipt.code,
        "field": receipt.field,
        "outcome": receipt.outcome,
        "stage": stage,
    }
    meta = line["nexlaMetaData"]
    assert (meta["sourceKey"], meta["sourceOffset"], meta["destination"]) == ("people.csv", 7, "upsert_person")
    assert (meta["runId"], meta["resourceType"]) == (1_700_000_000_000, "SINK")
    assert meta["ingestTime"] > 1_700_000_000_000


def test_a_record_is_on_the_disk_when_it_was_added(tmp_path, monkeypatch):
    synced, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size) or real(number))
    quarantine = Quarantine(tmp_path / "q.jsonl")
    for count in (1, 2):
        quarantine.add(quarantined(RECORD, REJECTED, PLACE))
        lines = (tmp_path / "q.jsonl").read_text().splitlines()
        assert [json.loads(line)["rawMessage"] for line in lines] == [RECORD] * count
        assert synced[-1] == (tmp_path / "q.jsonl").stat().st_size
        assert (len(synced), quarantine.count) == (count, count)
    quarantine.close()


def test_a_later_run_adds_to_what_is_there(tmp_path):
    for _ in range(2):
        quarantine = Quarantine(tmp_path / "q.jsonl")
        quarantine.add(quarantined(RECORD, REJECTED, PLACE))
        quarantine.close()
    assert len((tmp_path / "q.jsonl").read_text().splitlines()) == 2


def test_a_line_that_was_left_half_written_does_not_spoil_the_next_one(tmp_path):
    (tmp_path / "q.jsonl").write_text('{"nexlaMetaData": {"sou')
    quarantine = Quarantine(tmp_path / "q.jsonl")
    quarantine.add(quarantined(RECORD, REJECTED, PLACE))
    quarantine.close()
    half, whole = (tmp_path / "q.jsonl").read_text().splitlines()
    assert half == '{"nexlaMetaData": {"sou'
    assert json.loads(whole)["rawMessage"] == RECORD


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written: Is a directory"):
        Quarantine(tmp_path)


@pytest.mark.parametrize(
    ("line", "record", "destination"),
    [
        (quarantined(RECORD, REJECTED, PLACE), RECORD, "upsert_person"),
        ({"rawMessage": RECORD}, None, None),
        ({"nexlaMetaData": {}, "rawMessage": RECORD}, RECORD, None),
        ({"nexlaMetaData": {"destination": 7}, "rawMessage": RECORD}, RECORD, None),
        ({"nexlaMetaData": None, "rawMessage": RECORD}, RECORD, None),
        ({"nexlaMetaData": {"destination": "upsert_person"}, "rawMessage": "text"}, None, "upsert_person"),
        (RECORD, None, None),
        ({}, None, None),
    ],
    ids=range(8),
)
def test_a_line_gives_its_record_back(line, record, destination):
    assert (record_of(line), destination_of(line)) == (record, destination)


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_what_keeps_nothing_or_never_ends_is_refused_instead_of_read(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="is not a regular file, and keeps nothing for a replay"):
        Quarantine(tmp_path / name)


DAMAGED = [5, {}, {"journal": "j", "place": 10**30, "hash": "00"}, {"journal": 5, "place": 1, "hash": "00"}]


@pytest.mark.parametrize("origin", DAMAGED, ids=range(4))
def test_a_row_with_a_damaged_origin_is_known_by_its_run_and_line(origin):
    line = quarantined(RECORD, REJECTED, PLACE)
    line["nexlaMetaData"]["origin"] = origin
    assert (origin_of(line).journal, origin_of(line).place) == (None, PLACE.line)


def test_a_row_that_was_made_by_hand_has_no_origin():
    assert origin_of({"rawMessage": RECORD}) is None
    assert origin_of({"nexlaMetaData": {"destination": "upsert_person"}, "rawMessage": RECORD}) is None
