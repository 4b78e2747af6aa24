import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking import strict_yaml
from custify_connector.contract.errors import ManifestError


def parsed(text):
    return strict_yaml.parse(text, "f.yaml").value


def faults(text):
    with pytest.raises(ManifestError) as caught:
        strict_yaml.parse(text, "f.yaml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a: &x 1\n", ["f.yaml:1:4: anchors are not allowed: write the value out"], id="anchor"),
        pytest.param("a: *x\n", ["f.yaml:1:4: aliases are not allowed: write the value out"], id="alias"),
        pytest.param("a: &x [*x]\n", ["anchors", "aliases"], id="a value inside itself"),
        pytest.param('{"a":&x 1}\n', ["f.yaml:1:6: anchors"], id="anchor behind a colon"),
        pytest.param("a: [1,!x 1]\n", ["f.yaml:1:7: tags"], id="tag behind a comma"),
        pytest.param("&x a: 1\n", ["f.yaml:1:1: anchors"], id="anchor at the start"),
        pytest.param("\ufeff&x a: 1\n", ["anchors"], id="anchor behind a byte order mark"),
        pytest.param("-a: 1\nb:\n- &x\n  1\n", ["f.yaml:3:3: anchors"], id="anchor of an item"),
        pytest.param("? &x a\n: 1\n", ["f.yaml:1:3: anchors"], id="anchor of a key"),
        pytest.param("a: !x 1\n", ["f.yaml:1:4: tags are not allowed: remove !x"], id="own tag"),
        pytest.param("a: !!int '1'\n", ["f.yaml:1:4: tags are not allowed: remove tag:yaml.org,2002:int"], id="tag"),
        pytest.param("a: !!python/name:os.system x\n", ["f.yaml:1:4: tags are not allowed"], id="python tag"),
        pytest.param("a: 1\nb: 2\na: 3\n", ["f.yaml:3:1: the key 'a' is already on line 1"], id="duplicate"),
        pytest.param("x:\n  a: 1\n  a: 2\n", ["f.yaml:3:3: the key 'a' is already on line 2"], id="deep duplicate"),
        pytest.param("x: [{a: 1, a: 2}]\n", ["f.yaml:1:12: the key 'a' is already"], id="duplicate in a flow"),
        pytest.param("1: a\n", ["f.yaml:1:1: a key must be text: put it in quotes"], id="number as key"),
        pytest.param("true: a\n", ["f.yaml:1:1: a key must be text"], id="boolean as key"),
        pytest.param("~: a\n", ["f.yaml:1:1: a key must be text"], id="null as key"),
        pytest.param("? [x]\n: a\n", ["f.yaml:1:3: a key must be text"], id="list as key"),
        pytest.param("<<: {a: 1}\nb: 2\n", ["f.yaml:1:1: "], id="merge key"),
        pytest.param("- a\n", ["f.yaml:1:1: must be a mapping of names to values"], id="list as root"),
        pytest.param("text\n", ["f.yaml:1:1: must be a mapping"], id="text as root"),
        pytest.param("", ["f.yaml:1:1: must be a mapping"], id="empty"),
        pytest.param("# nothing\n", ["f.yaml:1:1: must be a mapping"], id="comment alone"),
        pytest.param("a: 1\n---\nb: 2\n", ["f.yaml:2:1: "], id="two documents"),
        pytest.param("a:\n\t- b\n", ["f.yaml:2:1: is not valid YAML: found character"], id="tab"),
        pytest.param("a: [1\n", ["is not valid YAML"], id="open bracket"),
        pytest.param("a: b: c\n", ["f.yaml:1:5: is not valid YAML"], id="colon in a value"),
        pytest.param("a: " + "[" * 5_000, ["is not valid YAML: exceeded maximum nesting"], id="too deep"),
    ],
)
def test_what_is_not_plain_data_is_refused_with_its_place(text, found):
    texts = faults(text)
    assert len(texts) == len(found)
    assert all(part in whole for part, whole in zip(found, texts, strict=True))


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f"], ids=repr)
def test_a_control_character_is_refused_with_its_line_and_column(character):
    (text,) = faults(f"a: 1\nb: x{character}y\n")
    assert text.startswith("f.yaml:2:5: is not valid YAML")


def test_every_fault_is_reported_at_once():
    text = "a: &x 1\nb: *x\nc: !t 1\n2: d\nb: 3\n"
    assert [fault.split(": ")[0] for fault in faults(text)] == [
        "f.yaml:1:4",
        "f.yaml:2:4",
        "f.yaml:3:4",
        "f.yaml:4:1",
        "f.yaml:5:1",
    ]


def test_duplicates_and_keys_at_fault_are_reported_together():
    assert len(faults("a: 1\na: 2\n3: x\nb: {c: 1, c: 2, c: 3}\n")) == 4


def test_a_document_over_the_bound_is_refused_before_it_is_parsed():
    (text,) = faults("é" * (strict_yaml.MAXIMUM_BYTES // 2 + 1))
    assert text == "f.yaml: is larger than 1,000,000 bytes"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ('"true"', "true"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("0", 0),
        ("-3", -3),
        ("1.50", 1.5),
        ("-0.5", -0.5),
        ("012", "012"),
        ("1" * 5_000, "1" * 5_000),
        ("0x1f", "0x1f"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        ("1e3", "1e3"),
        (".5", ".5"),
        (".nan", ".nan"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
        ("[1, a]", [1, "a"]),
        ("{b: [~]}", {"b": [None]}),
    ],
    ids=repr,
)
def test_a_value_means_what_it_looks_like(written, meant):
    """Digits without an end are no number: Python reads none of more than 4,300."""
    value = parsed(f"a: {written}\n")["a"]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ((), "1:1"),
        (("a",), "1:1"),
        (("a", "b"), "2:3"),
        (("a", "b", 0), "3:7"),
        (("a", "b", 0, "c"), "3:7"),
        (("a", "b", 1), "4:7"),
        (("d",), "5:1"),
        (("d", "e"), "5:7"),
    ],
    ids=str,
)
def test_every_part_has_its_line_and_column(place, shown):
    document = strict_yaml.parse("a:\n  b:\n    - c: 1\n    - 2\n'd': {e: f}\n", "f.yaml")
    assert document.where(place) == f"f.yaml:{shown}"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (("a", "b"), "f.yaml:2:3"),
        (("a", "missing"), "f.yaml:1:1"),
        (("a", "b", 5, "x"), "f.yaml:2:3"),
        ((), "f.yaml:1:1"),
    ],
    ids=str,
)
def test_a_part_that_is_missing_stands_where_the_nearest_part_around_it_stands(place, shown):
    assert strict_yaml.parse("a:\n  b: 1\n", "f.yaml").where(place) == shown


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="ascii", categories=["L"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(plain_values)
def test_plain_data_comes_back_as_it_was_written(value):
    assert parsed(f"a: {json.dumps(value)}\n") == {"a": value}
