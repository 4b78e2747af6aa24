from pathlib import Path

import pytest

from custify_connector.contract.errors import StateError
from custify_connector.host import home, named_states, state_file


@pytest.mark.parametrize("text", ["nightly", "people-2026", "A_1", "0"])
def test_a_bare_word_is_a_name(text):
    assert named_states.path_of(text) == home.directory() / "states" / f"{text}.state"
    assert named_states.name_of(named_states.path_of(text)) == text


@pytest.mark.parametrize("text", ["nightly.state", "./nightly", "a/b", "~x", "-x", "x" * 101, "a b", "a\n"])
def test_everything_else_is_a_path(text):
    assert named_states.path_of(text) == Path(text)
    assert named_states.name_of(Path(text)) is None


def test_states_are_listed_and_forgotten():
    assert named_states.every() == []
    state_file.save(named_states.path_of("b"), state_file.Stored({"v": 1}))
    state_file.save(named_states.path_of("a"), state_file.Stored({"v": 1}, 10))
    assert [(one.name, one.unfinished) for one in named_states.every()] == [("a", True), ("b", False)]
    named_states.remove("a")
    assert named_states.names() == ["b"]


def test_a_state_that_is_not_there_cannot_be_forgotten():
    named_states.path_of("nightly").touch()
    with pytest.raises(StateError, match=r"there is no 'nigthly'; did you mean 'nightly'\?"):
        named_states.remove("nigthly")
