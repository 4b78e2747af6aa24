"""The checks as tests of pytest: `pytest --connector NAME` runs them, wherever the connector is installed.

This module is loaded in every run of pytest where the package is installed: it only adds the options, and without
`--connector` nothing more is imported. What a check looks at, and how its evidence is worded, it does not know.
"""

from __future__ import annotations

import importlib

import pytest

_RUNGS = ("declared", "rehearsed", "hardened", "recorded", "live")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, in a group of their own."""
    group = parser.getgroup("certification", "certification of a connector")
    group.addoption("--connector", metavar="NAME", help="Run the checks of this installed connector, and nothing else.")
    group.addoption("--rung", choices=_RUNGS, default="hardened", help="The rung to reach. Default: hardened.")
    # Long names: an option that another plugin has too would end every run of pytest where both are installed.
    for word, metavar in (("group", "LETTER"), ("check", "ID"), ("stream", "NAME")):
        words = {"action": "append", "default": [], "metavar": metavar}
        group.addoption(f"--connector-{word}", help=f"Certify only this {word}; can be given several times.", **words)


def pytest_configure(config: pytest.Config) -> None:
    """Run the checks when a connector was named; UsageError, with the names there are, when none has it."""
    if config.getoption("--connector"):
        checks = importlib.import_module("custify_connector.certification.pytest_checks")
        config.pluginmanager.register(checks.Certification(config), "connector-certification-run")
        # The checks are all that is collected, whatever paths the command or the settings name.
        config.args = [str(config.rootpath)]
