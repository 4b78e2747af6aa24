import inspect
import re
import traceback
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pluggy
import pytest

from custify_connector import contract
from custify_connector.contract import (
    CONTRACT_VERSION,
    HOOKS,
    OUTCOMES,
    Batch,
    ConnectorHooks,
    CredentialReport,
    NamedConnector,
    Outcome,
    Receipt,
    ReportCode,
    hookimpl,
)

REPORT = CredentialReport(ok=True, code="ok", status=200, message="m", verified_at="2026-01-31", elapsed_ms=1)


class Fake:
    """A connector that answers with its own name and what it was asked."""

    def __init__(self, name):
        self.name = name

    @hookimpl
    def describe(self):
        """Tell its name."""
        return {"name": self.name}

    @hookimpl
    def describe_account(self, credential):
        """Tell what it was asked."""
        return {"name": self.name, "credential": credential}

    @hookimpl
    def test_credential(self, credential):
        """Tell what it was asked."""
        return self.name, credential

    @hookimpl
    def read_source(self, credential, source, state):
        """Tell what it was asked."""
        return iter([(self.name, credential, source, state)])

    @hookimpl
    def write_destination(self, credential, destination, records):
        """Tell what it was asked."""
        return iter([(self.name, credential, destination, records)])

    @hookimpl
    def plan_source(self, credential, source, parts):
        """Tell what it was asked."""
        return [(self.name, credential, source, parts)]

    @hookimpl
    def testbed(self):
        """Tell its name."""
        return self.name


class Small:
    """A connector that implements one hook."""

    @hookimpl
    def describe(self):
        """Tell its name."""
        return {"name": "small"}


@pytest.fixture
def manager():
    manager = pluggy.PluginManager(contract.PROJECT)
    manager.add_hookspecs(ConnectorHooks)
    for name in ("first", "second"):
        manager.register(Fake(name), name)
    return manager


@pytest.mark.parametrize(
    ("hook", "arguments"),
    [
        ("describe", []),
        ("describe_account", ["credential"]),
        ("test_credential", ["credential"]),
        ("read_source", ["credential", "source", "state"]),
        ("write_destination", ["credential", "destination", "records"]),
        ("plan_source", ["credential", "source", "parts"]),
        ("testbed", []),
    ],
)
def test_a_hook_has_the_arguments_that_were_published(hook, arguments):
    assert list(inspect.signature(getattr(ConnectorHooks, hook)).parameters) == ["self", *arguments]
    assert list(inspect.signature(getattr(NamedConnector, hook)).parameters) == ["self", *arguments]


def test_the_hooks_are_those_of_the_contract_and_each_says_what_it_does():
    specified = [name for name in vars(ConnectorHooks) if not name.startswith("_")]
    assert tuple(specified) == HOOKS
    assert all(inspect.getdoc(getattr(ConnectorHooks, name)) for name in HOOKS)
    assert all(inspect.getdoc(getattr(NamedConnector, name)) for name in HOOKS)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (
            REPORT,
            [
                *("ok", "code", "status", "message", "verified_at", "elapsed_ms"),
                *("detail", "service_time", "limit", "remaining"),
            ],
        ),
        (Batch("people", [], {}), ["stream", "records", "state"]),
        (Receipt(0, "sent"), ["index", "outcome", "key", "status", "code", "reason", "field", "response"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_crosses_has_the_published_fields_and_cannot_be_changed(value, names):
    assert [field.name for field in fields(value)] == names
    for name in names:
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


def test_the_words_of_outcomes_and_reports_are_closed():
    assert get_args(Outcome) == OUTCOMES == ("sent", "unchanged", "rejected", "failed", "not_tried", "planned")
    assert set(get_args(ReportCode)) == {
        "ok",
        "invalid_credential",
        "unauthorized",
        "forbidden",
        "rate_limited",
        "unreachable",
        "tls_error",
        "timeout",
        "upstream_error",
        "unexpected_reply",
    }


@pytest.mark.parametrize("name", ["first", "second"])
def test_of_two_connectors_in_one_manager_each_answers_to_its_name(manager, name):
    one = NamedConnector(manager, name)
    assert one.name == name
    assert one.describe() == {"name": name}
    assert one.describe_account({"k": 1}) == {"name": name, "credential": {"k": 1}}
    assert one.test_credential({"k": 1}) == (name, {"k": 1})
    assert list(one.read_source({"k": 1}, {"s": 1}, {"at": 1})) == [(name, {"k": 1}, {"s": 1}, {"at": 1})]
    assert list(one.read_source({"k": 1}, {"s": 1})) == [(name, {"k": 1}, {"s": 1}, None)]
    assert list(one.write_destination({"k": 1}, {"d": 1}, [{}])) == [(name, {"k": 1}, {"d": 1}, [{}])]
    assert one.testbed() == name
    assert one.plan_source({"k": 1}, {"s": 1}, 2) == [(name, {"k": 1}, {"s": 1}, 2)]


def test_a_connector_that_is_registered_later_does_not_answer_for_another(manager):
    first = NamedConnector(manager, "first")
    manager.register(Fake("third"), "third")
    assert first.describe() == {"name": "first"}


def test_an_unknown_name_is_reported_with_those_that_are_known(manager):
    with pytest.raises(LookupError, match=r"no connector named 'third' is installed \(installed: first, second\)"):
        NamedConnector(manager, "third")


def test_where_nothing_is_installed_that_is_said():
    with pytest.raises(LookupError, match="installed: none"):
        NamedConnector(pluggy.PluginManager(contract.PROJECT), "first")


def test_a_hook_that_is_not_implemented_is_named_and_no_one_else_answers(manager):
    manager.register(Small(), "small")
    small = NamedConnector(manager, "small")
    assert small.describe() == {"name": "small"}
    with pytest.raises(LookupError, match="the connector 'small' does not implement plan_source"):
        small.plan_source({}, {}, 2)


def test_what_a_connector_raises_reaches_the_host_as_it_is(manager):
    class Failing:
        @hookimpl
        def describe(self):
            raise ZeroDivisionError("mine")

    manager.register(Failing(), "failing")
    with pytest.raises(ZeroDivisionError, match="mine"):
        NamedConnector(manager, "failing").describe()


def test_a_connector_with_a_hook_that_is_none_of_the_contract_is_refused(manager):
    class Wrong:
        @hookimpl
        def read_sauce(self):
            pass

    manager.register(Wrong(), "wrong")
    with pytest.raises(pluggy.PluginValidationError, match="read_sauce"):
        manager.check_pending()


def test_a_connector_with_an_argument_that_was_not_published_is_refused(manager):
    class Wrong:
        @hookimpl
        def describe(self, colour):
            pass

    with pytest.raises(pluggy.PluginValidationError, match="colour"):
        manager.register(Wrong(), "wrong")


def test_this_connector_names_the_version_of_the_contract_that_it_keeps_to():
    assert re.fullmatch(r"[1-9][0-9]*\.[0-9]+", CONTRACT_VERSION)
    assert NamedConnector(contract.plugin_manager(), "custify").describe()["contract"] == CONTRACT_VERSION


def test_an_installed_connector_is_found_under_its_name():
    manager = contract.plugin_manager()
    assert manager.has_plugin("custify")
    assert NamedConnector(manager, "custify").describe()["name"] == "custify"


class Interrupted:
    """A connector that is interrupted in each of its hooks."""

    def _stop(self):
        raise KeyboardInterrupt

    @hookimpl
    def test_credential(self, credential):
        """Stop."""
        del credential
        self._stop()

    @hookimpl
    def describe_account(self, credential):
        """Stop."""
        del credential
        self._stop()

    @hookimpl
    def plan_source(self, credential, source, parts):
        """Stop."""
        del credential, source, parts
        self._stop()


@pytest.mark.parametrize(
    ("hook", "arguments"), [("test_credential", ()), ("describe_account", ()), ("plan_source", ({}, 2))]
)
def test_an_interrupt_within_a_hook_leaves_no_key_in_the_frames_below_that_of_the_host(manager, hook, arguments):
    manager.register(Interrupted(), "interrupted")
    connector = NamedConnector(manager, "interrupted")
    with pytest.raises(KeyboardInterrupt) as caught:
        getattr(connector, hook)({"name": "n", "api_key": "a-key-to-hide"}, *arguments)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
    assert any("pluggy" in frame.f_code.co_filename for frame in frames)
    assert "a-key-to-hide" not in repr([frame.f_locals for frame in frames])
