"""The standard tests of Airbyte's connector kit on `source-custify`: its whole suite for sources, the images aside."""

import json
import subprocess
import tempfile
from pathlib import Path

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)
from airbyte_cdk.sources import Source
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import DiscoveredCatalogWarning
from airbyte_cdk.test.standard_tests.source_base import SourceTestSuiteBase

_SECONDS = 120


class Executable(Source):
    """The executable as the kit's own kind of source: each call is a process, each line of it a message."""

    def spec(self, logger):  # noqa: ARG002 - the kit's signature
        """Return the specification."""
        return self._one(Type.SPEC, "spec").spec

    def check(self, logger, config):  # noqa: ARG002 - the kit's signature
        """Return the connection status."""
        return self._one(Type.CONNECTION_STATUS, "check", config=config).connectionStatus

    def discover(self, logger, config):  # noqa: ARG002 - the kit's signature
        """Return the catalog."""
        return self._one(Type.CATALOG, "discover", config=config).catalog

    def read(self, logger, config, catalog, state=None):  # noqa: ARG002 - the kit's signature
        """Yield the messages of a read."""
        stored = [AirbyteStateMessageSerializer.dump(one) for one in state or ()]
        asked = ConfiguredAirbyteCatalogSerializer.dump(catalog)
        yield from self._messages("read", config=config, catalog=asked, **({"state": stored} if stored else {}))

    def _one(self, kind, *words, **files):
        (found,) = [message for message in self._messages(*words, **files) if message.type == kind]
        return found

    def _messages(self, *words, **files):
        with tempfile.TemporaryDirectory() as folder:
            options = []
            for name, content in files.items():
                path = Path(folder) / f"{name}.json"
                path.write_text(json.dumps(content), encoding="utf-8")
                options += [f"--{name}", str(path)]
            command = ["source-custify", *words, *options]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - ours
        for line in ended.stdout.splitlines():
            message: AirbyteMessage = AirbyteMessageSerializer.load(json.loads(line))
            yield message
        assert not ended.stderr
        if ended.returncode:
            raise RuntimeError(f"source-custify ended with {ended.returncode}")


@pytest.fixture(scope="module")
def account(serve):
    """Run a small account; the suite reads all of it, and holds no limit itself."""
    with serve(people=40, companies=5, api_key="suite-key-0123456789", rate_limit="none") as running:
        yield running


@pytest.fixture(params=["succeed", "failed"])
def scenario(request, account, tmp_path):
    """Return what the suite runs: everything with a good key, the check with a bad one."""
    good = request.param == "succeed"
    config = {
        "name": "suite",
        "api_key": account.api_key if good else "wrong-key-9876543210",
        "base_url": account.base_url,
        "settings": {"rate_limit": None},
    }
    sections = ("spec", "connection", "discovery", "basic_read") if good else ("connection",)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return ConnectorTestScenario(config_path=path, status=request.param, sections=sections)


@pytest.mark.filterwarnings(f"error::{DiscoveredCatalogWarning.__module__}.{DiscoveredCatalogWarning.__qualname__}")
class TestStandards(SourceTestSuiteBase):
    """The suite, with what it only warns of made to fail; the tests of an image need one, and there is none."""

    connector = Executable
    test_docker_image_build_and_spec = None
    test_docker_image_spec_backward_compatibility = None
    test_docker_image_build_and_check = None
    test_docker_image_build_and_config_matches_spec = None
    test_docker_image_build_and_discover = None
    test_docker_image_build_and_read = None

    @classmethod
    def get_connector_root_dir(cls):
        """Return where this connector is; nothing is looked for there."""
        return Path(__file__).parent
