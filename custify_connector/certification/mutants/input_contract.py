"""Mutants of group H: what comes in is not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import Plugin, mutant, with_batches, with_each_receipt, with_written


@mutant("H1")
def a_rejected_record_passes_for_sent(healthy: Plugin) -> object:
    """A record that could not be named is counted among those that went well."""
    return with_each_receipt(healthy, lambda receipt: replace(receipt, outcome="sent"))


@mutant("H2")
def a_value_of_any_type_passes_for_sent(healthy: Plugin) -> object:
    """What the schema refused is counted among what went well."""
    return a_rejected_record_passes_for_sent(healthy)


@mutant("H3")
def only_the_fields_of_the_first_record_are_sent(healthy: Plugin) -> object:
    """The first record decides which fields there are."""

    def cut(records: Iterable[Any]) -> Iterator[Any]:
        known: set[str] = set()
        for record in records:
            known = known or set(record)
            yield {name: value for name, value in record.items() if name in known}

    return with_written(healthy, records=cut)


@mutant("H4")
def what_is_no_record_is_passed_over(healthy: Plugin) -> object:
    """Only objects with something in them are looked at, and the others get no receipt."""
    return with_written(healthy, records=lambda given: (one for one in given if isinstance(one, dict) and one))


@mutant("H5")
def names_and_texts_become_ascii(healthy: Plugin) -> object:
    """Every character beyond ASCII becomes a question mark."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        if isinstance(value, dict):
            return {plain(name): plain(inner) for name, inner in value.items()}
        return value.encode("ascii", "replace").decode() if isinstance(value, str) else value

    return with_written(healthy, records=lambda given: map(plain, given))


@mutant("H6")
def words_that_are_not_known_are_passed_over(healthy: Plugin) -> object:
    """A misspelt setting does nothing, without a word."""

    def known(argument: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in argument.items() if name in {"endpoint", "params", "settings", "mode"}}

    reading = with_batches(healthy, source=known)
    return with_written(reading, destination=known)


@mutant("H7")
def a_series_that_fails_has_ended(healthy: Plugin) -> object:
    """What the records themselves raise is taken for their end."""

    def quiet(records: Iterable[Any]) -> Iterator[Any]:
        with suppress(Exception):
            yield from records

    return with_written(healthy, records=quiet)
