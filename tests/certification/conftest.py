"""The healthy connectors that are judged here: this project's own, and a tiny one of another service."""

from __future__ import annotations

import pytest

from custify_connector.certification import subject
from custify_connector.plugin import connector as custify
from tests.certification.tiny.connector import connector as tiny

HEALTHY = {"custify": custify, "tiny": tiny}


@pytest.fixture(params=HEALTHY)
def healthy(request):
    """Return each healthy connector, as what is judged."""
    return subject.of(request.param, HEALTHY[request.param])


@pytest.fixture
def small():
    """Return the tiny connector, as what is judged."""
    return subject.of("tiny", HEALTHY["tiny"])
