"""A host in thirty lines: it finds every installed connector, picks one by name, and calls its hooks.

    CUSTIFY_API_KEY=... python examples/host.py custify people upsert_person

It names no service: the fields of the credential are those of `describe`, each from the variable NAME_FIELD.
"""

import os
import sys

from custify_connector.contract import NamedConnector, plugin_manager


def main(name: str, source: str, destination: str) -> None:
    """Test a credential, read a few records of a source, and plan to write the destination's own examples."""
    manager = plugin_manager()
    print("installed:", ", ".join(sorted(found for found, _ in manager.list_name_plugin())))
    connector = NamedConnector(manager, name)
    description = connector.describe()
    schema = description["credential"]
    given = {word: os.environ.get(f"{name}_{word}".upper()) for word in schema["properties"]}
    needed = {word: "host" for word in schema.get("required", ()) if not schema["properties"][word].get("writeOnly")}
    credential = {**needed, **{word: value for word, value in given.items() if value}}
    report = connector.test_credential(credential)
    print("test:", report.code, report.message)
    if not report.ok:
        sys.exit(3)
    for batch in connector.read_source(credential, {"endpoint": source, "limit": 3}):
        for record in batch.records:
            print("read:", record)
    examples = description["destinations"][destination]["schema"]["examples"]
    for receipt in connector.write_destination(credential, {"endpoint": destination, "dry_run": True}, examples):
        print("write:", receipt.outcome, receipt.response)


if __name__ == "__main__":
    main(*sys.argv[1:])
