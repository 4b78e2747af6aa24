"""What is reported of the rows of a write: grouped by reason, and bounded."""

from custify_connector.cli.write_summary import Reasons, most_frequent
from custify_connector.contract import Receipt
from custify_connector.host.feed import Line
from custify_connector.host.words import outcomes


def grouped(*reported):
    """Return the reasons of receipts given as (line, outcome, reason) and a key where there is one."""
    reasons = Reasons()
    for line, outcome, reason, *key in reported:
        reasons.add(Line(line, Receipt(line - 1, outcome, key=key[0] if key else None, reason=reason)))
    return reasons


def test_a_reason_of_one_row_names_its_line_and_key():
    shown = grouped((4, "rejected", "is odd", {"user_id": "u-4"}), (6, "failed", "no answer"))
    assert shown.lines() == ["line 4: rejected u-4: is odd", "line 6: failed: no answer"]


def test_a_reason_of_several_rows_is_reported_once_with_its_first_lines():
    shown = grouped(*((line, "rejected", "is odd") for line in range(2, 9)))
    assert shown.lines() == ["7 rejected: is odd (lines 2, 3, 4, 5, 6 and 2 more)"]


def test_the_most_frequent_comes_first_and_of_equals_the_earlier_line():
    shown = grouped((2, "rejected", "b"), (3, "rejected", "a"), (4, "rejected", "c"), (5, "rejected", "c"))
    assert [line.partition(":")[0] for line in shown.lines()] == ["2 rejected", "line 2", "line 3"]


def test_reasons_beyond_the_tenth_are_counted():
    shown = grouped(*((line, "rejected", f"reason {chr(line + 96)}") for line in range(1, 14)))
    assert len(shown.lines()) == 11
    assert shown.lines()[-1] == "and 3 more, for other reasons"
    assert len(shown.as_json()) == 10


def test_scripts_are_given_the_same_groups():
    shown = grouped((2, "rejected", "a"), (5, "rejected", "a"), (3, "failed", None))
    assert shown.as_json() == [
        {"outcome": "rejected", "reason": "a", "count": 2, "lines": [2, 5]},
        {"outcome": "failed", "reason": "", "count": 1, "lines": [3]},
    ]


def test_outcomes_that_no_one_had_are_left_out():
    assert outcomes({"sent": 1200, "rejected": 0, "failed": 3}) == "1,200 sent, 3 failed"


def test_reasons_that_differ_in_values_alone_are_one_and_the_first_is_shown_whole():
    shown = grouped(*((line, "rejected", f"line {line} is odd: 'x{line}'") for line in (2, 3)))
    assert shown.lines() == ["2 rejected, such as: is odd: 'x2' (lines 2, 3)"]
    assert shown.as_json() == [{"outcome": "rejected", "reason": "is odd: …", "count": 2, "lines": [2, 3]}]
    assert grouped((2, "rejected", "line 2 is 'odd'")).lines() == ["line 2: rejected: is 'odd'"]


def test_reasons_are_grouped_for_scripts_and_the_ten_most_frequent_are_given():
    counted = [("rejected", f"'{n}' is not an integer", n) for n in range(1, 4)]
    counted += [("failed", f"{chr(97 + n)} is unknown", 1) for n in range(26)]
    found = most_frequent(counted)
    assert found[0] == {"outcome": "rejected", "reason": "… is not an integer", "count": 6}
    assert found[1] == {"outcome": "failed", "reason": "a is unknown", "count": 1}
    assert len(found) == 10
