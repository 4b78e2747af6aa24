"""Tables of PostgreSQL hold every record as it was; what is written is whole, and merged by key."""

import datetime as dt
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orjson import dumps

from custify_connector.checking.json_values import loads
from custify_connector.contract.errors import ConfigurationError, ServiceUnavailable
from custify_connector.host.outputs.flattening import Columns
from custify_connector.host.outputs.postgres_engine import LONGEST_NAME, address_of, connected
from custify_connector.host.outputs.postgres_tables import prepare, stored
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.target import target_of_schema
from tests import postgres_server

ID = {"properties": {"id": {"type": "string", "description": "What names it."}}}


class Schema:
    """A schema of a database of the tests' own."""

    def __init__(self, database, folder, name="crm"):
        self.database, self.folder = database, folder
        self.address = address_of(database.replace("?", f"/{name}?"))
        prepare(self.address, ())

    def target(self, key=("id",), cursor="replaced", name="t"):
        """Return the place of a stream."""
        return target_of_schema(self.address, self.folder, Stream(name, key, ID, cursor, name_bytes=LONGEST_NAME))

    def publish(self, rows, *, merges=False, **stream):
        """Write rows, and finish."""
        output = self.target(**stream).open()
        output.write(rows)
        output.finish({"n": len(rows)}, merges=merges)

    def ask(self, query, *values):
        """Return the rows of a query."""
        with psycopg.connect(self.database, options="-c timezone=UTC -c search_path=crm") as connection:
            connection.adapters.register_loader("jsonb", Exact)
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else None

    def rows(self):
        """Return the rows of the table as they were given, without what is null."""
        with psycopg.connect(self.database, options="-c timezone=UTC -c search_path=crm") as connection:
            connection.adapters.register_loader("jsonb", Exact)
            cursor = connection.execute("SELECT * FROM t")
            names = [column.name for column in cursor.description]
            return [
                {name: as_it_was(value) for name, value in zip(names, row, strict=True) if value is not None}
                for row in cursor
            ]

    def types(self):
        """Return the types of the table's columns."""
        columns = "SELECT column_name, data_type FROM information_schema.columns"
        query = f"{columns} WHERE table_schema = 'crm' AND table_name = 't'"
        return dict(self.ask(query))

    def keys(self):
        """Return the constraints of the table."""
        found = self.ask("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass")
        return [row[0] for row in found]


class Exact(psycopg.adapt.Loader):
    """Reads JSON with all of its digits."""

    def load(self, data):
        """See psycopg."""
        return loads(bytes(data))


def as_it_was(value):
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return value


@pytest.fixture
def schema(database, tmp_path):
    return Schema(database, tmp_path)


text = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | text | st.just("2026-01-31T09:30:00.000Z") | st.sampled_from(["\t", "\\N", "\\.", "a\nb\r", "\\\\t", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, min_size=1, max_size=2), max_leaves=4,
)  # fmt: skip
fields = ["a", "b", "A", "c.d", 'q"uo', "n", "$1", "%s", "ctid"]
batches = st.lists(st.dictionaries(st.sampled_from(fields), values, max_size=4), max_size=4)


def numbered(batch):
    return [{"id": str(number), **record} for number, record in enumerate(batch)]


def flat(batch, before=()):
    """Return records as their columns are called, in a table that held other records before."""
    names = Columns(longest=LONGEST_NAME)
    names.add("id")
    for record in before:
        names.row(record)
    rows = [names.row(record) for record in batch]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def exact(value):
    """Return values whose numbers are equal where their digits are: 1e17 is 100000000000000000."""
    if isinstance(value, dict):
        return {name: exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [
            exact(each)
            for each in sorted(value, key=lambda each: each["id"] if isinstance(each, dict) and "id" in each else "")
        ]
    return Decimal(repr(value)) if type(value) in {int, float} else value


@pytest.fixture(scope="module")
def lasting(postgres_folder, tmp_path_factory):
    """One schema for all examples of a law."""
    user = f"host={postgres_folder} user={postgres_server.SUPERUSER}"
    with psycopg.connect(f"{user} dbname=postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS lasting")
        connection.execute("CREATE DATABASE lasting")
    return Schema(
        f"postgresql://{postgres_server.SUPERUSER}@/lasting?host={postgres_folder}", tmp_path_factory.mktemp("law")
    )


@pytest.mark.slow
@given(batches)
def test_any_records_come_back_as_they_were(lasting, batch):
    lasting.ask("DROP TABLE IF EXISTS t")
    lasting.publish(numbered(batch))
    assert exact(lasting.rows()) == exact(flat(numbered(batch)))


@pytest.mark.slow
@given(batches, batches)
def test_a_table_that_is_filled_again_holds_the_new_records_alone(lasting, first, second):
    lasting.ask("DROP TABLE IF EXISTS t")
    lasting.publish(numbered(first))
    lasting.publish(numbered(second))
    assert exact(lasting.rows()) == exact(flat(numbered(second), numbered(first)))


def test_what_changed_is_merged_by_key_and_widens_the_columns(schema):
    schema.publish([{"id": "a", "n": 1, "at": "2026-01-31T09:30:00.123456Z", "f": 1}, {"id": "b", "n": 2}])
    schema.publish(
        [{"id": "b", "n": "two", "new": {"x": True}, "at": "then", "f": 1.5}, {"id": "c", "n": 2.5}], merges=True
    )
    assert schema.types() == {
        "id": "text", "n": "jsonb", "at": "text", "f": "double precision", "new.x": "boolean",
    }  # fmt: skip
    assert {row["id"]: (row["n"], row.get("new.x"), row.get("at")) for row in schema.rows()} == {
        "a": (1, None, "2026-01-31T09:30:00.123456Z"), "b": ("two", True, "then"), "c": (2.5, None, None),
    }  # fmt: skip
    assert schema.keys() == ["PRIMARY KEY (id)"]


@pytest.mark.parametrize("odd", [{"id": None, "n": 3}, {"id": "b", "n": 3}, {"n": 3}])
@pytest.mark.parametrize("merges", [False, True])
def test_rows_without_a_key_of_their_own_are_kept_and_the_primary_key_goes(schema, odd, merges):
    schema.publish([{"id": "a", "n": 1}])
    rows = [{"id": "b", "n": 2}, odd]
    schema.publish(rows, merges=merges)
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert sorted(schema.rows(), key=str) == sorted([*kept, *([{"id": "a", "n": 1}] if merges else [])], key=str)
    assert schema.keys() == []
    schema.publish([{"id": "c", "n": 1}])
    assert schema.keys() == ["PRIMARY KEY (id)"]


def test_rows_without_the_column_of_their_key_have_no_primary_key(schema):
    schema.publish([{"id": "a"}])
    schema.publish([{"other": 1}], key=("gone",))
    assert (schema.rows(), schema.keys()) == ([{"other": 1}], [])
    schema.publish([{"other": 1, "id": "a"}])
    assert schema.keys() == ["PRIMARY KEY (id)"]


def test_a_key_too_long_for_an_index_is_no_primary_key(schema):
    long = "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(9_000))
    schema.publish([{"id": long}])
    assert (schema.rows(), schema.keys()) == ([{"id": long}], [])


def test_a_view_and_the_rights_of_others_stay_when_a_table_is_filled_again(schema):
    schema.publish([{"id": "a", "n": 1}])
    schema.ask("CREATE VIEW v AS SELECT id, n FROM t")
    schema.ask("GRANT SELECT ON t TO PUBLIC")
    schema.publish([{"id": "b", "n": 2}])
    assert schema.ask("SELECT * FROM v") == [("b", 2)]
    assert schema.ask("SELECT has_table_privilege('pg_monitor', 't', 'SELECT')") == [(True,)]


def test_a_full_read_never_narrows_a_column_that_a_view_needs(schema):
    schema.publish([{"id": "a", "n": "two", "Plan": 1, "plan": 2}])
    schema.publish([{"id": "b", "n": 1}], merges=True)
    schema.ask('CREATE VIEW v AS SELECT id, n, "Plan" FROM t')
    schema.publish([{"id": "c", "n": 1, "plan": 3, "Plan": 4}])
    assert schema.ask("SELECT * FROM v") == [("c", 1, 4)]


def test_a_view_that_keeps_a_column_from_changing_its_type_is_named(schema):
    schema.publish([{"id": "a", "n": 1}])
    schema.ask("CREATE VIEW v AS SELECT id, n FROM t")
    with pytest.raises(ConfigurationError, match="used by a view or rule; drop the view"):
        schema.publish([{"id": "a", "n": "two"}], merges=True)
    assert schema.rows() == [{"id": "a", "n": 1}]


def test_a_column_that_was_dropped_by_hand_comes_back_and_one_that_was_added_stays(schema):
    schema.publish([{"id": "a", "n": 1}])
    schema.ask("ALTER TABLE t DROP COLUMN n, ADD COLUMN note text DEFAULT 'mine'")
    schema.publish([{"id": "b", "n": 2}], merges=True)
    assert sorted(schema.rows(), key=str) == [{"id": "a", "note": "mine"}, {"id": "b", "note": "mine", "n": 2}]


def test_names_longer_than_postgresql_takes_stay_apart(schema):
    names = [f"{'ö' * 40}{end}" for end in "abc"]
    schema.publish([{"id": "a", **{name: number for number, name in enumerate(names)}}])
    columns = sorted(set(schema.types()) - {"id"})
    assert len(columns) == 3
    assert all(len(name.encode()) <= LONGEST_NAME for name in columns)
    schema.publish([{"id": "b", names[2]: 7}], merges=True)
    assert sorted(set(schema.types()) - {"id"}) == columns


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("nul \0 half \ud800", "nul \\u0000 half \\ud800"),
        (["nul \0 half \ud800"], ["nul \\u0000 half \\ud800"]),
        ([10**4000], [10**4000]),
        ("\\u0000", "\\u0000"),
    ],
)
def test_what_postgresql_cannot_hold_is_spelled_out(schema, value, kept):
    schema.publish([{"id": "a", "v": value}])
    assert schema.rows() == [{"id": "a", "v": kept}]


def test_a_number_beyond_those_of_postgresql_is_kept_as_text(schema):
    schema.publish([{"id": "a", "v": loads("[1e400000, 1e300]")}, {"id": "b", "v": loads("1e400")}])
    spelled = dumps(1e300).decode()  # 1e300, or 1e+300 from orjson 3.12 on
    assert [row["v"] for row in schema.rows()] == [f"[1E+400000,{spelled}]", Decimal("1e400")]


def test_the_settings_of_a_session_change_no_value(schema, monkeypatch):
    settings = "-c timezone=America/New_York -c datestyle=german -c standard_conforming_strings=off"
    variables = {"PGCLIENTENCODING": "LATIN1", "PGTZ": "Asia/Kolkata", "TZ": "America/New_York", "PGOPTIONS": settings}
    row = {"id": "a", "at": "2026-01-31T09:30:00.123Z", "name": "Łukasz \\ 李", "n": 0.1}
    for change, merges in (({}, False), ({}, True), ({"at": "then", "id": "b"}, True)):
        with monkeypatch.context() as session:
            for name, value in variables.items():
                session.setenv(name, value)
            schema.publish([{**row, **change}], merges=merges)
        if not change:
            assert schema.rows() == [row]
    assert schema.rows()[0]["at"] == "2026-01-31T09:30:00.123000Z"


def test_a_table_that_is_not_ours_is_refused_and_stays(schema):
    schema.ask("CREATE TABLE t AS SELECT 1 AS mine")
    for refused in (lambda: schema.publish([{"id": "a"}]), lambda: prepare(schema.address, ["t"])):
        with pytest.raises(ConfigurationError, match="table t: was not written by custify"):
            refused()
    assert schema.rows() == [{"mine": 1}]


def test_a_run_that_another_one_has_overtaken_changes_nothing(schema):
    schema.publish([{"id": "a"}])
    late = schema.target().open()
    late.write([{"id": "old"}])
    schema.publish([{"id": "new"}])
    with pytest.raises(ConfigurationError, match="another run has written it since this one began"):
        late.finish({}, merges=False)
    assert schema.rows() == [{"id": "new"}]
    assert not schema.target().staging.exists(), "what the late run staged is of no other run"


def test_rows_and_state_are_written_together_or_not_at_all(schema):
    schema.publish([{"id": "a"}])
    schema.ask(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; "
        "CREATE TRIGGER stop BEFORE INSERT OR UPDATE ON _custify_state EXECUTE FUNCTION refuse()"
    )
    for merges in (False, True):
        with pytest.raises(ConfigurationError, match="PostgreSQL: no"):
            schema.publish([{"id": "b"}, {"id": "c"}], merges=merges)
    assert schema.rows() == [{"id": "a"}]
    assert stored(schema.address, "t").state == {"n": 1}


def test_a_connection_that_is_lost_in_the_middle_changes_nothing_and_the_run_goes_on(schema):
    schema.publish([{"id": "a"}])
    output = schema.target().open()
    output.write([{"id": str(number)} for number in range(100)])
    schema.ask(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$; "
        "CREATE TRIGGER stop BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id = '50') EXECUTE FUNCTION cut()"
    )
    with pytest.raises(ServiceUnavailable, match="nothing was changed there; the same command goes on"):
        output.finish({}, merges=False)
    assert schema.rows() == [{"id": "a"}]
    schema.ask("DROP TRIGGER stop ON t")
    schema.target().complete(output.size, {}, merges=False)
    assert len(schema.rows()) == 100


@pytest.mark.parametrize(
    ("grants", "words"),
    [
        ("", "permission denied for database .*; ask its owner"),
        ("CREATE SCHEMA crm; GRANT USAGE ON SCHEMA crm TO", "permission denied for schema crm; ask its owner"),
        (
            "CREATE SCHEMA crm; CREATE TABLE crm.people (x int); GRANT ALL ON SCHEMA crm TO",
            "was not written by custify",
        ),
    ],
)
def test_a_role_that_may_not_write_is_refused_before_anything_is_read(database, grants, words):
    with psycopg.connect(database) as connection:
        role = f"r{database.partition('/d')[2][:8]}"
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"{grants} {role}" if grants else "SELECT 1")
    address = address_of(database.replace("host@", f"{role}@").replace("?", "/crm?"))
    with pytest.raises(ConfigurationError, match=words):
        prepare(address, ["people"])


def test_a_table_of_another_owner_is_refused_in_the_end_and_stays(schema):
    schema.publish([{"id": "a", "n": 1}])
    role = f"r{schema.database.partition('/d')[2][:8]}"
    schema.ask(f"CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA crm TO {role}; GRANT ALL ON t, _custify_state TO {role}")
    other = Schema.__new__(Schema)
    other.database = schema.database.replace("host@", f"{role}@")
    other.folder, other.address = schema.folder, address_of(other.database.replace("?", "/crm?"))
    with pytest.raises(ConfigurationError, match="must be owner of table t; ask its owner"):
        other.publish([{"id": "b", "n": "x"}], merges=True)
    assert schema.rows() == [{"id": "a", "n": 1}]


def test_a_database_that_can_only_be_read_is_refused(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on")
    with pytest.raises(ConfigurationError, match="it can only be read: name the primary"):
        prepare(address_of(database), ())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@host/db", "postgres://me:hunter2@host:5432/db/crm", "postgresql://me:hun/ter2@host/db",
        "postgresql://me:hun#hunter2@host/db", "postgresql://host/db?password=hunter2", "postgresql://me:@host/db#hunter2",
        "postgresql://host/db?user=me&pass%77ord=hunter2", "postgresql://host/db?sslpassword=hunter2",
        "postgresql://me:p@hunter2@host/db", "postgresql://host:hunter2/db", "postgresql://h/db/crm/hunter2",
        "postgresql://[hunter2/db", "POSTGRESQL://me:hunter2@host/db", "postgresql://me%3Ahunter2@host/db",
    ],
)  # fmt: skip
def test_a_password_in_an_address_is_refused_and_not_shown(url):
    with pytest.raises(ConfigurationError) as raised:
        address_of(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "taken", "schema"),
    [
        ("postgresql:///", "postgresql:///", "public"),
        ("postgresql://host/db", "postgresql://host/db", "public"),
        ("postgres://me@host:5433/db/crm?sslmode=require", "postgresql://me@host:5433/db?sslmode=require", "crm"),
        ("postgresql:////crm?service=prod", "postgresql:///?service=prod", "crm"),
        ("postgresql://[::1]:5432/db/My%20Schema", "postgresql://[::1]:5432/db", "My Schema"),
    ],
)
def test_an_address_is_that_of_psql_and_a_schema(url, taken, schema):
    address = address_of(url)
    assert (address.url, address.schema) == (taken, schema)
    psycopg.conninfo.conninfo_to_dict(address.url)


def test_a_server_that_is_not_there_is_named():
    address = address_of("postgresql://127.0.0.1:9/db?connect_timeout=2")
    with (
        pytest.raises(ServiceUnavailable, match=r"postgresql://127.0.0.1:9/db/public: PostgreSQL: .*refused"),
        connected(address),
    ):
        pass
