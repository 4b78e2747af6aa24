# ruff: noqa: INP001 - a script, not a package
"""A target on singer-sdk that posts every record. `singer_target.py --config FILE < MESSAGES`."""

from __future__ import annotations

from typing import Any, ClassVar

import requests
from singer_sdk import RecordSink, Target
from singer_sdk import typing as th


class People(RecordSink):
    """Posts people one by one."""

    def setup(self) -> None:
        """Open a session."""
        super().setup()
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {self.config['api_key']}"

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002 - theirs
        """Post one record."""
        body = {name: value for name, value in record.items() if not name.startswith("_sdc")}
        self._session.post(f"{self.config['base_url']}/people", json=body, timeout=30).raise_for_status()


class CustifyTarget(Target):
    """One sink."""

    name = "target-custify"
    default_sink_class = People
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True, secret=True),
        th.Property("add_record_metadata", th.BooleanType, default=False),
    ).to_dict()


if __name__ == "__main__":
    CustifyTarget.cli()
