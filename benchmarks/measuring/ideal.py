"""The least time in which requests can be made under a moving window, with a bound of requests in flight.

Request n may go when request n - `requests` counted `seconds` ago, and when an earlier one has freed its place in
flight. So a run begins with a whole window at full speed, and no client can be quicker.
"""

from __future__ import annotations


def ideal_seconds(count: int, latency: float, in_flight: int, window: tuple[int, float] | None) -> float:
    """Return the seconds from the first request to the last answer."""
    went: list[float] = []
    for number in range(count):
        at = 0.0 if number < in_flight else went[number - in_flight] + latency
        if window and number >= window[0]:
            at = max(at, went[number - window[0]] + window[1])
        went.append(at)
    return went[-1] + latency
