"""The rate limit over real sockets, judged by who enforces it: no window above the limit, and not one 429."""

import contextlib
import sqlite3
import subprocess
import threading
import time

import pytest

from custify_connector.contract.errors import ServiceUnavailable
from custify_connector.plugin import connector
from custify_connector.sandbox import Fault

pytestmark = pytest.mark.alone

LIMIT = (30, 1.0)
OPTION = "30/1"
PEOPLE = 400


def rows(start, count):
    return [{"user_id": f"row-{start + number}", "name": "n"} for number in range(count)]


def is_kept(account, limit=LIMIT):
    """Say whether the account never saw more than its limit, and never had to say so."""
    return account.journal.busiest_window(limit[1]) <= limit[0] and 429 not in account.journal.statuses()


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_processes_with_one_budget_file_keep_to_the_limit_together(make, command, tmp_path, processes):
    account = make(people=PEOPLE, rate_limit=LIMIT)
    shared = ("--rate-limit", OPTION, "--budget", tmp_path / "budget")
    one, two = command(account, "one"), command(account, "two")
    running = [
        one.start("read", "people", "--output", "people.jsonl", *shared),
        two.start("write", "upsert_person", two.put("rows.jsonl", rows(0, 35)), *shared),
    ]
    if processes == 3:
        three = command(account, "three")
        running.append(three.start("write", "upsert_person", three.put("rows.jsonl", rows(50, 35)), *shared))
    errors = [process.communicate(timeout=60)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * processes, errors
    assert len(account.journal) >= 50
    assert is_kept(account)
    assert account.journal.busiest_window(1.0) >= 20, "the budget was used"


@pytest.mark.slow
def test_processes_of_one_user_keep_to_the_limit_without_being_asked(make, command):
    account = make(people=PEOPLE, rate_limit=LIMIT)
    running = [
        command(account, name).start("read", "people", "--output", "p.jsonl", "--rate-limit", OPTION) for name in "abc"
    ]
    errors = [process.communicate(timeout=60)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * 3, errors
    assert is_kept(account)


@pytest.mark.slow
def test_without_a_budget_two_processes_exceed_it(make, command):
    """The tests above can fail: each keeps to the limit, and both together do not."""
    account = make(people=PEOPLE, rate_limit=LIMIT)
    one, two = command(account, "one"), command(account, "two")
    words = ("read", "people", "--output", "p.jsonl", "--rate-limit", OPTION, "--budget", "none")
    running = [each.start(*words) for each in (one, two)]
    for process in running:
        process.communicate(timeout=60)
    assert not is_kept(account)


@pytest.mark.slow
@pytest.mark.parametrize("budget", [False, True], ids=["by themselves", "with a file"])
def test_threads_keep_to_the_limit_together(make, tmp_path, budget):
    """Two reads, and a write with eight under way, share what the account allows."""
    account = make(people=PEOPLE, rate_limit=LIMIT)
    settings = {"rate_limit": {"requests": 30, "seconds": 1.0}, **({"budget": str(tmp_path / "b")} if budget else {})}
    source = {"endpoint": "people", "settings": settings}
    destination = {"endpoint": "upsert_person", "settings": settings}
    work = [
        lambda: list(connector.read_source(account.credential, source, None)),
        lambda: list(connector.read_source(account.credential, source, None)),
        lambda: list(connector.write_destination(account.credential, destination, rows(0, 35))),
    ]
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(account.journal) >= 70
    assert is_kept(account)


@pytest.mark.slow
@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_faults_and_their_repetitions_are_within_the_limit_too(make, kinds, delivery):
    account = make(rate_limit=(8, 0.5))
    account.faults.add(Fault("status", value=503, times=3), Fault("reset", after=4))
    limit = {"rate_limit": {"requests": 8, "seconds": 0.5}}
    kind = kinds["safe event"]
    receipts, error = account.write(kind, kind.records(account, 20), workers=8, delivery=delivery, settings=limit)
    assert error is None
    assert {receipt.outcome for receipt in receipts} == {"sent"}
    assert is_kept(account, (8, 0.5))


@pytest.mark.slow
def test_a_limit_that_is_lower_than_was_said_is_learned_and_everything_arrives(make, kinds):
    """The first window may meet 429; what it names is kept to from then on."""
    account = make(rate_limit=(10, 1.0))
    limit = {"rate_limit": {"requests": 100, "seconds": 1.0}}
    kind = kinds["event"]
    receipts, error = account.write(kind, kind.records(account, 25), workers=8, settings=limit)
    assert error is None
    assert {receipt.outcome for receipt in receipts} == {"sent"}
    assert kind.held(account, 25) == [1] * 25
    refused = account.journal.statuses().get(429, 0)
    assert refused <= 8


@pytest.mark.slow
def test_a_429_stops_all_who_share_the_budget_until_it_is_over(make, kinds):
    account = make()
    account.faults.add(Fault("rate_limited", value="1", after=5))
    kind = kinds["event"]
    receipts, error = account.write(kind, kind.records(account, 40), workers=8)
    assert error is None
    assert {receipt.outcome for receipt in receipts} == {"sent"}
    entries = account.journal.entries
    (limited,) = [entry for entry in entries if entry.status == 429]
    answered = limited.at + limited.duration
    quiet = [entry for entry in entries if answered + 0.3 < entry.at < answered + 0.95]
    assert quiet == []
    assert [entry for entry in entries if entry.at >= answered + 0.95]


@pytest.mark.slow
def test_answers_that_get_slow_and_quick_again_do_not_let_too_many_through(make, kinds):
    """Who waits because answers are slow has not sent yet, and counts when it is sent."""
    limit, account = (6, 1.0), make(rate_limit=(6, 1.0))
    kind, done = kinds["event"], threading.Event()

    def change():
        while not done.is_set():
            for latency in (0.0, 0.3):
                account.sandbox.latency = latency
                time.sleep(0.4)

    changing = threading.Thread(target=change)
    changing.start()
    settings = {"rate_limit": {"requests": 6, "seconds": 1.0}}
    receipts, error = account.write(kind, kind.records(account, 24), workers=8, settings=settings)
    done.set()
    changing.join()
    assert error is None
    assert {receipt.outcome for receipt in receipts} == {"sent"}
    assert is_kept(account, limit)


def breaks(path):
    """Make a budget file one that cannot be used any more, as a full disk would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TABLE counted")


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("delivery", ["single", "batch"])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_file_that_breaks_under_a_write_leaves_every_record_a_true_receipt(make, kinds, tmp_path, delivery, workers):
    """Nothing is sent without a place in the budget, and no caller hears otherwise."""
    account, kind, path = make(), kinds["event"], tmp_path / "budget"
    limit = {"rate_limit": {"requests": 1000, "seconds": 1.0}, "budget": str(path)}

    def records():
        for number, record in enumerate(kind.records(account, 350)):
            if number == 230:
                breaks(path)
            yield record

    receipts, error = account.write(kind, records(), workers=workers, delivery=delivery, settings=limit)
    assert [receipt.index for receipt in receipts] == list(range(350))
    assert isinstance(error, ServiceUnavailable) or delivery == "batch"
    reported = [receipt for receipt in receipts if "budget: " in (receipt.reason or "")]
    assert reported, receipts[-1]
    held = kind.held(account, 350)
    for receipt, count in zip(receipts, held, strict=True):
        assert count == (receipt.outcome == "sent") or (count <= 1 and receipt.code == "unclear"), receipt


@pytest.mark.usefixtures("hurry")
def test_a_file_that_breaks_under_a_read_ends_it_with_the_reason_and_the_state_goes_on(make, delivered, tmp_path):
    account, path = make(), tmp_path / "budget"
    settings = {"rate_limit": {"requests": 1000, "seconds": 1.0}, "budget": str(path), "max_in_flight": 1}
    batches = connector.read_source(account.credential, {"endpoint": "people", "settings": settings}, None)
    taken = [next(batches), next(batches)]
    breaks(path)
    with pytest.raises(ServiceUnavailable, match=r"settings\.budget: .* cannot be used"):
        taken += batches
    rest, error = account.read(taken[-1].state)
    assert error is None
    assert delivered(taken) + delivered(rest) == account.people()


BESIDE = [
    ("credential", "test", "acme"),
    ("doctor", "--credential", "acme"),
    ("describe", "people", "--account", "--credential", "acme"),
]


@pytest.mark.parametrize("words", BESIDE, ids=lambda words: words[0])
def test_what_commands_without_settings_ask_counts_in_the_file_too(make, command, tmp_path, words, stored_key):
    account = make()
    own, path = command(account), tmp_path / "budget"
    stored_key(own)
    code, _, err = own.run(*words, "--budget", path)
    assert code == 0, err
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM counted").fetchone() == (len(account.journal),)
    code, _, err = own.run(*words, "--budget", tmp_path / "none" / "budget")
    assert code == 2
    assert "cannot be used" in err


@pytest.fixture
def stored_key():
    """Return a function that keeps an account's key under a name."""

    def keep(own):
        words = ("credential", "add", "acme", "--no-test", "--api-key-stdin", "--store", "file")
        address = ("--base-url", own.account.sandbox.base_url)
        adding = own.start(*words, *address, stdin=subprocess.PIPE)
        _, err = adding.communicate(own.account.sandbox.api_key.encode())
        assert adding.returncode == 0, err

    return keep
