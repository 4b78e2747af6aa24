"""A quarantine file as pages; no record is lost on its way out, and none is changed behind somebody's back."""

import orjson
import pytest

from custify_connector.console import quarantined
from custify_connector.contract.errors import ConfigurationError


def line(number, **error):
    content = {"nexlaMetaData": {"destination": "d"}, "error": error, "rawMessage": {"number": number}}
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rejected.jsonl"
    errors = [{"code": "invalid", "field": "email", "message": f"{n} is no address"} for n in range(3)]
    path.write_bytes(b"".join([*(line(n, **each) for n, each in enumerate(errors)), b"\n", line(3, code="conflict")]))
    return path


def numbers(path):
    return [orjson.loads(text)["rawMessage"]["number"] for text in path.read_bytes().splitlines() if text]


def test_faults_at_one_field_are_one_reason_whatever_value_they_quote(path):
    assert [(group.at, list(group.lines)) for group in quarantined.index_of(path).largest()] == [
        ("email", [0, 1, 2]), ("", [3]),
    ]  # fmt: skip


def test_a_line_that_cannot_be_read_is_a_reason_too(path):
    path.write_bytes(path.read_bytes() + b"{broken\n[]\n")
    index = quarantined.index_of(path)
    assert index.unreadable == 2
    assert quarantined.lines(path, index, [4, 5])[0].record == {}


def test_reasons_are_bounded(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"".join(line(n, message=str(n)) for n in range(1500)))
    groups = quarantined.index_of(path).largest()
    assert len(groups) == 1001
    assert len(groups[0].lines) == 500


def test_a_mended_record_takes_the_place_of_the_old_one(path):
    mark = quarantined.lines(path, quarantined.index_of(path), [3])[0].mark
    quarantined.fix(path, 3, mark, {"number": 30})
    assert numbers(path) == [0, 1, 2, 30]


def test_a_record_that_changed_meanwhile_is_left_alone(path):
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="changed by another"):
        quarantined.fix(path, 3, "another", {"number": 30})
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_fault_in_between_loses_nothing(path, monkeypatch):
    before = path.read_bytes()

    def full(_stream):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(quarantined.atomic, "sync", full)
    with pytest.raises(OSError, match="No space"):
        quarantined.change(path, lambda _text: b"")
    assert path.read_bytes() == before
