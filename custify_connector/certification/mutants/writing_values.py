"""Mutants of group G, third part: values that change on their way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.certification.mutating import Plugin, mutant, with_each_written


@mutant("G15")
def null_is_taken_for_missing(healthy: Plugin) -> object:
    """Fields that are null are left out, so that nothing is ever cleared."""
    return with_each_written(
        healthy, lambda record: {name: value for name, value in record.items() if value is not None}
    )


@mutant("G16")
def what_is_empty_is_left_out(healthy: Plugin) -> object:
    """0, false and the empty text are taken for nothing."""
    return with_each_written(
        healthy, lambda record: {name: value for name, value in record.items() if value or value is None}
    )


@mutant("G17")
def a_missing_field_is_made_up(healthy: Plugin) -> object:
    """A field that is missing gets a default."""

    def filled(record: Mapping[str, Any]) -> Mapping[str, Any]:
        fitting = {name: value for name, value in _DEFAULTS.items() if not _BELONGS[name].isdisjoint(record)}
        return {**fitting, **record}

    return with_each_written(healthy, filled)


_DEFAULTS = {"signed_up_at": "2026-01-01", "text": "unknown"}
_BELONGS = {"signed_up_at": frozenset({"user_id", "company_id"}), "text": frozenset({"id"})}
"""A default goes where its field is known: to a record with one of these names."""


@mutant("G18")
def what_is_nested_is_left_out(healthy: Plugin) -> object:
    """Only flat fields are sent, and the others are dropped without a word."""
    return with_each_written(
        healthy,
        lambda record: {name: value for name, value in record.items() if not isinstance(value, (dict, list))},
    )


@mutant("G19")
def a_long_text_is_cut(healthy: Plugin) -> object:
    """What is too long is made to fit, in silence."""
    return with_each_written(
        healthy,
        lambda record: {name: value[:20] if isinstance(value, str) else value for name, value in record.items()},
    )


@mutant("G19")
def texts_lose_what_is_not_ascii(healthy: Plugin) -> object:
    """Names are written as if all the world were English."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - any value
        return value.encode("ascii", "ignore").decode() if isinstance(value, str) else value

    return with_each_written(healthy, lambda record: {name: plain(value) for name, value in record.items()})
