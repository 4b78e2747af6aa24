"""Random values of JSON, the same for each seed: what a host may be handed by mistake."""

import random

_WORDS = ("", "people", "upsert_person", "single", "batch", "x" * 300)
_TEXTS = (*_WORDS, "1", "true", "null", "2026-01-31", "\x00", "é\ud800")
_NUMBERS = (0, 1, -1, 10**9, 2**70, 0.5, 1e308)


class Malformed:
    """A source of random values."""

    def __init__(self, seed):
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def value(self, depth=2):
        """Return a value of JSON, nested at most so deep."""
        kind = self._random.randrange(8 if depth else 5)
        if kind < 2:
            return self._random.choice(_TEXTS)
        if kind == 2:
            return self._random.choice(_NUMBERS)
        if kind < 5:
            return self._random.choice((None, True, False))
        if kind == 5:
            return [self.value(depth - 1) for _ in range(self._random.randrange(3))]
        return self.mapping(("id", "endpoint", "rate_limit", "requests", "seconds", "anything"), depth - 1)

    def mapping(self, names, depth=2, at_most=4):
        """Return a mapping of some of these names to random values."""
        chosen = self._random.sample(list(names), self._random.randrange(min(at_most, len(names)) + 1))
        return {name: self.value(depth) for name in chosen}
