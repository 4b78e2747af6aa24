import pytest

from custify_connector.exchange.settings import settings_of
from custify_connector.manifest import RateLimit

LIMIT = RateLimit(100, 10)


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        ({}, (LIMIT, 32, 30.0, False)),
        ({"rate_limit": None}, (None, 32, 30.0, True)),
        ({"rate_limit": {"requests": 5, "seconds": 1}}, (RateLimit(5, 1), 32, 30.0, True)),
        ({"max_in_flight": 1, "timeout_seconds": 2, "undocumented": True}, (LIMIT, 1, 2, False)),
    ],
    ids=repr,
)
def test_settings_are_the_documented_ones_unless_they_say_otherwise(given_, meant):
    found = settings_of(given_, LIMIT)
    assert (found.rate_limit, found.max_in_flight, found.timeout_seconds, found.limit_chosen) == meant
