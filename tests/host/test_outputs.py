import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.json_values import lines
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.outputs import Target

A, B = {"id": "a", "name": "Zoë"}, {"id": "b", "seats": [1, None]}


def open_output(path, resume_at=None):
    return Target(path).open(resume_at)


def refused(path, resume_at=None):
    with pytest.raises(ConfigurationError) as caught:
        open_output(str(path), resume_at)
    return str(caught.value.faults[0])


def test_a_file_takes_its_place_only_when_it_is_finished(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    output = open_output(str(path))
    output.write([A])
    output.write([])
    output.write([B])
    assert path.read_text() == "old"
    assert output.size == (tmp_path / "out.jsonl.part").stat().st_size
    output.finish()
    output.close()
    assert path.read_bytes() == lines([A, B])
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_run_that_fails_leaves_the_old_data_whole_and_the_new_beside_it(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    output = open_output(str(path))
    output.write([A])
    output.close()
    assert path.read_text() == "old"
    assert (tmp_path / "out.jsonl.part").read_bytes() == lines([A])


def test_what_was_written_is_with_the_operating_system_before_it_is_counted(tmp_path):
    output = open_output(str(tmp_path / "out.jsonl"))
    assert output.size == 0
    output.write([A])
    assert (tmp_path / "out.jsonl.part").stat().st_size == output.size == len(lines([A]))
    output.close()


def test_an_unfinished_file_goes_on_where_the_state_says(tmp_path):
    """What was written behind the last stored state is written again, so it is cut off first."""
    path = tmp_path / "out.jsonl"
    first = open_output(str(path))
    first.write([A])
    stored = first.size
    first.write([B, B])
    first.close()
    second = open_output(str(path), stored)
    assert second.size == stored
    second.write([B])
    assert second.size == len(lines([A, B]))
    second.finish()
    assert path.read_bytes() == lines([A, B])


def test_a_file_may_go_on_from_its_very_start(tmp_path):
    path = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.part").write_bytes(lines([A]))
    output = open_output(str(path), 0)
    output.write([B])
    output.finish()
    assert path.read_bytes() == lines([B])


def test_a_run_that_finished_before_its_state_was_saved_begins_again(tmp_path):
    """There is nothing unfinished then: the file has taken its place already, and stays until the next run is done."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(lines([A]))
    output = open_output(str(path), path.stat().st_size)
    output.write([B])
    assert (output.size, path.read_bytes()) == (len(lines([B])), lines([A]))
    output.finish()
    assert path.read_bytes() == lines([B])


def test_without_a_place_to_go_on_an_unfinished_file_is_begun_again(tmp_path):
    (tmp_path / "out.jsonl.part").write_bytes(lines([A]))
    output = open_output(str(tmp_path / "out.jsonl"))
    output.write([B])
    output.finish()
    assert (tmp_path / "out.jsonl").read_bytes() == lines([B])


@pytest.mark.parametrize("there", [None, b"{}\n"], ids=["missing", "too short"])
def test_an_unfinished_file_that_lost_records_is_refused(tmp_path, there):
    part = tmp_path / "out.jsonl.part"
    if there is not None:
        part.write_bytes(there)
    assert refused(tmp_path / "out.jsonl", 10) == (
        f"{part}: has less than the state says was written: start again without the state"
    )


def test_what_cannot_be_written_is_refused_at_once(tmp_path):
    assert refused(tmp_path).endswith("is a directory: name a file in it")
    assert "cannot be written: " in refused(tmp_path / "missing" / "out.jsonl")
    (tmp_path / "file").write_text("")
    assert "cannot be written: " in refused(tmp_path / "file" / "out.jsonl")


def test_standard_output_is_written_at_once(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", stream)
    output = open_output("-")
    output.write([A])
    assert stream.buffer.getvalue() == lines([A])
    output.write([B])
    output.finish()
    output.close()
    assert stream.buffer.getvalue() == lines([A, B])
    assert output.size == len(lines([A, B]))


@pytest.mark.parametrize(
    "record",
    [
        {"name": "lone \ud800 half"},
        {"deep": [{"\udfff": "\ud83d"}]},
    ],
    ids=ascii,
)
def test_a_record_with_half_a_character_is_written_too(record):
    """JSON can carry it, the service can send it, and no record may be lost for it."""
    text = lines([A, record, B])
    assert [json.loads(line) for line in text.splitlines()] == [A, record, B]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), json_values, max_size=3), max_size=4))
def test_each_record_is_one_line_and_reads_back_as_it_was(records):
    text = lines(records)
    assert text.count(b"\n") == len(records)
    assert [json.loads(line) for line in text.split(b"\n")[:-1]] == records
