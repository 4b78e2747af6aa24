"""The metadata of hub/airbyte: what Airbyte's registry requires, of connectors that are these."""

import re
import uuid

import pytest
import yaml

import custify_connector
from custify_connector.adapters import offered

REQUIRED = {
    *("name", "definitionId", "connectorType", "connectorSubtype", "dockerRepository", "dockerImageTag", "license"),
    *("documentationUrl", "githubIssueLabel", "releaseStage"),
}
OPTIONAL = {"supportLevel", "allowedHosts", "remoteRegistries", "tags", "suggestedStreams"}
"""Airbyte's schema of these files, ConnectorMetadataDefinitionV0, is in no package: these are its fields."""


@pytest.mark.parametrize("kind", ["source", "destination"])
def test_the_metadata_is_complete_and_that_of_this_version(checkout, kind):
    found = yaml.safe_load((checkout / "hub" / "airbyte" / f"{kind}-custify.yaml").read_text("utf-8"))
    data = found.pop("data")
    assert found == {"metadataSpecVersion": "1.0"}
    assert REQUIRED <= set(data) <= REQUIRED | OPTIONAL
    assert uuid.UUID(data["definitionId"])
    assert (data["connectorType"], data["connectorSubtype"], data["license"]) == (kind, "api", "MIT")
    assert data["releaseStage"] in {"alpha", "beta", "generally_available", "custom"}
    assert data["dockerImageTag"] == custify_connector.__version__
    assert data["dockerRepository"].endswith(f"/{kind}-custify")
    assert all(re.fullmatch(r"(\*\.|api\.)custify\.com", host) for host in data["allowedHosts"]["hosts"])
    assert set(data.get("suggestedStreams", {}).get("streams", ())) <= {stream.name for stream in offered.streams()}


def test_the_image_has_the_name_and_version_of_the_metadata(checkout):
    built = (checkout / "Containerfile").read_text("utf-8")
    for kind in ("source", "destination"):
        data = yaml.safe_load((checkout / "hub" / "airbyte" / f"{kind}-custify.yaml").read_text("utf-8"))["data"]
        labels = f"io.airbyte.name={data['dockerRepository']} io.airbyte.version={data['dockerImageTag']}"
        assert labels in built
