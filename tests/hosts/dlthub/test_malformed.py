"""Whatever a pipeline hands over, dlt gets an error of its own kinds, or a load that accounts for every row."""

import json

import dlt
import pytest
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationTransientException

from custify_connector.adapters import dlt_custify
from custify_connector.contract.errors import ConnectorError

NAMES = ("endpoint", "params", "delivery", "dry_run", "on_reject", "max_rejects", "settings", "unknown")
ERRORS = (DestinationTerminalException, DestinationTransientException)


@pytest.fixture
def account(custify):
    """Return the credential of an account without a limit."""
    custify.settings(rate_limit=None)
    return {"api_key": custify.api_key, "base_url": custify.base_url}


@pytest.mark.parametrize("block", range(5))
def test_a_random_source_is_taken_or_refused_as_a_configuration(malformed, refusal, account, block):
    for seed in range(block * 20, block * 20 + 20):
        given = malformed(seed).mapping(("endpoints", "mode", "params", "settings"))
        errors = (ConnectorError, ConfigurationException)
        assert refusal(errors, dlt_custify.custify_source, credential=account, **given) != ""


@pytest.mark.parametrize("block", range(5))
def test_a_random_destination_is_taken_or_refused_by_dlts_own_errors(malformed, refusal, account, tmp_path, block):
    file = tmp_path / "load" / "jobs" / "signups.1.0.typed-jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('[{"user_id": "m-1"}]\n')
    table = {"name": "signups", "columns": {"user_id": {"name": "user_id", "data_type": "text"}}}
    for seed in range(block * 20, block * 20 + 20):
        chosen = {"endpoint": "upsert_person", **malformed(seed).mapping(NAMES)}
        given = malformed(-seed).mapping(("settings",), at_most=1)
        given.update(folder=str(tmp_path / "kept"), destinations={"signups": chosen})
        assert refusal(ERRORS, call, account, file, table, **given) != ""


def call(account, file, table, **given):
    """Call the destination as dlt does, with its arguments filled in."""
    credential = dlt_custify.CustifyCredential()
    credential.update(account)
    function = dlt_custify.custify_destination.__wrapped__
    function(str(file), table, credential=credential, **given)


def test_every_random_row_of_a_load_arrived_or_is_in_the_quarantine(malformed, account, custify, tmp_path):
    names = ("email", "name", "session_count", "signed_up_at", "custom_attributes")
    made = [{"user_id": f"r-{seed}", **malformed(seed).mapping(names)} for seed in range(60)]
    # dlt itself does not extract half a character, or an integer of more than 64 bits.
    rows = json.loads(json.dumps(made).replace("\\ud800", "").replace(str(2**70), "7"))
    destination = dlt_custify.custify_destination(
        credential=account,
        folder=str(tmp_path / "kept"),
        destinations={"rows": {"endpoint": "upsert_person"}},
        settings={"rate_limit": None},
    )
    dlt.pipeline("malformed", destination=destination, pipelines_dir=str(tmp_path / "dlt")).run(rows, table_name="rows")
    arrived = {one["user_id"] for one in custify.content("people") if str(one.get("user_id")).startswith("r-")}
    kept = [json.loads(line) for line in (tmp_path / "kept" / "quarantine.jsonl").read_text("utf-8").splitlines()]
    assert arrived | {line["rawMessage"]["user_id"] for line in kept} == {row["user_id"] for row in rows}
    assert len(arrived) + len(kept) == len(rows)
    assert all(line["error"]["message"] for line in kept)
