"""The healthy connectors that are judged here: this project's own, and a tiny one of another service."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from custify_connector.certification import catalogue
from custify_connector.certification.account import Account
from custify_connector.certification.running import run_one
from custify_connector.contract.testbed import Setup
from custify_connector.plugin import connector as custify
from tests.certification.tiny.connector import connector as tiny

HEALTHY = {"custify": custify, "tiny": tiny}


@pytest.fixture(scope="session")
def accounts():
    """Run an emulated service of each for the whole session, in the place of a real account."""
    with ExitStack() as stack:
        started = {name: stack.enter_context(one.testbed()(Setup())) for name, one in HEALTHY.items()}
        yield {name: Account(one.credentials.good, allow_writes=True) for name, one in started.items()}


@pytest.fixture(params=HEALTHY)
def healthy(request, accounts):
    """Return each healthy connector, as what is judged."""
    return replace(catalogue.of(request.param, HEALTHY[request.param]), account=accounts[request.param])


@pytest.fixture
def small():
    """Return the tiny connector, as what is judged."""
    return catalogue.of("tiny", HEALTHY["tiny"])


@pytest.fixture(scope="session")
def verdict():
    """Return what a check says of a healthy connector; each is run once a session, however many tests ask."""
    known = {}

    def of(check, judged):
        name = check.id, judged.name
        if name not in known:
            known[name] = run_one(check, judged)
        return known[name]

    return of
