"""A connector that the console has never heard of: registered in the host, it appears with its own forms."""

import pytest

from custify_connector.contract import Batch, CredentialReport, Receipt, hookimpl
from custify_connector.errors import ConfigurationError, Fault


class Weather:
    """A connector of another service, with another credential, other parameters and other fields."""

    @hookimpl
    def describe(self):
        string = {"type": "string"}
        return {
            "name": "weather",
            "title": "Weather office",
            "credential": {
                "type": "object",
                "required": ["station", "password"],
                "properties": {
                    "station": {"title": "Station", **string, "description": "The number on the mast."},
                    "password": {"title": "Pass phrase", **string, "writeOnly": True},
                },
            },
            "sources": {
                "readings": {
                    "title": "Readings",
                    "parameters": {"properties": {"height": {"type": "integer", "description": "Metres above sea."},
                                                  "unit": {"enum": ["C", "F"]}}},
                    "schema": {"properties": {"celsius": {"type": "number", "description": "How warm it was."}}},
                }
            },
            "destinations": {"warn": {"title": "Warn", "schema": {"properties": {"wind": {"type": "integer"}}}}},
        }  # fmt: skip

    @hookimpl
    def test_credential(self, credential):
        ok = credential["password"] == "rain"
        code = "ok" if ok else "unauthorized"
        return CredentialReport(ok, code, None, "The office knows you" if ok else "Nobody knows you", None, 1)

    @hookimpl
    def read_source(self, credential, source, state):
        assert credential["station"] == "7"
        if source.get("params", {}).get("height", 0) > 9000:
            raise ConfigurationError((Fault("source.params.height", "is above every mountain"),))
        if source.get("params", {}).get("unit") == "F":
            raise RuntimeError("something with the pass phrase rain in it")
        return iter([Batch("readings", [{"celsius": 21.5, "note": "<b>mild</b>"}], {})])

    @hookimpl
    def write_destination(self, credential, destination, records):
        return (Receipt(index, "planned", response={"wind": record["wind"]}) for index, record in enumerate(records))


@pytest.fixture
def manager(manager):
    manager.register(Weather(), name="weather")
    return manager


@pytest.fixture
def station(client):
    assert client.post("/weather/credentials/add", station="7", password="rain").status == 303
    return client


def test_it_stands_beside_the_other_one(client):
    text = client.get("/custify/credentials").text
    assert 'href="/weather/credentials"' in text


def test_its_credential_form_is_its_own(client):
    text = client.get("/weather/credentials/add").text
    assert "Station" in text
    assert "The number on the mast." in text
    assert "Pass phrase" in text
    assert 'type="password"' in text
    assert "API Key" not in text


def test_what_it_refuses_is_not_kept(client):
    refused = client.post("/weather/credentials/add", station="7", password="snow")
    assert refused.status == 400
    assert "Nobody knows you" in refused.text
    assert "snow" not in refused.text
    assert "No credential yet" in client.get("/weather/credentials").text


def test_a_field_that_is_missing_is_told_at_it(client):
    text = client.post("/weather/credentials/add", station="7").text
    assert "f-password-fault" in text


def test_its_source_has_its_own_parameters_and_schema(station):
    text = station.get("/weather/source/readings").text
    assert "Metres above sea." in text
    assert "How warm it was." in text
    assert "Run</button>" not in text


def test_its_source_is_tested_through_its_hook(station):
    tested = station.post("/weather/source/readings/test", credential="weather")
    assert "21.5" in tested.text
    assert "&lt;b&gt;mild&lt;/b&gt;" in tested.text


def test_what_it_says_of_a_parameter_stands_at_that(station):
    refused = station.post("/weather/source/readings/test", credential="weather", **{"param.height": "9001"})
    assert "f-param-height-fault" in refused.text
    assert "is above every mountain" in refused.text


def test_what_it_raises_by_accident_is_told_without_its_text(station):
    broken = station.post("/weather/source/readings/test", credential="weather", **{"param.unit": "F"})
    assert broken.status == 500
    assert "RuntimeError" in broken.text
    assert "rain" not in broken.text


def test_its_destination_is_previewed_through_its_hook(station, folder):
    (folder / "storms.jsonl").write_text('{"wind": 12}\n')
    shown = station.get("/weather/destination/warn?file=storms.jsonl")
    assert 'value="wind"' in shown.text
    previewed = station.post("/weather/destination/warn/preview", file="storms.jsonl", credential="weather",
                             **{"target.wind": "wind"})  # fmt: skip
    assert "&#34;wind&#34;: 12" in previewed.text


@pytest.mark.parametrize("path", ["source/readings/run", "destination/warn/write", "destination/warn/dry-run"])
def test_the_command_is_not_asked_to_run_it(station, folder, path):
    (folder / "storms.jsonl").write_text('{"wind": 12}\n')
    asked = station.post(f"/weather/{path}", credential="weather", file="storms.jsonl", output="x.jsonl")
    assert asked.status == 400
    assert "run by its own host" in asked.text


def test_its_credential_can_be_tested_and_removed(station):
    assert station.post("/weather/credentials/test", name="weather").status == 303
    assert "The office knows you" in station.get("/weather/credentials").text
    assert station.post("/weather/credentials/remove", name="weather").status == 303
    assert "No credential yet" in station.get("/weather/credentials").text
