"""What is logged meanwhile is collected, and nothing afterwards."""

from __future__ import annotations

import logging

from custify_connector.certification.listening import collected_log


def test_what_a_connector_logs_is_collected_and_no_longer_afterwards():
    log = logging.getLogger("some.connector")
    with collected_log() as lines:
        log.debug("asked %s", "first")
    log.debug("asked %s", "second")
    assert lines == ["asked first ('first',)"]
