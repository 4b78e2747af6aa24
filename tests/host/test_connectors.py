"""The connectors that a run may use: what another one is handed, and what becomes of what it raises."""

import pytest

from custify_connector.cli import connector_option
from custify_connector.contract import PROJECT, Batch, ConnectorHooks, NamedConnector, Receipt, hookimpl
from custify_connector.contract.errors import (
    ConfigurationError,
    ConnectorFailed,
    CredentialRefused,
    Fault,
    ServiceUnavailable,
)
from custify_connector.host import connectors

pluggy = pytest.importorskip("pluggy")
KEY = "a-key-nobody-may-see"
LENT = {"name": "x", "key": KEY}
SCHEMA = {"properties": {"name": {}, "key": {"writeOnly": True}}}


class Other:
    """A connector whose hooks raise what a test says."""

    def __init__(self, error=None, late=None, schema=SCHEMA):
        self.error, self.late, self.schema = error, late, schema

    @hookimpl
    def describe(self):
        """Tell that a read may be bounded, and what is secret."""
        return {"credential": self.schema, "source": {"$defs": {"a": {"properties": {"limit": {}}}}}}

    @hookimpl
    def test_credential(self, credential):  # noqa: ARG002 - a hook
        """Raise."""
        raise self.error

    @hookimpl
    def read_source(self, credential, source, state):  # noqa: ARG002 - a hook
        """Raise, at once or after a batch."""
        if self.error:
            raise self.error
        return self._read()

    def _read(self):
        yield Batch("things", [{"id": 1}], {})
        raise self.late


class Writing(Other):
    """A connector that takes every record."""

    @hookimpl
    def write_destination(self, credential, destination, records):  # noqa: ARG002 - a hook
        """Answer each record."""
        return (Receipt(index, "sent") for index, _ in enumerate(records))


def chosen(*given, kind=Other, **named):
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ConnectorHooks)
    manager.register(kind(*given, **named), "other")
    return connectors.of(NamedConnector(manager, "other"))


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (ValueError(f"{KEY} is no number"), ConfigurationError, "other: ••• is no number"),
        (RuntimeError(f"with {KEY}"), ConnectorFailed, "the connector other failed: RuntimeError"),
        (CredentialRefused(f"not {KEY}"), CredentialRefused, "not •••"),
        (ConfigurationError((Fault("source.x", f"is {KEY}"),)), ConfigurationError, "source.x: is •••"),
        (ServiceUnavailable("gone"), ServiceUnavailable, "gone"),
    ],
)
def test_what_it_raises_is_an_error_of_the_contract_without_its_secret(raised, kind, said):
    for call in (
        lambda other: other.hooks.read_source(LENT, {}, None),
        lambda other: other.hooks.test_credential(LENT),
    ):
        with pytest.raises(kind) as seen:
            call(chosen(raised))
        assert said in str(seen.value)
        assert KEY not in str(seen.value)
        assert seen.value.__cause__ is None


def test_what_it_raises_while_it_reads_is_too():
    batches = chosen(late=ValueError(KEY)).hooks.read_source(LENT, {}, None)
    assert next(batches).records == [{"id": 1}]
    with pytest.raises(ConnectorFailed, match="ValueError"):
        next(batches)


def test_a_hook_that_it_does_not_have_is_said_to_be_missing():
    with pytest.raises(ConnectorFailed, match="'other' does not implement write_destination"):
        chosen().hooks.write_destination(LENT, {}, [])


def test_where_no_field_is_declared_secret_every_text_is():
    found = connectors.secrets_of({}, {"name": "somebody", "key": KEY, "port": 1, "empty": ""})
    assert [secret.reveal() for secret in found] == ["somebody", KEY]
    assert [secret.reveal() for secret in connectors.secrets_of(SCHEMA, LENT)] == [KEY]


def test_what_is_usual_is_not_passed_and_what_is_not_declared_is_refused():
    other = chosen()
    assert other.source({"endpoint": "x", "mode": "full", "params": {}, "limit": 3, "settings": {}}) == {
        "endpoint": "x",
        "limit": 3,
    }
    with pytest.raises(ConfigurationError, match=r"source\.fields: other does not declare"):
        other.source({"endpoint": "x", "fields": ["id"]})
    with pytest.raises(ConfigurationError, match=r"destination\.max_rejects"):
        other.destination({"endpoint": "x", "max_rejects": 0})
    with pytest.raises(ConfigurationError, match=r"destination\.dry_run"):
        other.destination({"endpoint": "x", "dry_run": True, "on_reject": "continue", "delivery": "single"})


def test_an_endpoint_that_is_not_described_is_refused_with_the_one_that_was_meant():
    own = connector_option.own()
    own.refuse_unknown("source", ["people"])
    with pytest.raises(ConfigurationError) as seen:
        own.refuse_unknown("destination", ["upsert_persn", "zzz"])
    assert [str(fault) for fault in seen.value.faults] == [
        "destination.endpoint: there is no 'upsert_persn'; did you mean 'upsert_person'?",
        "destination.endpoint: there is no 'zzz': custify describe lists them",
    ]


def test_one_that_takes_every_word_gets_it_as_it_is():
    own = connector_option.own()
    wanted = {"endpoint": "people", "params": {}, "mode": "full"}
    assert own.source(wanted) == wanted
    assert {own.label, connector_option.named(None).label, connector_option.named(own.name).label} == {""}


def test_one_that_describes_itself_by_no_mapping_is_at_fault():
    class Odd:
        @hookimpl
        def describe(self):
            return "a connector"

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ConnectorHooks)
    manager.register(Odd(), "odd")
    with pytest.raises(ConnectorFailed, match="not a mapping"):
        _ = connectors.of(NamedConnector(manager, "odd")).description


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ConfigurationError(()), RuntimeError("host")]
)
def test_what_the_host_raises_while_it_gives_records_is_no_failure_of_the_connector(error):
    def records():
        yield {"id": 1}
        raise error

    receipts = chosen(kind=Writing).hooks.write_destination(LENT, {"endpoint": "things"}, records())
    assert next(receipts).outcome == "sent"
    with pytest.raises(type(error)) as raised:
        next(receipts)
    assert raised.value is error
