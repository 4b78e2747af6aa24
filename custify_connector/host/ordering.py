"""The order in which several destinations are written: what others point to comes first.

Pure. It knows names and what each says that it comes after; it does not know why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def safe_order(names: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[int]:
    """Return the places of `names` in an order in which each comes after all that it has to; else as they stand.

    >>> safe_order(["event", "person", "company"], {"event": ["person"], "person": ["company"]})
    [2, 1, 0]
    """
    return sorted(range(len(names)), key=lambda place: (_depth(names[place], after, ()), place))


def _depth(name: str, after: Mapping[str, Sequence[str]], above: tuple[str, ...]) -> int:
    """Return how many steps of others come before; a name that comes after itself is not followed round."""
    before = [each for each in after.get(name, ()) if each not in above]
    return 1 + max((_depth(each, after, (*above, name)) for each in before), default=-1)
