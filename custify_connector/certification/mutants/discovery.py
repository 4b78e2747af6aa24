"""Mutants of group C: descriptions that do not describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from custify_connector.certification.mutating import Broken, Plugin, mutant, with_batches, with_description, without
from custify_connector.contract import hookimpl


def _with_sources(healthy: Plugin, change: Callable[[dict[str, Any]], object]) -> object:
    def each(description: dict[str, Any]) -> None:
        for source in description["sources"].values():
            change(source)

    return with_description(healthy, each)


@mutant("C1")
def an_entry_bears_another_name(healthy: Plugin) -> object:
    """A stream was renamed in one place of two."""
    return _with_sources(healthy, lambda source: source.update(name="renamed"))


@mutant("C1")
def there_is_nothing_to_read_or_write(healthy: Plugin) -> object:
    """The catalogue is empty, as after a manifest that was not found."""
    return with_description(healthy, lambda description: description.update(sources={}, destinations={}))


@mutant("C1")
def an_entry_has_no_schema(healthy: Plugin) -> object:
    """A stream is listed before anyone knows what its records hold."""
    return _with_sources(healthy, lambda source: source.pop("schema"))


@mutant("C2")
def a_cursor_is_an_object(healthy: Plugin) -> object:
    """The cursor is a field with fields of its own."""
    return _with_sources(
        healthy,
        lambda source: (source["schema"]["properties"].update(at={"type": "object"}), source.update(cursor="at")),
    )


@mutant("C2")
def a_key_is_none_of_the_fields(healthy: Plugin) -> object:
    """The key was renamed in the schema alone."""
    return _with_sources(healthy, lambda source: source.update(key=["renamed"]))


@mutant("C3")
def a_mode_is_declared_that_does_not_exist(healthy: Plugin) -> object:
    """Every stream is said to be incremental, and has no cursor to be so by."""
    return _with_sources(healthy, lambda source: source.update(modes=["full", "incremental"], cursor=None))


@mutant("C4")
def a_field_has_two_types(healthy: Plugin) -> object:
    """A field is a text here and a number there."""
    return _with_sources(
        healthy, lambda source: source["schema"]["properties"].update(mixed={"type": ["string", "integer"]})
    )


@mutant("C5")
def a_stream_has_no_key(healthy: Plugin) -> object:
    """The key was forgotten."""
    return _with_sources(healthy, lambda source: source.update(key=[], keys=[], keyless=None))


@mutant("C6")
def a_field_is_gone(healthy: Plugin) -> object:
    """A field was dropped from each schema since the last release."""
    return _with_sources(healthy, lambda source: source["schema"]["properties"].popitem())


@mutant("C6")
def a_cursor_is_another(healthy: Plugin) -> object:
    """The cursor was changed, and every stored state with it."""
    return _with_sources(healthy, lambda source: source.update(cursor="another"))


@mutant("C7")
def the_description_is_another_each_time(healthy: Plugin) -> object:
    """It counts how often it was asked for."""
    asked: list[int] = []

    def count(description: dict[str, Any]) -> None:
        asked.append(1)
        description["asked"] = len(asked)

    return with_description(healthy, count)


@mutant("C7")
def the_caller_shares_the_connectors_own_description(healthy: Plugin) -> object:
    """What one caller changes, the next one gets."""
    shared = healthy.describe()

    @hookimpl
    def describe() -> dict[str, Any]:
        return shared  # type: ignore[no-any-return]

    return Broken(healthy, describe=describe)


@mutant("C8")
def the_accounts_fields_are_never_asked_for(healthy: Plugin) -> object:
    """The description of the account is the fixed one."""

    @hookimpl
    def describe_account(credential: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the hook's arguments
        return healthy.describe()  # type: ignore[no-any-return]

    return Broken(healthy, describe_account=describe_account)


@mutant("C10")
def an_account_has_sources_alone(healthy: Plugin) -> object:
    """The description of an account has what the account defines, and nothing else."""

    @hookimpl
    def describe_account(credential: Mapping[str, Any]) -> dict[str, Any]:
        found = healthy.describe_account(credential=credential)
        return {"name": found["name"], "version": found["version"], "sources": found["sources"]}

    return Broken(healthy, describe_account=describe_account)


@mutant("C7")
def the_choice_of_fields_is_ignored(healthy: Plugin) -> object:
    """Whatever was chosen, everything is delivered."""
    return with_batches(healthy, source=without("fields"))


@mutant("C9")
def every_account_is_one(healthy: Plugin) -> object:
    """No field of the credential is said to lead to another account."""
    return with_description(healthy, lambda description: description.pop("account", None))
