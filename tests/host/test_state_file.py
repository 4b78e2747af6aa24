import contextlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import StateError
from custify_connector.host.state_file import Stored, load, save

BROKEN = "is not a state file: restore it, or remove it to start from the beginning"


def test_without_a_file_nothing_is_stored(tmp_path):
    assert load(tmp_path / "state.json") == Stored(None, None)


@pytest.mark.parametrize(
    "stored",
    [Stored({"version": 1}), Stored({"version": 1}, 0), Stored({}, 17), Stored({"a": [None, "é"]}, None), Stored()],
    ids=str,
)
def test_what_was_saved_is_loaded(tmp_path, stored):
    save(tmp_path / "state.json", stored)
    assert load(tmp_path / "state.json") == stored
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_mark_of_the_byte_order_is_no_part_of_a_state(tmp_path):
    (tmp_path / "state.json").write_bytes(b'\xef\xbb\xbf{"state": {"version": 1}}')
    assert load(tmp_path / "state.json") == Stored({"version": 1})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"state"',
        b"{}",
        b'{"state": 3}',
        b'{"state": [1]}',
        b'{"output_size": 3}',
        b'{"state": {"version": 1}, "outp',
    ],
    ids=repr,
)
def test_a_file_that_is_no_state_is_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(StateError) as caught:
        load(path)
    assert [str(fault) for fault in caught.value.faults] == [f"{path}: {BROKEN}"]


@pytest.mark.parametrize("size", ["null", '"17"', "1.5", "true", "-1", "[]"])
def test_a_size_that_is_none_is_no_size_or_refused(tmp_path, size):
    path = tmp_path / "state.json"
    path.write_text(f'{{"state": {{}}, "output_size": {size}}}')
    with contextlib.suppress(StateError):
        assert load(path) == Stored({}, None)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(StateError, match="cannot be read: "):
        load(tmp_path)


def test_a_crash_while_saving_leaves_the_last_state_whole(tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    save(path, Stored({"version": 1}, 5))

    def crash(_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(StateError, match="cannot be written: no space left"):
        save(path, Stored({"version": 2}, 9))
    assert load(path) == Stored({"version": 1}, 5)


def test_a_state_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    path, order = tmp_path / "state.json", []
    monkeypatch.setattr(os, "fsync", lambda _: order.append(path.exists()))
    save(path, Stored({"version": 1}))
    assert order == [False]
    assert path.exists()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=3), st.none() | st.integers(0, 2**53))
def test_any_state_comes_back_as_it_was(tmp_path_factory, state, size):
    path = tmp_path_factory.mktemp("states") / "state.json"
    save(path, Stored(state, size))
    assert load(path) == Stored(state, size)


def test_a_state_keeps_half_a_character_and_every_digit(tmp_path):
    state = {"key": "a\ud800", "number": 2**70}
    save(tmp_path / "state", Stored(state))
    assert load(tmp_path / "state").state == state
