import contextlib
import copy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.conversions import Notation
from custify_connector.host.mapping import NotConvertible, Rule, apply, check_columns, parse, unmapped
from custify_connector.records.identities import field_value

ROW = {"id": "7", "first": "Ada", "last": "Lovelace", "empty": "", "total": "12.5", "json": '{"a": [1]}', "yes": "Yes"}


def record(*texts, row=None, empty="absent"):
    return apply(parse(texts), ROW if row is None else row, empty)


def faults(*texts):
    with pytest.raises(ConfigurationError) as caught:
        parse(texts)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("user_id=id", Rule(("user_id",), ("id",), None, None)),
        ("name={first} {last}", Rule(("name",), ("first", "last"), "{first} {last}", None)),
        ("plan==Gold", Rule(("plan",), (), "Gold", None)),
        ("plan==", Rule(("plan",), (), "", None)),
        ("plan==a=b {x}", Rule(("plan",), (), "a=b {x}", None)),
        ("metadata.total:number=total", Rule(("metadata", "total"), ("total",), None, "number")),
        ("companies[].company_id=c", Rule(("companies", "[]", "company_id"), ("c",), None, None)),
        ("tags[]=t", Rule(("tags", "[]"), ("t",), None, None)),
        ("at:noon=id", Rule(("at:noon",), ("id",), None, None)),
        ("a=b=c", Rule(("a",), ("b=c",), None, None)),
        ("a={}", Rule(("a",), ("{}",), None, None)),
        ("a= id ", Rule(("a",), (" id ",), None, None)),
    ],
)
def test_a_rule_says_where_a_value_goes_and_what_it_is_made_of(text, rule):
    assert parse([text]) == (rule,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("user_id", "has no '=': write TARGET=COLUMN"),
        ("", "has no '=': write TARGET=COLUMN"),
        ("=id", "has the target ''"),
        ("a..b=id", "has the target 'a..b'"),
        (".a=id", "has the target '.a'"),
        ("a[0]=id", "has the target 'a[0]'"),
        ("[]=id", "has the target '[]'"),
        ("a[][]=id", "has the target 'a[][]'"),
        ("a[]b=id", "has the target 'a[]b'"),
        ("a=", "has nothing after '='"),
        ("a:number=", "has nothing after '='"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_what_to_write(text, reason):
    (fault,) = faults(text)
    assert fault.startswith(f"--map {text}: {reason}")


def test_every_rule_at_fault_is_reported_at_once():
    assert len(faults("a", "b=", "c=id", "[]=id")) == 3


def test_two_rules_for_one_field_are_refused():
    assert faults("a=id", "b=id", "a:number=total", "a==x") == [
        "--map a:number=total: maps to a field that another rule maps to already",
        "--map a==x: maps to a field that another rule maps to already",
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ("a=id", "a.b=first"),
        ("a.b=first", "a=id"),
        ("a[]=id", "a[].b=first"),
        ("a[].b=first", "a[]=id"),
        ("a[]=id", "a.b=first"),
        ("a.b=first", "a[]=id"),
        ("a=id", "a[]=first"),
    ],
    ids=" ".join,
)
def test_a_field_that_is_a_value_and_has_fields_too_is_refused(texts):
    assert len(faults(*texts)) == 1


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["user_id=id"], {"user_id": "7"}),
        (["name={first} {last}"], {"name": "Ada Lovelace"}),
        (["name={first} {empty}"], {"name": "Ada"}),
        (["name={empty}{empty}"], {}),
        (["plan==Gold"], {"plan": "Gold"}),
        (["plan== Gold "], {"plan": " Gold "}),
        (["seats:integer==3", "paid:boolean==no"], {"seats": 3, "paid": False}),
        (["a.b.c=id", "a.b.d=first"], {"a": {"b": {"c": "7", "d": "Ada"}}}),
        (["c[].id=id", "c[].name=first"], {"c": [{"id": "7", "name": "Ada"}]}),
        (["t[]=id"], {"t": ["7"]}),
        (["t[]=empty"], {}),
        (["a.b=empty"], {}),
        (["c[].id=id", "c[].name=empty"], {"c": [{"id": "7"}]}),
        (["n:number=id", "t:number=total"], {"n": 7, "t": 12.5}),
        (["n:integer=id", "s:string=id"], {"n": 7, "s": "7"}),
        (["b:boolean=yes"], {"b": True}),
        (["j:json=json"], {"j": {"a": [1]}}),
        (["n:number=empty"], {}),
        (["n:number={id}{id}"], {"n": 77}),
        (["n:number={empty}"], {}),
    ],
    ids=str,
)
def test_rules_make_a_record_of_a_row(texts, expected):
    assert record(*texts) == expected


@pytest.mark.parametrize("empty", ["absent", "null", "text"])
def test_what_a_row_of_json_lacks_makes_no_field_while_its_null_clears_one(empty):
    rules = ("a=x", "b={x} {y}", "c=o.x", "d=o.y", "e=z", "f==constant")
    row = {"o": {"y": None}, "z": None}
    assert record(*rules, row=row, empty=empty) == {"d": None, "e": None, "f": "constant"}


@pytest.mark.parametrize(("empty", "expected"), [("absent", {}), ("null", {"a": None}), ("text", {"a": ""})])
@pytest.mark.parametrize("text", ["a=empty", "a={empty}", "a:number=empty"])
def test_an_empty_value_is_left_out_null_or_text_as_was_asked(text, empty, expected):
    assert record(text, empty=empty) == expected


def test_values_that_are_no_text_keep_their_type_unless_another_is_asked_for():
    row = {"n": 3, "b": True, "none": None, "o": {"x": {"y": 1}}, "l": [1]}
    rules = [
        "n=n",
        "b=b",
        "none=none",
        "o=o",
        "x.y=o.x.y",
        "t=n is {n}, b {b}, none '{none}'",
        "ns:string=n",
        "j:json=l",
    ]
    assert record(*rules, row=row) == {
        "n": 3,
        "b": True,
        "none": None,
        "o": {"x": {"y": 1}},
        "x": {"y": 1},
        "t": "n is 3, b true, none ''",
        "ns": "3",
        "j": [1],
    }


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("integer", "7", 7),
        ("integer", "-7", -7),
        ("integer", "007", 7),
        ("number", "7", 7),
        ("number", "-7.50", -7.5),
        ("number", "1e3", 1000.0),
        ("number", "1E-2", 0.01),
        ("boolean", "true", True),
        ("boolean", "TRUE", True),
        ("boolean", "yes", True),
        ("boolean", "1", True),
        ("boolean", "False", False),
        ("boolean", "no", False),
        ("boolean", "0", False),
        ("json", "[1, null]", [1, None]),
        ("json", '"x"', "x"),
        ("string", "7", "7"),
    ],
)
def test_a_text_becomes_the_type_that_is_asked_for(type_name, text, value):
    found = record(f"a:{type_name}=x", row={"x": text})["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("type_name", "text", "article"),
    [
        ("integer", "7.5", "an integer"),
        ("integer", "seven", "an integer"),
        ("integer", "1_000", "an integer"),
        ("integer", "1,000", "an integer"),
        ("integer", "0x10", "an integer"),
        ("integer", "9" * 5_000, "an integer"),
        ("number", "1,5", "a number"),
        ("number", "nan", "a number"),
        ("number", "inf", "a number"),
        ("number", "1_000", "a number"),
        ("number", ".5", "a number"),
        ("number", "\u0663", "a number"),
        ("boolean", "maybe", "true or false: name such words with --yes-word and --no-word"),
        ("boolean", "2", "true or false: name such words with --yes-word and --no-word"),
        ("json", "{", "JSON"),
        ("json", "{'a': 1}", "JSON"),
    ],
)
def test_a_text_that_is_not_of_the_type_is_refused_with_its_column(type_name, text, article):
    with pytest.raises(NotConvertible) as caught:
        record(f"a:{type_name}=x", row={"x": text})
    assert str(caught.value) == f"x is {text[:40]!r}, which is not {article}"


@pytest.mark.parametrize(
    ("type_name", "text", "reason"),
    [
        ("json", '{"a":1,"a":2}', "has the field 'a' twice"),
        ("json", "[" * 100_000, "is nested too deeply"),
        ("number", "0.12345678901234567890", "a JSON number cannot keep exactly: round it, or send it as text"),
        ("number", "1e999", "a JSON number cannot keep exactly: round it, or send it as text"),
    ],
)
def test_a_text_that_cannot_be_kept_exactly_is_refused_with_the_cause(type_name, text, reason):
    with pytest.raises(NotConvertible) as caught:
        record(f"a:{type_name}=x", row={"x": text})
    assert str(caught.value) == f"x is {text[:40]!r}, which {reason}"


@pytest.mark.parametrize(
    ("text", "source"),
    [("a:number={first} {last}", "first and last"), ("a:number==x", "constant"), ("a:number=first", "first")],
)
def test_a_refusal_names_every_column_it_looked_at(text, source):
    with pytest.raises(NotConvertible, match=f"^{source} is "):
        record(text)


def test_columns_that_no_rule_uses_are_returned_in_their_order():
    rules = parse(["a={x} {y}", "b==z"])
    assert check_columns(rules, ("z", "y", "x", "w")) == ("z", "w")


def test_columns_that_are_not_there_are_refused_all_at_once_with_the_close_one():
    with pytest.raises(ConfigurationError) as caught:
        check_columns(parse(["a={usr_id} {zz}", "b=zz"]), ("user_id", "name"))
    assert [str(fault) for fault in caught.value.faults] == [
        "--map: there is no column 'usr_id'; did you mean 'user_id'?",
        "--map: there is no column 'zz' (known: name, user_id)",
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"a": "1", "b": ""}, {"a": "1"}),
        ({"a.b": "1", "a.c": "2"}, {"a": {"b": "1", "c": "2"}}),
        ({"a": None, "b": 0, "c": [], "d": {}}, {"a": None, "b": 0, "c": [], "d": {}}),
        ({"a.b": 1}, {"a.b": 1}),
        ({}, {}),
    ],
    ids=str,
)
def test_without_rules_a_dotted_column_is_a_nested_field(row, expected):
    assert unmapped(row, "absent") == expected


@pytest.mark.parametrize("row", [{"a": "1", "a.b": "2"}, {"a.b": "2", "a": "1"}, {"a.b": "1", "a.b.c": "2"}], ids=str)
def test_columns_that_cannot_both_be_kept_are_refused_not_lost(row):
    with pytest.raises((ConfigurationError, NotConvertible)):
        unmapped(row, "absent")


@pytest.mark.parametrize("column", ["[]", "a.[]", "a..b", ".a", "a.", "."])
def test_a_column_with_an_odd_name_is_never_an_error_of_another_kind(column):
    with contextlib.suppress(ConfigurationError, NotConvertible):
        assert unmapped({column: "1"}, "absent")


def test_making_a_record_leaves_the_row_as_it_was():
    row = {"a": {"c": 1}, "a.b": "x", "l": [1]}
    before = copy.deepcopy(row)
    with contextlib.suppress(ConfigurationError, NotConvertible):
        unmapped(row, "absent")
    record("n=l", "m=a", row=row)
    assert row == before


columns = st.lists(st.text("abcde_", min_size=1, max_size=4), min_size=1, max_size=6, unique=True)
texts = st.text(max_size=6)


@given(st.dictionaries(st.text("abc", min_size=1), texts | st.integers() | st.none() | st.booleans()))
def test_without_rules_a_plain_row_is_its_own_record(row):
    assert unmapped(row, "text") == row


@given(columns, st.data(), st.sampled_from(["absent", "null", "text"]))
def test_every_value_goes_where_its_rule_says_and_nothing_else_does(columns, data, empty):
    """A law: for rules that only rename, each target holds its column's value, and there are no others."""
    row = {column: data.draw(texts) for column in columns}
    rules = parse([f"out{number}.deep.f{number}={column}" for number, column in enumerate(columns)])
    made = apply(rules, row, empty)
    for number, column in enumerate(columns):
        value = row[column] or {"absent": None, "null": None, "text": ""}[empty]
        assert field_value(made, f"out{number}.deep.f{number}") == value
    filled = [number for number, column in enumerate(columns) if row[column] or empty != "absent"]
    assert set(made) == {f"out{number}" for number in filled}
    assert check_columns(rules, tuple(columns)) == ()


@given(st.lists(st.text("ab.[]:={} n", max_size=8), max_size=3))
def test_whatever_is_written_a_rule_is_parsed_or_refused(written):
    try:
        rules = parse(written)
    except ConfigurationError:
        return
    row = dict.fromkeys((column for rule in rules for column in rule.columns), "1")
    assert isinstance(apply(rules, row, "text"), dict)


@given(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
def test_a_figure_that_python_wrote_is_read_back(whole, fraction):
    row = {"i": str(whole), "f": repr(fraction)}
    assert record("i:integer=i", "n:number=i", "f:number=f", row=row) == {"i": whole, "n": whole, "f": fraction}


@pytest.mark.parametrize(
    ("rule", "notation", "reason"),
    [
        ("at:date=cell", Notation(date_format="%d.%m.%Y"), "a date in the --date-format %d.%m.%Y, or like 2026-01-31"),
        ("at:date=cell", Notation(), "a date: write 2026-01-31, or name their format with --date-format"),
        ("total:number=cell", Notation(decimal=","), "a number with the --decimal , and no --thousands"),
        ("total:integer=cell", Notation(), "an integer"),
    ],
    ids=["dates have a format", "dates have none", "a decimal comma", "no notation"],
)
def test_a_cell_that_fits_no_type_is_refused_in_the_words_of_its_notation(rule, notation, reason):
    with pytest.raises(NotConvertible, match=re.escape(f"cell is '01/31/26', which is not {reason}") + "$"):
        apply(parse([rule]), {"cell": "01/31/26"}, "absent", notation)
