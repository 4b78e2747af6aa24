"""An account that others change while it is read, in many ways: a model of Custify behind a `Send`, and its judge."""

from __future__ import annotations

import logging
import random
import sys
import threading
from dataclasses import dataclass, field

from custify_connector.contract.errors import IncompleteRead
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Response
from custify_connector.manifest import RateLimit
from custify_connector.reading import state as states
from custify_connector.reading import stream as streams
from custify_connector.reading.plan import read_plan

MOST_REQUESTS = 4_000


@dataclass(frozen=True)
class Kind:
    """One way in which an account changes, and in which its service answers; a chance is that of each answer.

    `ties`: so many records share a date. `shuffled`: those of one date change places at each answer. `total`: right,
    none, or what the page shows. `swaps`: one joins below while another leaves above, as in a filtered list.
    `undated`: the share of records without a date, which are last. `order`: what the service makes of the order.
    `is_holed`: the third page of the largest size shows nothing.
    """

    creates: float = 0.0
    deletes: float = 0.0
    pairs: float = 0.0
    swaps: float = 0.0
    updates: float = 0.0
    ties: int = 1
    shuffled: bool = False
    total: str = "right"
    undated: float = 0.0
    order: str = "kept"
    cap: int | None = None
    is_filtered: bool = False
    is_holed: bool = False


KINDS = {
    "nothing": Kind(),
    "creations": Kind(creates=0.8),
    "deletions": Kind(deletes=0.8),
    "creations and deletions": Kind(creates=0.8, deletes=0.8, updates=0.5),
    "one created for each deleted": Kind(pairs=0.8),
    "members of a filter swap": Kind(swaps=0.8, is_filtered=True),
    "ties": Kind(ties=3, creates=0.5, deletes=0.5),
    "ties that change places": Kind(ties=3, shuffled=True),
    "ties that change places, and changes": Kind(ties=3, shuffled=True, creates=0.5, deletes=0.5),
    "ties longer than a page": Kind(ties=250, creates=0.5, deletes=0.5),
    "such ties that change places": Kind(ties=250, shuffled=True, creates=0.5, deletes=0.5),
    "no total, deletions": Kind(total="none", creates=0.3, deletes=0.8),
    "the page's count as total, deletions": Kind(total="shown", creates=0.3, deletes=0.8),
    "dates missing, and last": Kind(undated=0.05, creates=0.5, deletes=0.5),
    "the order is ignored": Kind(order="ignored", creates=0.5, deletes=0.5),
    "the order is another each time": Kind(order="random", creates=0.5, deletes=0.5),
    "another order, and pairs": Kind(order="random", pairs=0.5),
    "long ties change places, and pairs": Kind(ties=250, shuffled=True, pairs=0.5),
    "oldest first": Kind(order="oldest first", creates=0.5, deletes=0.5),
    "a cap": Kind(cap=7, creates=0.5, deletes=0.5),
    "a cap, and pairs": Kind(cap=7, pairs=0.5),
    "a cap, and members of a filter swap": Kind(cap=7, swaps=0.5, is_filtered=True),
    "the order is ignored, a cap of 3": Kind(cap=3, order="ignored"),
    "such, and changes": Kind(cap=3, order="ignored", creates=0.1, deletes=0.1),
    "such, and pairs": Kind(cap=3, order="ignored", pairs=0.1),
    "a cap of 3, and ties that change places": Kind(cap=3, ties=3, shuffled=True),
    "a page stays empty": Kind(is_holed=True, creates=0.1, deletes=0.1),
    "no total, a page stays empty": Kind(is_holed=True, total="none", creates=0.1, deletes=0.1),
    "the page's count as total, a page stays empty": Kind(is_holed=True, total="shown", creates=0.1, deletes=0.1),
}


@dataclass
class Outcome:
    """What came of one read: what was lost, and what came twice, whether that was reported, and what it cost."""

    lost: set[str]
    doubled: int
    is_reported: bool
    requests: int
    delivered: int


@dataclass
class Account:
    """The records of an account, and what becomes of them at each answer."""

    kind: Kind
    seed: int
    size: int = 300
    hidden: range = range(0)
    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    asked: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - the same account at every run
        self.lock = threading.Lock()
        self.clock = 10_000
        for number in range(self.size):
            self.rows[f"r{number}"] = self.row(f"r{number}", number // self.kind.ties)
        for row in self.random.sample([*self.rows.values()], round(self.kind.undated * self.size)):
            row["updated_at"] = None
        self.before = {name: dict(row) for name, row in self.rows.items()}

    def row(self, name: str, moment: int) -> dict[str, object]:
        """Return a record of a moment."""
        return {"id": name, "created_at": when(moment), "updated_at": when(moment)}

    def create(self) -> None:
        """Add the newest record."""
        self.clock += 1
        self.rows[f"n{self.clock}"] = self.row(f"n{self.clock}", self.clock)

    def delete(self) -> None:
        """Take one away."""
        if self.rows:
            del self.rows[self.random.choice([*self.rows])]

    def swap(self) -> None:
        """Let one leave the list, and another join it anywhere."""
        self.delete()
        self.clock += 1
        moment = self.random.randrange(self.size // self.kind.ties)
        self.rows[f"n{self.clock}"] = self.row(f"n{self.clock}", moment)

    def update(self) -> None:
        """Change one: it becomes the one that was changed last."""
        self.clock += 1
        name = self.random.choice([*self.rows])
        self.touched.add(name)
        self.rows[name] = {**self.rows[name], "updated_at": when(self.clock)}

    def drift(self) -> None:
        """Change what others change between two answers."""
        kind, chance = self.kind, self.random.random
        if chance() < kind.creates:
            self.create()
        if chance() < kind.deletes:
            self.delete()
        if chance() < kind.pairs:
            self.create()
            self.delete()
        if chance() < kind.swaps:
            self.swap()
        if chance() < kind.updates and self.rows:
            self.update()

    def __call__(self, request: object) -> Response:
        """Answer one page."""
        query = dict(request.query)
        with self.lock:
            self.asked += 1
            assert self.asked <= MOST_REQUESTS, "the read does not end"
            self.drift()
            rows = self.ordered(query["sort"])
            asked = int(query["itemsPerPage"])
            size = min(asked, self.kind.cap or asked)
            first = (int(query["page"]) - 1) * size
            shown = [row for place, row in enumerate(rows[first : first + size], first) if place not in self.hidden]
            total = {"right": len(rows), "none": None, "shown": len(shown)}[self.kind.total]
            return Response(200, {"things": shown, "total": total}, {"date": "Tue, 10 Mar 2026 12:00:00 GMT"})

    def ordered(self, field_name: str) -> list[dict[str, object]]:
        """Return the records as the service orders them."""
        rows = list(self.rows.values())
        if self.kind.order == "random" or self.kind.shuffled:
            self.random.shuffle(rows)
        if self.kind.order in {"ignored", "random"}:
            return rows
        return sorted(rows, key=lambda row: row[field_name] or "", reverse=self.kind.order == "kept")


def when(moment: int) -> str:
    """Return a moment as Custify writes it."""
    return f"2026-01-01T{moment // 3600:02}:{moment // 60 % 60:02}:{moment % 60:02}.000Z"


def manual(size: int, *, is_filtered: bool = False) -> dict[str, object]:
    """Return the source of the model."""
    return {
        "stream": "things",
        "request": {"path": "/thing", "query": {"status": "open"} if is_filtered else {}},
        "records": ["things"],
        "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": size},
        "key": [["id"]],
        "order": {"field": "created_at", "query": {"sort": "created_at"}},
        "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}},
    }


def read(  # noqa: PLR0913 - each varies what is read, or how
    kind: Kind, size: int, seed: int, *, is_incremental: bool = False, workers: int = 1, stops_after: int = 0
) -> Outcome:
    """Read an account of this kind while it drifts, and judge what came; resume it after so many batches each time."""
    hidden = range(2 * size, 3 * size) if kind.is_holed else range(0)
    account = Account(kind, seed, max(300, 5 * size) if kind.is_holed else 300, hidden)
    plan = read_plan(
        {**manual(size, is_filtered=kind.is_filtered), "mode": "incremental" if is_incremental else "full"}
    )
    floor = when(account.size // kind.ties // 3) if is_incremental else None
    begin = states.resume(plan, None)
    if floor:
        begin = states.resume(plan, {**states.starting_over(plan, begin), "cursor": floor})
    quick = Clock(wall=lambda: 1_773_144_000.0, pause=lambda _seconds, stop: stop.is_set())
    # Under a limit, here one that is never met, more pages are asked ahead.
    limit = RateLimit(1_000_000, 1.0) if seed % 2 else None
    client = Client(account, Budget(limit, quick), max_in_flight=workers, clock=quick)
    came: list[str] = []
    is_reported, is_over = False, False
    try:
        while not is_over:
            for done, batch in enumerate(streams.read(client, plan, begin), start=1):
                came += [row["id"] for row in batch.records]
                is_over = "position" not in batch.state
                if done == stops_after and not is_over:
                    begin = states.resume(plan, batch.state)
                    break
    except IncompleteRead:
        is_reported = True
    wanted = {name for name, row in account.before.items() if floor is None or (row["updated_at"] or floor) >= floor}
    stayed = wanted & account.rows.keys() - (account.touched if is_incremental else set())
    return Outcome(stayed - set(came), len(came) - len(set(came)), is_reported, account.asked, len(came))


def main() -> None:
    """Print a table: records lost without a word or delivered twice, and reads that were reported incomplete."""
    seeds, workers = int(sys.argv[1]), int(sys.argv[2])
    sys.stdout.write(
        "| kind | mode | size | reads | lost silently | twice | incomplete | requests |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
    for name, kind in ((name, KINDS[name]) for name in sys.argv[3:] or KINDS):
        for mode in ("full", "incremental"):
            for size in (20, 50, 200):
                found = [
                    read(kind, size, seed, is_incremental=mode == "incremental", workers=workers)
                    for seed in range(seeds)
                ]
                silent = sum(len(one.lost) for one in found if not one.is_reported)
                doubled = sum(one.doubled for one in found)
                reported = sum(one.is_reported for one in found)
                requests = sum(one.requests for one in found) / seeds
                counts = f"{seeds} | {silent} | {doubled} | {reported} | {requests:.1f}"
                sys.stdout.write(f"| {name} | {mode} | {size} | {counts} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main()
