"""Group J: the connector as a package, and as people meet it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal
from custify_connector.contract import HOOKS, ConnectorHooks


@check("J2", "declared")
def every_hook_has_the_published_arguments(bench: Bench) -> Iterator[Finding]:
    """A hook that leaves out an argument of the contract never sees it; pluggy lets that pass without a word."""
    for name in HOOKS:
        hook = getattr(bench.subject.plugin, name, None)
        if hook is not None:
            published = [word for word in inspect.signature(getattr(ConnectorHooks, name)).parameters if word != "self"]
            yield equal(name, published, list(inspect.signature(hook).parameters))
