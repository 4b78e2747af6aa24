"""SQLite files: made, brought up to date, refused; by several processes, and by some that are killed."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest

import custify_connector
from custify_connector.contract.errors import ConfigurationError
from custify_connector.exchange import budget_file
from custify_connector.host import delivered, journal, run_history, vault
from custify_connector.storage import database
from custify_connector.storage.database import Schema, StorageError, connect, opened

ROOT = Path(custify_connector.__file__).parents[1]
OF_0_1_0 = Path(__file__).parent / "of_0_1_0"
KINDS = {
    "budget": budget_file._SCHEMA,  # noqa: SLF001 - the files themselves are the point
    "credentials": vault._SCHEMA,  # noqa: SLF001
    "delivered": delivered._SCHEMA,  # noqa: SLF001
    "journal": journal._SCHEMA,  # noqa: SLF001
    "runs": run_history._SCHEMA,  # noqa: SLF001
}
FIRST = "CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY)"
ONE = Schema(b"Test", frozenset({"things"}), (FIRST,))
THREE = Schema(
    b"Test",
    frozenset({"things"}),
    (
        FIRST,
        "ALTER TABLE things ADD COLUMN size INTEGER; UPDATE things SET size = length(name)",
        """
CREATE TABLE sizes (size INTEGER);
INSERT INTO sizes SELECT size FROM things;
ALTER TABLE things DROP COLUMN size
""",
    ),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def made_by_script(path, script):
    with closing(sqlite3.connect(path)) as old:
        old.executescript(script)
        old.commit()


def first_version(path):
    made_by_script(path, FIRST)
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("INSERT INTO things VALUES ('a'), ('bcd')")


def content(path):
    with closing(sqlite3.connect(path)) as plain:
        return list(plain.iterdump())


def migrated(path):
    """Return what a file holds whose first version held two things."""
    with opened(path, THREE) as file:
        version = file.execute("PRAGMA user_version").fetchone()[0]
        return version, sorted(file.execute("SELECT * FROM things")), sorted(file.execute("SELECT * FROM sizes"))


WHOLE = (3, [("a",), ("bcd",)], [(1,), (3,)])


def test_a_file_is_made_and_opened_again(path):
    for name in "ab":
        with opened(path, ONE) as file:
            file.execute("INSERT INTO things VALUES (?)", (name,))
    with opened(path, ONE) as file:
        assert file.execute("SELECT count(*) FROM things").fetchone() == (2,)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_older_file_is_brought_up_to_date_with_what_it_holds(path):
    with opened(path, ONE) as file:
        file.execute("INSERT INTO things VALUES ('a'), ('bcd')")
    assert migrated(path) == WHOLE
    assert migrated(path) == WHOLE


def test_a_file_without_a_version_is_the_first(path):
    first_version(path)
    assert migrated(path) == WHOLE


def columns(file):
    """Return the columns of each table."""
    tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [row[1] for row in file.execute(f"PRAGMA table_info({name})")] for name in tables}


def rows(file, known):
    """Return what these columns of these tables hold."""
    return {name: file.execute(f"SELECT {', '.join(known[name])} FROM {name}").fetchall() for name in known}  # noqa: S608


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "delivered"])
def test_a_file_of_0_1_0_opens_with_all_that_it_holds(path, kind):
    """But for what was delivered last: 0.1.0 did not know to which account, so it is sent once more."""
    made_by_script(path, (OF_0_1_0 / f"{kind}.sql").read_text())
    with closing(sqlite3.connect(path)) as file:
        known = columns(file)
        before = rows(file, known)
    assert any(before.values())
    with opened(path, KINDS[kind]) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (len(KINDS[kind].migrations),)
        assert rows(file, known) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_file_holds_the_tables_of_one_that_came_from_0_1_0(tmp_path, kind):
    made_by_script(tmp_path / "old", (OF_0_1_0 / f"{kind}.sql").read_text())
    tables = []
    for name in ("old", "new"):
        with opened(tmp_path / name, KINDS[kind]) as file:
            names = [table for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            tables.append({one: [row[1:3] for row in file.execute(f"PRAGMA table_info({one})")] for one in names})
    assert tables[0] == tables[1]


def test_every_kind_of_file_has_a_mark_of_its_own():
    assert len({schema.application_id for schema in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("other", KINDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("marked", [True, False])
def test_a_file_of_another_kind_is_refused_and_stays_as_it_is(path, kind, other, marked):
    made_by_script(path, (OF_0_1_0 / f"{other}.sql").read_text())
    if marked:
        connect(path, KINDS[other]).close()
    before = path.read_bytes()
    if kind == other:
        connect(path, KINDS[kind]).close()
        return
    with pytest.raises(StorageError, match="is a database of another kind"):
        connect(path, KINDS[kind])
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused_and_stays_as_it_is(path):
    connect(path, THREE).close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"written by a newer custify \(version 3; this one knows 1\): install"):
        connect(path, ONE)
    assert path.read_bytes() == before


def test_a_truncated_file_is_refused_as_damaged(path):
    with opened(path, ONE) as file:
        file.executemany("INSERT INTO things VALUES (?)", [(f"{number:0500}",) for number in range(100)])
    os.truncate(path, path.stat().st_size // 2)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="is damaged: restore a copy"):
        connect(path, ONE)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(path):
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="is damaged: restore a copy"):
        connect(path, ONE)
    assert path.read_bytes() == b"not a database" * 100


def test_a_directory_in_place_of_a_file_is_refused(path):
    path.mkdir()
    with pytest.raises(ConfigurationError, match="file: cannot be used: it is a directory; name a file"):
        connect(path, ONE)


def test_a_file_in_a_folder_that_is_not_there_is_refused(path):
    with pytest.raises(StorageError, match="cannot be used: there is no folder"):
        connect(path / "below", ONE)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions are POSIX's")
def test_a_file_in_a_folder_that_may_not_be_written_is_refused(path):
    path.parent.chmod(0o555)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(StorageError, match=r"cannot be (used|written)"):
            connect(path, ONE)
    finally:
        os.seteuid(before)
        path.parent.chmod(0o755)


def test_a_file_that_another_process_holds_is_refused_after_a_wait(path):
    with opened(path, ONE) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="is in use by another process"), opened(path, ONE, 0.05) as other:
            other.execute("INSERT INTO things VALUES ('b')")


def test_a_file_whose_log_cannot_be_turned_on_is_refused_after_a_wait(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute(FIRST)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="is in use by another process"):
            connect(path, ONE, 0.05)


def tracing(monkeypatch, seen):
    """Let `seen` see each statement before it runs."""
    plain = sqlite3.connect

    def connecting(*given, **words):
        connection = plain(*given, **words)
        connection.set_trace_callback(seen)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connecting)


def test_a_file_whose_log_cannot_be_turned_on_yet_is_tried_again(path, monkeypatch):
    first_version(path)
    tries = []
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")

        def seen(statement):
            tries.extend([statement] * ("journal_mode" in statement))
            if len(tries) == 3:
                writer.execute("ROLLBACK")

        tracing(monkeypatch, seen)
        assert migrated(path) == WHOLE


def test_a_file_that_another_process_brings_up_to_date_during_the_check_is_not_of_another_kind(path, monkeypatch):
    first_version(path)
    plain, others = sqlite3.connect, []

    def seen(statement):
        if "user_version" in statement and not others:
            others.append(plain(path, timeout=0, isolation_level=None))
            with contextlib.suppress(sqlite3.OperationalError):
                others[0].executescript("BEGIN; PRAGMA user_version = 1; PRAGMA application_id = 1415934836; COMMIT")
            others[0].close()

    tracing(monkeypatch, seen)
    assert migrated(path) == WHOLE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("database or disk is full", "the disk is full; what it held is unchanged"),
        ("attempt to write a readonly database", "check the permissions"),
        ("unable to open database file", "check the permissions"),
        ("no such column: size", "is damaged"),
        ("odd", "cannot be used: odd"),
    ],
)
def test_every_failure_has_its_words(path, text, reason):
    with pytest.raises(StorageError, match=reason), opened(path, ONE):
        raise sqlite3.OperationalError(text)


def test_a_migration_that_fails_leaves_the_version_before_it_and_nothing_open(path, monkeypatch):
    connections, plain = [], sqlite3.connect
    first_version(path)
    broken = Schema(b"Test", ONE.unmarked, (FIRST, "INSERT INTO things VALUES ('half'); CREATE nothing"))
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **words: connections.append(plain(*given, **words)) or connections[-1]
    )
    with pytest.raises(StorageError, match="cannot be used"):
        connect(path, broken)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("SELECT 1")
    assert migrated(path) == WHOLE


def run(code, *words):
    """Start a Python process that knows the schemas of this file."""
    program = f"import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\n{textwrap.dedent(code)}"
    known = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.Popen(command, env=known, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own code


KILLED = """
    import os, signal, sqlite3
    from test_database import THREE
    from custify_connector.storage.database import connect

    def killed_before(number, file):
        left, plain = [number], sqlite3.connect

        def traced(statement):
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        def connecting(*given, **words):
            database = plain(*given, **words)
            database.set_trace_callback(traced)
            return database

        sqlite3.connect = connecting
        connect(file, THREE).close()
        os._exit(0)

    for number in range(60):
        child = os.fork()
        if child == 0:
            killed_before(number, path.with_name(f"file-{number}"))
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            break
    print(number, os.WEXITSTATUS(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no such signal")
@pytest.mark.parametrize("begin", [first_version, lambda _path: None], ids=["an old file", "a new file"])
def test_a_process_that_is_killed_before_any_statement_of_a_migration_loses_nothing(tmp_path, begin):
    """A law over every moment between two statements."""
    paths = [tmp_path / f"file-{number}" for number in range(60)]
    for path in paths:
        begin(path)
    process = run(KILLED, tmp_path / "file")
    out, err = process.communicate(timeout=60)
    statements, code = map(int, out.split())
    assert (code, process.returncode, err) == (0, 0, "")
    assert 15 < statements < 59
    for path in paths[: statements + 1]:
        assert migrated(path) == (WHOLE if begin is first_version else (3, [], []))


TOGETHER = """
    import time
    from test_database import THREE
    from custify_connector.storage.database import connect
    for number in range(20):
        while time.time() < float(sys.argv[2]) + number / 20:
            pass
        connect(path.with_name(f"file-{number}"), THREE).close()
"""


@pytest.mark.slow
@pytest.mark.parametrize("begin", [first_version, lambda _path: None], ids=["an old file", "a new file"])
def test_processes_that_open_a_file_at_the_same_moment_all_get_it(tmp_path, begin):
    paths = [tmp_path / f"file-{number}" for number in range(20)]
    for path in paths:
        begin(path)
    moment = time.time() + 1.0
    processes = [run(TOGETHER, tmp_path / "file", moment) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert {repr(migrated(path)) for path in paths} == {repr(WHOLE if begin is first_version else (3, [], []))}


def test_a_link_is_followed(tmp_path, path):
    (tmp_path / "link").symlink_to(path)
    connect(tmp_path / "link", ONE).close()
    assert (tmp_path / "link").is_symlink()
    connect(path, ONE).close()


def test_a_value_that_is_not_what_was_written_is_damage(path):
    with pytest.raises(StorageError, match="is damaged"), database.decoded(path):
        int("x")
