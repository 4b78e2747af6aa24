"""What the Singer tap and target share: their configuration, made from the credential's schema, and how they end.

Decides how the connector's errors are reported in Singer, which has no message for them: a line on standard error, and
an exit code. It knows singer-sdk; it does not know streams or records.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.plugin_base import PluginBase
from singer_sdk.singerlib.exceptions import SingerError

from custify_connector.adapters import environment
from custify_connector.adapters.offered import credential_of, settings_schema
from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.manifest import resources


def config_schema(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schemas
    """Return the schema of a plugin's configuration: the credential, `settings`, and the plugin's own properties."""
    schema = copy.deepcopy(resources.schema("credential"))
    own = {"settings": {**settings_schema(), "description": "Rate limit, requests in flight, timeout."}, **properties}
    for setting in schema["properties"].values():
        if setting.get("writeOnly"):
            setting["secret"] = True
    return {
        "type": "object",
        "additionalProperties": False,
        "required": schema["required"],
        "properties": {**schema["properties"], **copy.deepcopy(own)},
    }


class CustifyPlugin(PluginBase):
    """A plugin whose configuration holds the credential."""

    @classmethod
    def cb_config(cls, *arguments: Any) -> Any:  # noqa: ANN401 - of singer-sdk
        """Return the configuration that the command line names, which must be an object."""
        try:
            return super().cb_config(*arguments)
        except (TypeError, ValueError) as error:
            reason = f"must be a JSON object: {error}" if isinstance(error, ValueError) else "must be a JSON object"
            raise ConfigurationError((Fault("config", reason),)) from None

    @property
    def credential(self) -> dict[str, Any]:
        """Return the credential for the hooks."""
        return credential_of(self.config)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Report every fault at once, as the hooks would: singer-sdk's own texts repeat the value, and so the key."""
        self.append_builtin_config(self.config_jsonschema)
        self._config.update(environment.completed(self._config, self.name))
        faults = faults_of(dict(self.config), self.config_jsonschema, "config", quick=False)
        errors = [str(fault) for fault in faults]
        if errors and raise_errors:
            raise ConfigValidationError("Config validation failed", errors=errors, schema=self.config_jsonschema)
        return errors


def run(command: Callable[[], Any], name: str) -> NoReturn:
    """Run a plugin's command to its end; the last line on standard error says what stopped it.

    A pipe that was closed at the other end is not an error of this program: click exits with 1.
    """
    try:
        command()
    except (ConnectorError, SingerSDKError, SingerError, ValueError, OSError) as error:
        logging.getLogger(name).debug("stopped", exc_info=True)
        _fail(name, str(error) or type(error).__name__)
    except Exception as error:
        logging.getLogger(name).exception("stopped")
        _fail(name, f"the connector itself failed ({type(error).__name__}): please report it")
    sys.exit(0)


def _fail(name: str, text: str) -> NoReturn:
    for line in text.splitlines():
        sys.stderr.write(f"{name}: {line}\n")
    sys.exit(1)
