"""PostgreSQL, as `psql` reaches it, and its words for what can go wrong; only this and its callers know psycopg.

An address is `postgresql://[USER@]HOST[:PORT]/DATABASE[/SCHEMA][?OPTION=VALUE]`. What it leaves out comes from where
`psql` takes it: PGHOST, PGSERVICE, PGPASSWORD, the password file. A password in it is refused and never shown, because
other users of a machine can see the words of a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, Interrupted, ServiceUnavailable
from custify_connector.host.installation import unusable
from custify_connector.host.outputs.place import refused
from custify_connector.host.outputs.postgres_waiting import Watch, opened, parameters

if TYPE_CHECKING:
    import psycopg

_SCHEMES = ("postgresql://", "postgres://")
_SCHEMA = "public"
_NAMING = "write postgresql://HOST/DATABASE/SCHEMA"
_NO_PASSWORD = (
    "must not hold a password, which others could see in the list of processes: "  # noqa: S105 - no password
    "set PGPASSWORD, or use the password file or a service as psql does"
)
LONGEST_NAME = 63


@dataclass(frozen=True)
class Address:
    """A schema of a database; `url` is what libpq takes, and has no password."""

    url: str
    schema: str
    shown: str

    def __str__(self) -> str:
        return self.shown


def is_postgres(path: str) -> bool:
    """Whether a path is an address of PostgreSQL."""
    return path.lower().startswith(_SCHEMES)


def address_of(path: str) -> Address:
    """Return the address that a path is; raises ConfigurationError, which shows nothing that may be a password."""
    try:
        parts = urlsplit(path)
        port = parts.port
    except ValueError:
        refused("postgresql://", f"has a port or a host that is none, or a password, which it must not hold: {_NAMING}")
    user, _, host = parts.netloc.rpartition("@")
    if ":" in unquote(user) or "@" in user or "@" in parts.path or "pass" in unquote(parts.query).lower():
        refused("postgresql://", _NO_PASSWORD)
    if parts.fragment or "#" in path:
        refused("postgresql://", f"has a mark # that must be written %23: {_NAMING}")
    database, *schemas = parts.path.removeprefix("/").split("/")
    if len(schemas) > 1:
        refused("postgresql://", f"names more than a database and a schema: {_NAMING}")
    schema = unquote(schemas[0]) if schemas and schemas[0] else _SCHEMA
    if "\0" in schema or len(schema.encode()) > LONGEST_NAME:
        refused("postgresql://", "has the name of a schema that PostgreSQL cannot have")
    place = f"{host}/{database}" if port is None or host.endswith(f":{port}") else f"{host}:{port}/{database}"
    query = f"?{parts.query}" if parts.query else ""
    url = f"postgresql://{user}{'@' if user else ''}{host}/{database}{query}"
    return Address(url, schema, f"postgresql://{place}/{quote(schema, safe='')}")


def psycopg_module() -> Any:  # noqa: ANN401 - a module
    """Return the module; raises ConfigurationError where the extra is not installed."""
    try:
        import psycopg as module  # noqa: PLC0415 - an extra, and 150 ms
    except ImportError as error:
        raise ConfigurationError((Fault("psycopg", unusable("postgres", error)),)) from None
    return module


@contextmanager
def connected(address: Address, *, read_only: bool = False) -> Iterator[psycopg.Connection[Any]]:
    """Open a transaction, which is committed at the end, or undone where anything failed; moments are in UTC.

    Raises ConfigurationError for what the user can correct, ServiceUnavailable for a server that cannot be reached,
    is gone or does not answer, and Interrupted when the run was asked to end while the server kept it waiting.
    """
    module, watch, became = psycopg_module(), Watch(), "" if read_only else _UNCHANGED
    try:
        with closing(opened(lambda: _connect(address, watch))) as connection, watch.over(connection):
            connection.read_only = read_only or None
            _set_up(connection, watch)
            yield connection
            if not read_only:
                became = _UNKNOWN
                connection.commit()
    except module.Error as error:
        if watch.ended:
            raise Interrupted(f"{address}: the run was stopped{became}") from None
        if watch.gave_up:
            raise ServiceUnavailable(f"{address}: PostgreSQL does not answer any more{became}{_AGAIN}") from None
        raise as_sentence(address, error, _ONLY_READ if read_only else _ADVICE, became) from None


def _connect(address: Address, watch: Watch) -> psycopg.Connection[Any]:
    module = psycopg_module()

    def cursor(connection: Any, **words: Any) -> Any:  # noqa: ANN401 - as psycopg calls it
        watch.begin()
        return module.RawCursor(connection, **words)

    # What the address leaves out is not set here either: it would hide the variables and the service file.
    own = {"client_encoding": "UTF8", "fallback_application_name": "custify"}
    bounds = parameters(module.conninfo.conninfo_to_dict(address.url))
    connection: psycopg.Connection[Any] = module.connect(address.url, cursor_factory=cursor, **own, **bounds)
    return connection


def _set_up(connection: psycopg.Connection[Any], watch: Watch) -> None:
    # A pool between us and the server may hand on a session with other settings.
    connection.execute("SET LOCAL TimeZone = 'UTC'")
    connection.execute("SET LOCAL standard_conforming_strings = on")
    connection.execute("SET LOCAL DateStyle = 'ISO, MDY'")
    connection.execute("SET LOCAL IntervalStyle = 'postgres'")
    connection.execute("SET LOCAL extra_float_digits = 1")
    watch.limit(connection)


_NOT_LET_IN = re.compile(
    r"authentication failed|no password supplied|no pg_hba|does not exist|not permitted to log in|"
    r"permission denied|service file|definition of service|invalid|certificate|could not translate|not support SSL",
    re.IGNORECASE,
)
_MAY_PASS = {"08", "40", "53", "55", "57"}
"""Classes of states: the connection, a conflict, resources, a lock, and the administrator."""
_WAITED = {
    "55P03": " (another session holds a lock: end it, or wait longer with lock_timeout)",
    "57014": " (statement_timeout says how long a statement may take)",
}
_ADVICE = _WAITED | {
    "42501": "; ask its owner to grant that, or name another schema",
    "25006": "; it can only be read: name the primary server, or a role that may write",
    "2BP01": "; drop what depends on it, or name another schema",
    "0A000": "; drop the view, and make it again after the run",
    "54000": "; read fewer --field",
    "54011": "; read fewer --field",
}
_UNCHANGED, _UNKNOWN = "; nothing was changed there", "; whether the rows arrived is not known"
_AGAIN = "; the same command goes on"
_ONLY_READ = _WAITED | {"42501": "; ask its owner to grant that", "25006": "; a query can only read"}


def as_sentence(
    address: Address, error: Exception, advice: Mapping[str, str] = _ONLY_READ, became: str = ""
) -> ConnectorError:
    """Return what went wrong, in PostgreSQL's own words; rows and passwords are not among them."""
    diagnosis: Any = getattr(error, "diag", None)
    primary, state = diagnosis and diagnosis.message_primary, getattr(error, "sqlstate", None)
    text = re.sub(r"\s+", " ", primary or str(error)).strip()
    said = f"PostgreSQL: {text}{advice.get(state or '', '')}"
    may_pass = state[:2] in _MAY_PASS if state else not _NOT_LET_IN.search(text)
    if may_pass and isinstance(error, psycopg_module().OperationalError):
        return ServiceUnavailable(f"{address}: {said}{became}{_AGAIN}")
    return ConfigurationError((Fault(str(address), said),))
