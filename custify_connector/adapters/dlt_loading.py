"""Streams loaded into any destination of dlt, which is configured as dlt has it: secrets.toml, config.toml, variables.

Decides the pipeline, which is one for each account and destination, so that no cursor is taken for another account's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import dlt

from custify_connector.adapters.dlt_custify import custify_source
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault

_DATASET = "custify"
_PASSWORD = re.compile(r"(?<=://)[^@\s/]*@")


def load(destination: str, account: str, credential: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, int]:
    """Load streams into `DESTINATION` or `DESTINATION/DATASET`; returns how many records each had.

    `chosen` are the arguments of `custify_source`. Raises what stopped the read, and ConfigurationError for what dlt
    or the destination says.
    """
    name, _, dataset = destination.partition("/")
    source = custify_source(credential=dict(credential), **chosen)
    streams = list(source.resources)
    try:
        pipeline = dlt.pipeline(f"custify_{name}_{account}", destination=name, dataset_name=dataset or _DATASET)
        pipeline.run(source)
        trace = pipeline.last_trace.last_normalize_info
    except Exception as error:  # noqa: BLE001 - each destination has errors of its own
        raise _meant(error, destination) from None
    counts: Mapping[str, int] = trace.row_counts if trace else {}
    return {stream: counts.get(pipeline.default_schema.naming.normalize_identifier(stream), 0) for stream in streams}


def _meant(error: BaseException, destination: str) -> ConnectorError:
    """Return the connector's own error where that was the cause, else what dlt says, without a password."""
    causes: Sequence[BaseException] = _causes(error)
    own = next((each for each in causes if isinstance(each, ConnectorError)), None)
    if own is not None:
        return own
    text = " ".join(str(causes[-1]).split()) or type(causes[-1]).__name__
    return ConfigurationError((Fault(f"dlt:{destination}", _PASSWORD.sub("…@", text)),))


def _causes(error: BaseException) -> list[BaseException]:
    found = [error]
    while (inner := getattr(found[-1], "exception", None) or found[-1].__cause__) and inner not in found:
        found.append(inner)
    return found
