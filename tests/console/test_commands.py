"""What a page is about to do, as the words of the command; the command itself understands every one of them."""

import pytest

from custify_connector.cli.read import command as read
from custify_connector.cli.replay import command as replay
from custify_connector.cli.sample import command as sample
from custify_connector.cli.write import command as write
from custify_connector.console.commands import Read, Write, shown

READ = Read("e", "acme", {"a": "x y", "b": [1]}, "incremental", ("f", "g"), 5, "nightly", "o.csv", undocumented=True)
WRITE = Write(
    "d", "rows.csv", "acme", ("a=b",), {"n": 3}, "t", "null", "batch", "stop", "5%", "r.jsonl", skip_unchanged=True
)


@pytest.mark.parametrize("words", [READ.words(), READ.sample(3), WRITE.words(), WRITE.dry_run(), WRITE.sample(2)])
def test_the_command_takes_these_words(words):
    commands = {"read": read, "sample": sample, "write": write, "replay": replay}
    context = commands[words[0]].make_context(words[0], list(words[1:]))
    assert context.params


def test_a_command_is_shown_as_a_shell_takes_it():
    assert shown(("read", "e", "--param", "a=x y")) == "custify read e --param 'a=x y'"


def test_what_no_one_chose_is_not_said():
    assert Read("e", "").words() == ("read", "e")
    assert Write("d", "f", "").words() == ("write", "d", "f")


def test_a_form_and_its_command_ask_for_the_same():
    assert READ.source() == {"endpoint": "e", "mode": "incremental", "fields": ["f", "g"], "limit": 5,
                             "params": {"a": "x y", "b": [1]}, "settings": {"undocumented": True}}  # fmt: skip
    assert WRITE.destination(dry_run=True)["max_rejects"] == "5%"
    assert Write("d", "f", "", max_rejects="3").destination(dry_run=False)["max_rejects"] == 3
