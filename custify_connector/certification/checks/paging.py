"""Group D, pages: however a service divides a list, and whatever changes meanwhile, the list arrives whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds, nothing
from custify_connector.contract import IncompleteRead
from custify_connector.contract.testbed import Drift, NotOffered, Quirk

_CAP = 5
_LARGER = 20
_CASES: tuple[tuple[str, int, int, tuple[Quirk, ...]], ...] = (
    ("an exact multiple of the page", 2 * _CAP, _CAP, ()),
    ("one short of it", 2 * _CAP - 1, _CAP, ()),
    ("one more", 2 * _CAP + 1, _CAP, ()),
    ("a single page", _CAP, _CAP, ()),
    ("a single record", 1, _CAP, ()),
    ("a single record, answered bare", 1, _CAP, ("bare_object",)),
    ("an empty last page, and no total", 2 * _CAP, _CAP, ("no_total",)),
    ("404 past the end", 2 * _CAP, _CAP, ("missing_past_end", "no_total")),
    ("no total", 2 * _CAP + 1, _CAP, ("no_total",)),
    ("a total that is too low", 2 * _CAP + 3, _CAP, ("low_total",)),
    ("a total as low as the first page", 2 * _LARGER + 1, _LARGER, ("low_total",)),
    ("a total that is too high", 2 * _CAP + 3, _CAP, ("high_total",)),
)


@check("D6", "rehearsed", seconds=60)
def pages_of_every_sort_are_read_whole(bench: Bench) -> Iterator[Finding]:
    """Whatever the last page looks like, and whatever a total says, all records arrive, once each.

    The service answers with fewer records than asked for: a short page does not mean the end. One case
    is not judged, because it looks like a small list that is whole: a total that is too low, and just as low as the
    first of several pages of fewer than 20 records. Another request for every small list would be its price.
    A description in which every `page_size` is null declares that no source comes in pages.
    """
    described = bench.endpoints("sources").values()
    if described and not any(one.get("page_size", _CAP) for one in described):
        bench.lacks.add("the description declares no source that comes in pages")
        return
    lacks = []
    for case, size, cap, quirks in _CASES:
        try:
            for stream, trial in bench.sized(size=size, page_cap=cap, quirks=frozenset(quirks)):
                reading = trial.read(stream)
                came = Counter(bench.name(stream, record) for record in reading.records)
                held = Counter(bench.name(stream, record) for record in trial.service.truth(stream))
                yield nothing(f"{stream}, {case}", f"all {size} records once",
                              ((came - held) + (held - came)).elements())  # fmt: skip
                # What a total counts and nothing shows may be missing: a connector that says so is right, too.
                is_fine = reading.error is None or (
                    "high_total" in quirks and isinstance(reading.error, IncompleteRead)
                )
                yield holds(f"{stream}, {case}", "no error", reading.error or "as expected", is_fine)
        except NotOffered as lack:  # noqa: PERF203 - what one case lacks, others may have
            lacks.append(str(lack))
    if lacks:
        raise NotOffered("; ".join(lacks))


@check("D7", "hardened")
def changes_while_paging_lose_nothing(bench: Bench) -> Iterator[Finding]:
    """Records that are made or altered while a list is read move its pages: none is lost, none twice."""
    for drift in (Drift(creates=1), Drift(updates=1), Drift(creates=2, updates=2, every=2)):
        for stream, trial in bench.sized(size=30, page_cap=_CAP, drift=drift):
            held = {bench.key(stream, record) for record in trial.service.truth(stream)}
            came = Counter(bench.key(stream, record) for record in trial.read(stream).records)
            yield nothing(f"{stream}, {drift}", "all that was there", held - came.keys())
            yield nothing(f"{stream}, {drift}", "none twice", (one for one, times in came.items() if times > 1))
