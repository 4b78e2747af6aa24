"""Connectors of other services, installed beside this one by their entry point alone: here, and in what is started."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def install(site, monkeypatch):
    """Install the weather office and the tiny notes in a folder that this process, and each it starts, looks into."""
    site.mkdir()
    shutil.copy(ROOT / "tests" / "console" / "weather_office.py", site)
    shutil.copytree(ROOT / "tests" / "certification" / "tiny", site / "tiny")
    _about(site, "weather", "weather_office:connector")
    _about(site, "tiny", "tiny.connector:connector")
    for name in [name for name in sys.modules if name.split(".")[0] in {"weather_office", "tiny"}]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))


def _about(site, name, entry):
    about = site / f"{name}_connector-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-connector\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[connector]\n{name} = {entry}\n")
