import pytest

from custify_connector.checking.wording import suggestion, type_name


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("peple", ["people", "companies"], "; did you mean 'people'?"),
        ("ID", ["id", "first"], "; did you mean 'id'?"),
        ("zz", ["b", "a"], " (known: a, b)"),
        ("zz", [], ""),
        ("zz", [f"name{index}" for index in range(13)], ""),
    ],
)
def test_a_suggestion_is_the_close_name_or_a_short_list(name, known, expected):
    assert suggestion(name, known) == expected


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({}, "an object"),
        ([], "an array"),
        ("", "text"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        (None, "null"),
        (b"", "bytes"),
    ],
    ids=repr,
)
def test_a_type_has_the_name_that_a_person_would_use(value, name):
    assert type_name(value) == name


def test_an_operation_that_removes_is_never_meant_by_a_name_that_does_not():
    known = ["delete_person", "upsert_person", *(f"other_{n}" for n in range(12))]
    assert suggestion("create_person", known[:1] + known[2:]) == ""
    assert suggestion("delete_persn", known) == "; did you mean 'delete_person'?"
    assert suggestion("delet_person", known) == "; did you mean 'delete_person'?"
