"""What a build adds to a wheel: the manifest as JSON, so that a start need not read YAML; a faulty one stops it.

It names the text that it was made of, and is used for no other. A checkout has none, and reads `connector.yaml`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManifestHook(BuildHookInterface):  # type: ignore[type-arg] # of any builder's configuration
    """Puts `connector.json` beside `connector.yaml`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the file; raises ManifestError, with the line and column of every fault."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from custify_connector import manifest  # noqa: PLC0415 - of this checkout, which is no package of the build's

        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / manifest.PREPARED
        file.write_bytes(manifest.prepare((Path(self.root) / "connector.yaml").read_bytes()))
        build_data["force_include"][str(file)] = f"custify_connector/{manifest.PREPARED}"

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Remove what was made for the build."""
        if version != "editable":
            self._folder.cleanup()
