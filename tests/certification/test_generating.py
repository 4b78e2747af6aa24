"""A connector is written from a few answers, as programs that hold together whatever the answers are."""

from __future__ import annotations

import ast
import importlib
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.certification import catalogue, releasing
from custify_connector.certification.generating import QUESTIONS, Answers, answer_faults, programs
from custify_connector.certification.running import Selection, run
from custify_connector.cli import main


@given(st.sampled_from(sorted(QUESTIONS)), st.text(max_size=20))
def test_an_answer_is_refused_or_gives_programs(word, text):
    made = Answers("notes", **{word: text})
    if answer_faults(made):
        with pytest.raises(ValueError, match=rf"\b{word}\b"):
            programs(made)
        return
    for path, content in programs(made).items():
        assert "$" not in content
        if path.endswith(".py"):
            ast.parse(content)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"stream": "Notes"}, "stream: 'Notes' must be small letters, digits and _, beginning with a letter"),
        ({"url": "http://notes.example"}, "url: 'http://notes.example' must be an address that begins with https://"),
        ({"requests": "none"}, "requests: 'none' must be an integer of at least 1"),
        ({"text": "id"}, "text: 'id' must differ from key"),
        ({"text": 'a"b'}, "text: 'a\"b' must be one word"),
    ],
)
def test_an_answer_that_no_program_can_hold_is_refused_with_what_it_must_be(answers, sentence):
    with pytest.raises(ValueError, match="must ") as caught:
        programs(Answers("notes", **answers))
    assert str(caught.value) == sentence


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """Write a connector of memos and return it as what is judged, with its release stored."""
    words = ("stream=memos", "text=subject", "header=Authorization", "page_parameter=p", "total=count")
    options = [option for word in words for option in ("--answer", word)]
    folder = str(tmp_path / "memo")
    result = CliRunner().invoke(main, ["certify", "--init", "memo", "--directory", folder, *options])
    assert result.exit_code == 0, result.output
    monkeypatch.syspath_prepend(folder)
    subject = catalogue.of("memo", importlib.import_module("memo_connector.connector").connector)
    stored = releasing.stored(releasing.release(subject))
    (tmp_path / "memo" / "memo_connector" / "released.json").write_text(stored, "utf-8")
    return subject


def unproved(outcomes):
    return {one.check.id: one.verdict for one in outcomes if one.verdict.result in {"failed", "skipped"}}


def test_what_was_written_reads_and_writes(generated):
    chosen = frozenset({"A4", "C1", "C2", "D1", "D6", "E2", "G1", "G2", "H8", "J1", "J2"})
    assert unproved(run(generated, Selection("rehearsed", checks=chosen))) == {}


@pytest.mark.slow
@pytest.mark.alone
def test_what_was_written_is_hardened(generated):
    assert unproved(run(generated, Selection("hardened"))) == {}


def test_a_directory_that_holds_something_is_left_as_it_is(tmp_path):
    (tmp_path / "kept.txt").write_text("kept")
    result = CliRunner().invoke(main, ["certify", "--init", "notes", "--directory", str(tmp_path)])
    assert result.exit_code == 2
    assert "exists and is not empty" in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--init"], "--init: name the new connector"),
        (["--init", "Notes"], "must be small letters"),
        (["--init", "notes", "--answer", "steam=notes"], "--answer: unknown word 'steam'"),
        (["notes", "--answer", "stream=notes"], "--answer and --directory need --init"),
    ],
)
def test_a_slip_in_the_words_of_the_command_is_refused_and_nothing_is_written(words, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["certify", *words])
    assert (result.exit_code, reason in result.output) == (2, True), result.output
    assert list(tmp_path.iterdir()) == []


def test_the_release_of_an_installed_connector_is_stored(tmp_path, monkeypatch, small):
    monkeypatch.setattr(catalogue, "installed", {"tiny": small}.__getitem__)
    path = tmp_path / "released.json"
    result = CliRunner().invoke(main, ["certify", "tiny", "--release", str(path)])
    assert result.exit_code == 0, result.output
    assert {"credentials", "description", "states"} == json.loads(path.read_text("utf-8")).keys()


def test_the_next_commands_can_be_pasted_whatever_the_directory_is_called(tmp_path):
    folder = str(tmp_path / "a folder")
    done = CliRunner().invoke(main, ["certify", "--init", "notes", "--directory", folder])
    assert f"pip install --editable '{folder}'" in done.output
    assert f"--release '{folder}/notes_connector/released.json'" in done.output
