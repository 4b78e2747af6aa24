"""Read a manifest: check its text, then build the values of `grammar` from it.

Decides nothing that an endpoint could differ in: that is in the text. What is wrong with a text is in `faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from custify_connector.checking.json_schema import compile_record_check
from custify_connector.contract.errors import ManifestError
from custify_connector.manifest import resources
from custify_connector.manifest.faults import SchemaTrial, compiles, grammar_faults, is_there, meaning_faults
from custify_connector.manifest.grammar import (
    Alternatives,
    BatchEndpoint,
    CredentialTest,
    DestinationEndpoint,
    FindFirst,
    Gather,
    Held,
    Incremental,
    Manifest,
    Parameter,
    PartitionRule,
    RateLimit,
    Route,
    Sort,
    SourceEndpoint,
    touches_of,
)


@lru_cache(maxsize=1)
def load() -> Manifest:
    """Return the connector's own manifest, read once; its schemas are tried where they are used, and by the tests."""
    folder = resources.root()
    text = (folder / "connector.yaml").read_text("utf-8")
    return read(text, "connector.yaml", folder / "schemas", own=True)


def read(text: str, file: str, schemas: Path, *, own: bool = False) -> Manifest:
    """Read a manifest; raises ManifestError with every fault, each with its file, line and column.

    Every schema that it names is compiled, unless it is our `own`: that costs a start 8 ms, and teaches nothing new.
    """
    return _build(_checked(text, file, schemas, is_there if own else compiles), schemas)


def _checked(text: str, file: str, schemas: Path, trial: SchemaTrial) -> dict[str, Any]:
    from custify_connector.checking import strict_yaml  # noqa: PLC0415 - 20 ms that a use of the schemas alone does not need

    document = strict_yaml.parse(text, file)
    grammar = resources.schema("manifest")
    if not compile_record_check(grammar)(document.value):
        raise ManifestError(tuple(grammar_faults(document, grammar)))
    faults = tuple(meaning_faults(document, schemas, trial))
    if faults:
        raise ManifestError(faults)
    return document.value


def _build(value: Mapping[str, Any], schemas: Path) -> Manifest:
    connector = value["connector"]
    shared = value.get("parameters", {})
    return Manifest(
        **{name: connector[name] for name in ("name", "title", "summary", "documentation", "base_url")},
        hosts=tuple(connector["hosts"]),
        rate_limit=RateLimit(**connector["rate_limit"]),
        credential_test=CredentialTest(**_frozen(connector["credential_test"], dict)),
        batch=BatchEndpoint(**connector["batch"]) if "batch" in connector else None,
        schemas=schemas,
        sources=_frozen({name: _source(name, entry, shared) for name, entry in value["sources"].items()}),
        destinations=_frozen({name: _destination(name, entry) for name, entry in value["destinations"].items()}),
    )


def _source(name: str, entry: Mapping[str, Any], shared: Mapping[str, Any]) -> SourceEndpoint:
    words: dict[str, Any] = _frozen(entry, dict)
    parameters = {
        parameter: _parameter(parameter, shared[meaning] if isinstance(meaning, str) else meaning)
        for parameter, meaning in words.pop("parameters", {}).items()
    }
    words["key"] = _alternatives(words.get("key", ()))
    words["sort"] = Sort(**words["sort"]) if "sort" in words else None
    words["incremental"] = Incremental(**words["incremental"]) if "incremental" in words else None
    words["flatten"] = tuple(words.get("flatten", ()))
    words["partitions"] = tuple(PartitionRule(**rule) for rule in words.get("partitions", ()))
    return SourceEndpoint(name=name, parameters=_frozen(parameters), **words)


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    return Parameter(name=name, **_frozen(entry, dict))


def _destination(name: str, entry: Mapping[str, Any]) -> DestinationEndpoint:
    words: dict[str, Any] = _frozen(entry, dict)
    words["identity"] = _alternatives(words["identity"])
    words["repeat"] = words["repeat"] if isinstance(words["repeat"], str) else words["repeat"]["with"]
    words["query"] = tuple(words.get("query", ()))
    words["after"] = tuple(words.get("after", ()))
    words["routes"] = tuple(Route(rule["with"], rule["path"]) for rule in words.get("routes", ()))
    words["find_first"] = FindFirst(**words["find_first"]) if "find_first" in words else None
    words["touches"] = touches_of(words["touches"]) if "touches" in words else None
    words["gather"] = Gather(**words["gather"]) if "gather" in words else None
    words["held"] = Held(**{**words["held"], "by": _alternatives(words["held"]["by"])}) if "held" in words else None
    return DestinationEndpoint(name=name, **words)


def _alternatives(value: Any) -> Alternatives:  # noqa: ANN401 - lists from YAML, checked by the grammar
    return tuple(tuple(fields) for fields in value)


def _frozen(value: Any, whole: Callable[[dict[str, Any]], Any] = MappingProxyType) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in which no object and no list can be changed; `whole` is what the outermost object becomes."""
    if isinstance(value, Mapping):
        return whole({name: _frozen(inner) for name, inner in value.items()})
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
