"""The plugin definitions of hub/meltano: those of the tap and target, and Meltano takes them."""

import os
import subprocess

import pytest
import yaml

from custify_connector.adapters.singer_tap import TapCustify
from custify_connector.adapters.singer_target import TargetCustify

PLUGINS = [("extractor", TapCustify), ("loader", TargetCustify)]
SDKS = ("stream_map", "faker_config", "flattening_", "batch_")
"""What the settings of the SDK begin with: it adds them to each plugin that was used once."""
KINDS = {"string": "string", "boolean": "boolean", "object": "object"}


def definition(checkout, plugin):
    """Return a definition, and where it is."""
    path = checkout / "hub" / "meltano" / f"{plugin.name}.yml"
    return yaml.safe_load(path.read_text("utf-8")), path


@pytest.mark.parametrize(("kind", "plugin"), PLUGINS, ids=["tap", "target"])
def test_a_definition_has_the_settings_of_its_plugin(checkout, kind, plugin):
    found, _ = definition(checkout, plugin)
    properties = plugin.config_jsonschema["properties"]
    settings = {setting["name"]: setting for setting in found["settings"]}
    own = {name for name in properties if not name.startswith(SDKS)}
    assert own <= set(settings) <= set(properties), kind
    for name, setting in settings.items():
        expected = "options" if "enum" in properties[name] else KINDS[properties[name]["type"]]
        assert setting["kind"] == expected, name
        assert setting.get("sensitive", False) == properties[name].get("secret", False), name
        if "default" in properties[name] and name != "base_url":
            assert setting["value"] == properties[name]["default"], name


@pytest.mark.parametrize(("kind", "plugin"), PLUGINS, ids=["tap", "target"])
def test_a_definition_names_the_capabilities_that_its_plugin_reports(checkout, kind, plugin):
    found, _ = definition(checkout, plugin)
    offered = {capability.value for capability in plugin.capabilities}
    assert set(found["capabilities"]) <= offered, kind


@pytest.mark.parametrize(("kind", "plugin"), PLUGINS, ids=["tap", "target"])
def test_meltano_adds_a_plugin_by_its_definition_and_finds_its_settings(checkout, tmp_path, kind, plugin):
    found, path = definition(checkout, plugin)
    (tmp_path / "meltano.yml").write_text("version: 1\nsend_anonymous_usage_stats: false\n")

    def meltano(*words):
        done = subprocess.run(  # noqa: S603 - installed beside this
            ["meltano", *words],  # noqa: S607 - first on the PATH of a host's tests
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    meltano("add", kind, plugin.name, "--from-ref", str(path), "--no-install")
    listed = meltano("config", "list", plugin.name, "--all")
    assert all(setting["name"] in listed for setting in found["settings"])
