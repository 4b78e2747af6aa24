"""A quarantine file as pages; no record is lost on its way out, and none is changed behind someone's back."""

import orjson
import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import quarantine_edits, quarantine_index


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
    assert [(group.at, list(group.lines)) for group in quarantine_index.index_of(path).largest()] == [
        ("email", [0, 1, 2]), ("", [3]),
    ]  # fmt: skip


def test_a_line_that_cannot_be_read_is_a_reason_too(path):
    path.write_bytes(path.read_bytes() + b"{broken\n[]\n")
    index = quarantine_index.index_of(path)
    assert index.unreadable == 2
    assert quarantine_index.lines(path, index, [4, 5])[0].record == {}


def test_reasons_are_bounded(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"".join(line(n, message=str(n)) for n in range(1500)))
    groups = quarantine_index.index_of(path).largest()
    assert len(groups) == 1001
    assert len(groups[0].lines) == 500


def test_a_corrected_record_takes_the_place_of_the_old_one(path):
    mark = quarantine_index.lines(path, quarantine_index.index_of(path), [3])[0].mark
    quarantine_edits.fix(path, 3, mark, {"number": 30})
    assert numbers(path) == [0, 1, 2, 30]


def test_a_record_that_changed_meanwhile_is_left_alone(path):
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="changed by another"):
        quarantine_edits.fix(path, 3, "another", {"number": 30})
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_fault_in_between_loses_nothing(path, monkeypatch):
    before = path.read_bytes()

    def full(_stream):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(quarantine_index.atomic, "sync", full)
    with pytest.raises(OSError, match="No space"):
        quarantine_index.rewrite(path, lambda _number, _text: b"")
    assert path.read_bytes() == before


def test_a_reason_has_neither_line_numbers_nor_values():
    assert quarantine_index.pattern_of("line 7 has a value of another type: seats is '7x', for a@b.example") == (
        "has a value of another type: seats is …, for …"
    )


def test_reasons_at_one_field_are_apart_until_they_are_too_many(tmp_path):
    path = tmp_path / "many.jsonl"
    words = [f"is not {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(50)]
    path.write_bytes(b"".join(line(n, field="plan", message=word) for n, word in enumerate(words)))
    groups = quarantine_index.index_of(path).largest()
    assert len(groups) == 21
    assert (groups[0].message, len(groups[0].lines)) == ("several reasons at this field", 30)


def test_a_file_that_grows_is_read_on_and_one_that_changed_is_read_again(path):
    indexes = quarantine_index.Indexes()
    first = indexes.of(path)
    with path.open("ab") as stream:
        stream.write(line(4, code="conflict"))
    assert indexes.of(path) is first
    assert len(first.starts) == 5
    quarantine_index.rewrite(path, lambda number, _text: b"" if number == 0 else None)
    assert len(indexes.of(path).starts) == 4
    path.write_bytes(line(9, code="other") * 7)
    assert [group.code for group in indexes.of(path).largest()] == ["other"]


def test_the_index_of_a_large_file_is_made_after_the_page(path, monkeypatch):
    indexes = quarantine_index.Indexes()
    assert len(indexes.soon(path).starts) == 4
    monkeypatch.setattr(quarantine_index, "_READ_AT_ONCE", 0)
    monkeypatch.setattr(quarantine_index, "_AFTER_SECONDS", 0)
    other = path.with_name("other.jsonl")
    other.write_bytes(path.read_bytes())
    assert indexes.soon(other) is None
    assert len(indexes.of(other).starts) == 4
    assert indexes.soon(other) is indexes.of(other)


@pytest.mark.parametrize("text", ["zoe@example.com", "ZOE@example.com", 'say "hi"', "Zoë"])
def test_a_text_is_found_in_records_and_not_in_what_is_around_them(tmp_path, text):
    path = tmp_path / "some.jsonl"
    record = {"email": "zoe@example.com", "quote": 'say "hi"', "name": "Zoë"}
    content = {"nexlaMetaData": {"sourceKey": text}, "error": {"message": text}, "rawMessage": {"a": 1}}
    path.write_bytes(orjson.dumps(content) + b"\n\n" + orjson.dumps({**content, "rawMessage": record}) + b"\n")
    assert quarantine_index.found(path, quarantine_index.index_of(path), text) == [1]
    assert quarantine_index.found(path, quarantine_index.index_of(path), "") == []


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\n \r\n",
        b'{"nexlaMetaData":{"desti\n',
        b'{"nexlaMetaData":{},"rawMessage":{"pad":"%b"}}\n' % (b"x" * 4_000_000),
    ],
    ids=["nothing", "blank lines", "a line cut short", "a long record"],
)
def test_a_quarantine_is_known_by_its_first_whole_line(path, before):
    path.write_bytes(before + path.read_bytes())
    assert quarantine_index.is_quarantine(path)


@pytest.mark.parametrize(
    "text", [b"", b"\n\n", b"id,name\n" + line(1), b'{"id":1}\n' + line(1), b"[" + line(1), b"\xff\n"]
)
def test_any_other_file_is_no_quarantine(path, text):
    path.write_bytes(text)
    assert not quarantine_index.is_quarantine(path)


def test_half_a_character_in_a_reason_is_part_of_it(path):
    path.write_bytes(line(1, message="x").replace(b'"x"', rb'"bad \ud800 value"'))
    assert [group.message for group in quarantine_index.index_of(path).largest()] == ["bad \ud800 value"]
