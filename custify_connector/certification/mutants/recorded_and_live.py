"""Mutants of the rungs recorded and live: connectors that know the testbed, and not the world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import Plugin, mutant, with_each_written, with_records, with_report


@mutant("D15")
def the_last_field_of_a_reply_is_overlooked(healthy: Plugin) -> object:
    """What stands last in a record never arrives."""
    return with_records(healthy, lambda record: dict(list(record.items())[:-1]))


@mutant("B7")
def no_key_is_ever_good(healthy: Plugin) -> object:
    """The report says unauthorized, whatever the service answered."""
    return with_report(healthy, lambda report: replace(report, ok=False, code="unauthorized"))


@mutant("D16")
def every_value_comes_in_a_list(healthy: Plugin) -> object:
    """Values travel as they were parsed, each in a list of one."""
    return with_records(healthy, lambda record: {name: [value] for name, value in record.items()})


@mutant("G26")
def texts_are_cut_on_their_way(healthy: Plugin) -> object:
    """Every text but a key of digits loses its end, and the receipt says sent."""

    def cut(value: Any) -> Any:  # noqa: ANN401 - any value
        return value[:-1] if isinstance(value, str) and " " in value else value

    return with_each_written(healthy, lambda record: {name: cut(value) for name, value in record.items()})
