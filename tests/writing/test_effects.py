"""Whatever a run holds, and however its requests overlap, its effects are those of its records one after another."""

import itertools
import os
import random
import threading
import time

import pytest

from custify_connector import manifest
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Request, Response
from custify_connector.writing import dispatch
from custify_connector.writing.plan import write_plan
from custify_connector.writing.template import stored

SEQUENCES = int(os.environ.get("EFFECTS_SEQUENCES", "40"))
"""How many random runs are tried for each kind of thing and delivery."""

BATCH = {"type": "thing", "path": "/batch", "outcome": "/batch/{id}", "jobs": 5, "synchronous": 5}


KEYS = [keys for size in (1, 2, 3) for keys in itertools.combinations(["id", "user_id", "email"], size)]


class People:
    """People as Custify's docs describe an upsert: found by id, then user_id, then email; `op` may delete."""

    endpoint = "upsert_person"

    def __init__(self, rng, *, folds):
        self._fold = str.casefold if folds else str
        self.rows = [
            {"id": f"i{n}", "user_id": rng.choice([None, f"u{n}"]), "email": f"e{rng.randrange(3)}"} for n in range(3)
        ]
        self._used = rng.sample(KEYS, rng.choice([1, 1, 2, 7]))

    def record(self, rng, turn):
        """Return a random record; each names a person by one key or several, in the ways that this run uses."""
        keys = {
            "id": f"i{rng.randrange(3)}",
            "user_id": f"u{rng.randrange(4)}",
            "email": rng.choice("eE") + str(rng.randrange(3)),
        }
        chosen = rng.choice(self._used)
        return {
            **{name: keys[name] for name in chosen},
            "name": f"turn {turn}",
            "op": rng.choice(["put"] * 4 + ["del"]),
        }

    def apply(self, record):
        """Carry one record out."""
        found = self._found(record)
        if record["op"] == "del":
            self.rows = [row for row in self.rows if row not in found]
        elif found:
            found[0].update({name: value for name, value in record.items() if name not in {"id", "op"}})
        elif "id" in record:
            return Response(404)
        else:
            self.rows.append({"id": "new", "user_id": None, **record})
        return Response(200)

    def _found(self, record):
        if "id" in record:
            return [row for row in self.rows if row["id"] == record["id"]]
        for name in ("user_id", "email"):
            value = record.get(name)
            if value is not None:
                same = [row for row in self.rows if row.get(name) and self._fold(row[name]) == self._fold(value)]
                free = [row for row in same if name == "user_id" or "user_id" not in record or not row["user_id"]]
                if free:
                    return free if record["op"] == "del" else sorted(free, key=lambda row: sorted(row.items(), key=str))
        return []

    def state(self):
        """Return what is held, in no order."""
        return sorted(repr(sorted((k, v) for k, v in row.items() if v is not None and k != "op")) for row in self.rows)


class Tags:
    """Tags on companies; a call that names a company that is not there is refused whole."""

    endpoint = "tag_entities"

    def __init__(self, _rng, *, folds):
        self.held = set()
        self.refused = Response(400 if folds else 404, {"message": "no such record"})
        self.calls = 0

    def record(self, rng, _turn):
        """Return a random record."""
        ids = [f"c{rng.randrange(4)}"] if rng.random() < 0.9 else ["c0", "c1"]
        ids = ["gone"] if rng.random() < 0.05 else ids
        return {"ids": ids, "type": rng.choice(["add", "remove"]), "category": "company", "tag": f"t{rng.randrange(2)}"}

    def apply(self, record):
        """Carry one call out."""
        self.calls += 1
        if "gone" in record["ids"]:
            return self.refused
        named = {(record["tag"], one) for one in record["ids"]}
        self.held = self.held | named if record["type"] == "add" else self.held - named
        return Response(200)

    def state(self):
        """Return what is held."""
        return sorted(self.held)


class Companies:
    """Companies with parents, which must be there."""

    endpoint = "upsert_company"

    def __init__(self, _rng, *, folds):
        del folds
        self.held = {}

    def record(self, rng, turn):
        """Return a random record."""
        record = {"company_id": f"c{rng.randrange(5)}", "name": f"turn {turn}"}
        if rng.random() < 0.5:
            record["parent_companies"] = [{"company_id": f"c{rng.randrange(5)}"}]
        return record

    def apply(self, record):
        """Carry one record out."""
        if any(parent["company_id"] not in self.held for parent in record.get("parent_companies", ())):
            return Response(404, {"message": "no such parent"})
        self.held[record["company_id"]] = {**self.held.get(record["company_id"], {}), **record}
        return Response(200)

    def state(self):
        """Return what is held."""
        return sorted(map(repr, self.held.items()))


class Slow:
    """A service with a random latency before and after each effect; the jobs of a batch are done in any order."""

    def __init__(self, things, rng):
        self.things, self._rng, self._lock = things, rng, threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        time.sleep(self._rng.random() * 0.001)
        with self._lock:
            if request.path != "/batch":
                return self.things.apply(request.body)
            jobs = list(enumerate(job["payload"] for job in request.body["jobs"]))
            self._rng.shuffle(jobs)
            results = [{"index": place, "statusCode": self.things.apply(body).status} for place, body in jobs]
            return Response(200, {"status": "done", "results": results})


def run(things, records, rng, workers, **words):
    """Write records to a service of these things, and return the outcomes."""
    known = manifest.load()
    own = stored(known.destinations[things.endpoint], known)
    kept = {name: own[name] for name in ("request", "identity", "touches", "gather", "repeat") if name in own}
    quick = Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(Slow(things, rng), Budget(None, quick), max_in_flight=workers, clock=quick)
    plan = write_plan({**kept, "batch": BATCH, **words}, None)
    return [receipt.outcome for receipt in dispatch.write(client, plan, records)]


def seeded(seed):
    return random.Random(seed)  # noqa: S311 - it makes sequences, and guards nothing


@pytest.mark.parametrize("delivery", ["single", "batch"])
@pytest.mark.parametrize("kind", [People, Tags, Companies])
def test_the_end_is_that_of_the_records_one_after_another(kind, delivery):
    """A law: add and remove, upsert and delete, by whichever keys, in either delivery."""
    for seed in range(SEQUENCES):
        rng = seeded(f"{kind.__name__} {delivery} {seed}")
        folds = rng.random() < 0.5
        start = rng.random()
        one_by_one, at_once = (kind(seeded(start), folds=folds) for _ in range(2))
        records = [at_once.record(rng, turn) for turn in range(rng.randrange(2, 16))]
        statuses = [one_by_one.apply(record).status for record in records]
        outcomes = run(at_once, records, rng, rng.choice([2, 4, 8]), delivery=delivery)
        assert at_once.state() == one_by_one.state(), (seed, records)
        assert outcomes == ["sent" if status == 200 else "rejected" for status in statuses], (seed, records)
