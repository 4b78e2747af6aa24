"""Group A: the schema of the credential, by which a host draws its form."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds

_NAMES_OF_SECRETS = ("key", "token", "secret", "password", "passphrase")


@check("A4", "declared")
def secrets_are_marked(bench: Bench) -> Iterator[Finding]:
    """A host hides a field that is marked, and shows any other: mark each secret with `writeOnly: true`.

    The mark fits a text alone, and a credential without any secret is one whose secret was overlooked.
    """
    properties = bench.description["credential"].get("properties", {})
    marked = {name for name, one in properties.items() if one.get("writeOnly") is True}
    yield holds("credential", "at least one field with writeOnly: true", sorted(marked), marked)
    for name, one in properties.items():
        if name in marked:
            yield holds(f"credential.{name}", "a marked field is a text", one.get("type"), one.get("type") == "string")
        elif any(word in name.lower().split("_") for word in _NAMES_OF_SECRETS):
            yield holds(f"credential.{name}", "writeOnly: true", one, true=False)
