from __future__ import annotations

import pytest

from custify_connector.host.endpoint_names import command_for, unknown
from custify_connector.plugin import connector

DESCRIBED = connector.describe()


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("destination", "people", "'people' is a source; did you mean 'upsert_person'?"),
        ("destination", "company", "there is no 'company'; did you mean 'upsert_company'?"),
        ("destination", "signals", "'signals' is a source: custify read signals"),
        ("destination", "upsert_persn", "there is no 'upsert_persn'; did you mean 'upsert_person'?"),
        ("destination", "create_person", "there is no 'create_person'; did you mean 'upsert_person'?"),
        ("destination", "add_deal", "there is no 'add_deal'; did you mean 'upsert_deal'?"),
        ("destination", "remove_person", "there is no 'remove_person'; did you mean 'delete_person'?"),
        ("destination", "delte_person", "there is no 'delte_person'; did you mean 'delete_person'?"),
        ("source", "upsert_person", "'upsert_person' is a destination; did you mean 'people'?"),
        ("source", "create_event", "'create_event' is a destination: custify write create_event"),
        ("source", "person", "there is no 'person'; did you mean 'people'?"),
        ("source", "Deal", "there is no 'Deal'; did you mean 'deals'?"),
        ("source", "peeple", "there is no 'peeple'; did you mean 'people'?"),
        ("source", "zzz", "there is no 'zzz': custify describe lists them"),
    ],
)
def test_an_unknown_name_is_answered_with_what_it_may_mean(kind, name, said):
    assert unknown(DESCRIBED, kind, name) == said


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("people", "custify read people"),
        ("person", "custify read people"),
        ("upsert_person", "custify write upsert_person"),
        ("event", "custify write create_event"),
        ("zzz", None),
    ],
)
def test_an_endpoint_in_place_of_a_command_is_answered_with_the_command(name, command):
    assert command_for(DESCRIBED, name) == command


def test_a_connector_that_describes_little_is_enough():
    assert unknown({"sources": {"echoes": {}}}, "source", "echos") == "there is no 'echos'; did you mean 'echoes'?"
    assert command_for({}, "echoes") is None
