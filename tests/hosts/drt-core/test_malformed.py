"""Whatever a sync's YAML or a model's rows hold, drt gets an error of its own, or a result that counts every row."""

import datetime as dt
import decimal
from types import SimpleNamespace

import pydantic
import pytest

from custify_connector.adapters.drt_custify import CustifyDestination, CustifyDestinationConfig
from custify_connector.contract.errors import ConnectorError

SYNC = SimpleNamespace(match_policy="upsert", model_fields_set=set(), on_error="skip", dlq=None)


@pytest.mark.parametrize("block", range(10))
def test_a_random_configuration_is_taken_or_refused_by_drts_own_error(malformed, refusal, block):
    names = [*CustifyDestinationConfig.model_fields, "unknown"]
    account = {"type": "custify", "endpoint": "upsert_person", "api_key": "canary-key-0123"}
    for seed in range(block * 50, block * 50 + 50):
        why = refusal((pydantic.ValidationError, ConnectorError), used, {**account, **malformed(seed).mapping(names)})
        assert why is None or (why and "canary" not in why)


def used(given):
    """Read a configuration, and ask it for its credential."""
    CustifyDestinationConfig.model_validate(given).credential()


def test_a_key_in_the_place_of_its_variable_is_refused_unseen():
    with pytest.raises(pydantic.ValidationError, match="api_key_env must be the name of an environment") as refused:
        CustifyDestinationConfig.model_validate({"endpoint": "upsert_person", "api_key_env": "canary-key-0123"})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("endpoint", ["upsert_person", "create_event", "upsert_custom_data", "delete_person"])
def test_every_random_row_has_its_place_in_the_result(malformed, custify, endpoint):
    custify.settings(rate_limit=None)
    account = {"api_key": custify.api_key, "base_url": custify.base_url, "settings": {"rate_limit": None}}
    params = {"max_deletes": 100} if endpoint == "delete_person" else {}
    config = CustifyDestinationConfig.model_validate({"endpoint": endpoint, "params": params, **account})
    odd = [{"user_id": value} for value in (b"x", decimal.Decimal("NaN"), dt.time(1), {1, 2}, object(), 1j)]
    names = ("id", "user_id", "email", "name", "created_at", "entity", "externalId", "custom_attributes")
    rows = [malformed(seed).mapping(names) for seed in range(100)] + odd
    result = CustifyDestination().load(rows, config, SYNC)
    assert result.success + result.failed + result.skipped == len(rows)
    assert len(result.row_errors) == result.failed
    assert result.failed >= len(odd)
