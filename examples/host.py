"""A host in thirty lines: it finds every installed connector, picks one by name, and calls its hooks.

    CUSTIFY_API_KEY=... python examples/host.py custify people upsert_person

It knows nothing of any service: what it needs is in `describe`, and what it shows comes from the connector.
"""

import os
import sys

from custify_connector.contract import NamedConnector, plugin_manager


def main(name: str = "custify", source: str = "people", destination: str = "upsert_person") -> None:
    """Test a credential, read a few records of a source, and plan to write the destination's own examples."""
    manager = plugin_manager()
    print("installed:", ", ".join(sorted(found for found, _ in manager.list_name_plugin())))
    connector = NamedConnector(manager, name)
    words = {"api_key": f"{name.upper()}_API_KEY", "base_url": f"{name.upper()}_BASE_URL"}
    given = {word: os.environ[variable] for word, variable in words.items() if variable in os.environ}
    credential = {"name": "host", **given}
    report = connector.test_credential(credential)
    print("test:", report.code, report.message)
    if not report.ok:
        sys.exit(3)
    for batch in connector.read_source(credential, {"endpoint": source, "limit": 3}):
        for record in batch.records:
            print("read:", record)
    examples = connector.describe()["destinations"][destination]["schema"]["examples"]
    for receipt in connector.write_destination(credential, {"endpoint": destination, "dry_run": True}, examples):
        print("write:", receipt.outcome, receipt.response)


if __name__ == "__main__":
    main(*sys.argv[1:])
