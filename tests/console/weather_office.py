"""A connector of another service, with another credential, other parameters and other fields; it asks no network."""

from custify_connector.contract import Batch, CredentialReport, Receipt, hookimpl
from custify_connector.contract.errors import ConfigurationError, CredentialRefused, Fault

STRING = {"type": "string"}
ORDER = {"type": "object", "properties": {"endpoint": STRING, "dry_run": {"type": "boolean"}}}
READ = {
    "type": "object",
    "examples": [{"request": {"tower": "north", "since": {"year": 2020}}, "records": ["readings"]}],
    "properties": {"endpoint": STRING, "limit": {"type": "integer"}, "fields": {"type": "array"}},
    "anyOf": [{"required": ["endpoint"]}, {"$ref": "#/$defs/asked"}],
    "$defs": {
        "asked": {
            "type": "object",
            "required": ["request"],
            "properties": {
                "request": {
                    "type": "object",
                    "required": ["tower"],
                    "properties": {
                        "tower": {"title": "Tower", **STRING, "description": "Where the thermometer hangs."},
                        "since": {"type": "object"},
                    },
                },
                "records": {"type": "array", "items": STRING},
                "patience": {"type": "integer", "description": "Minutes to wait for the observer."},
            },
        }
    },
}


class Weather:
    """Reads the thermometer, and warns of storms."""

    @hookimpl
    def describe(self):
        return {
            "name": "weather",
            "title": "Weather office",
            "version": "1.0",
            "credential": {
                "type": "object",
                "required": ["station", "password"],
                "properties": {
                    "station": {"title": "Station", **STRING, "description": "The number on the mast."},
                    "password": {"title": "Pass phrase", **STRING, "writeOnly": True},
                },
            },
            "source": READ,
            "destination": ORDER,
            "sources": {
                "readings": {
                    "title": "Readings",
                    "parameters": {"properties": {"height": {"type": "integer", "description": "Metres above sea."},
                                                  "unit": {"enum": ["C", "F"]}}},
                    "schema": {"properties": {"celsius": {"type": "number", "description": "How warm it was."}}},
                }
            },
            "destinations": {
                "warn": {"title": "Warn", "identity": [["wind"]],
                         "schema": {"properties": {"wind": {"type": "integer"}}}}
            },
        }  # fmt: skip

    @hookimpl
    def test_credential(self, credential):
        ok = credential["password"] == "rain-and-snow"
        code = "ok" if ok else "unauthorized"
        return CredentialReport(ok, code, None, "The office knows you" if ok else "Nobody knows you", None, 1)

    @hookimpl
    def read_source(self, credential, source, state):
        assert credential["station"] == "7"
        asked, request = source.get("params", {}), source.get("request", {})
        if asked.get("height", 0) > 9000:
            raise ConfigurationError((Fault("source.params.height", "is above every mountain"),))
        if request.get("tower") == "babel":
            raise ConfigurationError((Fault("source.request.tower", "was never finished"),))
        if asked.get("unit") == "F":
            raise RuntimeError(f"something with the pass phrase {credential['password']} in it")
        return self._read(credential, asked, request, source.get("limit"))

    def _read(self, credential, asked, request, limit):
        if asked.get("height") == 13:
            raise CredentialRefused(f"the office forgot {credential['password']}")
        where = {"tower": request["tower"]} if "tower" in request else {}
        rows = [{"celsius": 20 + step / 2, "note": "<b>mild</b>", **where} for step in range(limit or 40)]
        yield Batch("readings", rows[:25], {"at": 25})
        if rows[25:]:
            yield Batch("readings", rows[25:], {"at": 40})

    @hookimpl
    def write_destination(self, credential, destination, records):
        dry = destination.get("dry_run", False)
        return (self._warn(index, record, dry) for index, record in enumerate(records))

    def _warn(self, index, record, dry):
        if not isinstance(record.get("wind"), int):
            return Receipt(index, "rejected", code="invalid", reason="is no force of wind", field="wind")
        key = {"wind": record["wind"]}
        return Receipt(index, "planned", key, response=key) if dry else Receipt(index, "sent", key, status=200)


connector = Weather()
