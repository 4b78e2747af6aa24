"""Airbyte's protocol, as both executables speak it: JSON messages on standard output, errors by class, a command line.

Decides how a message is written, and which class an error has. This file does not know streams, records or a service;
it is imported for every command, so it imports little.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn

import orjson

from custify_connector.checking.json_values import dumps
from custify_connector.contract.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialRefused,
    Fault,
    FaultyInput,
    IncompleteRead,
    ServiceUnavailable,
)

FailureType = Literal["config_error", "system_error", "transient_error"]
StreamStatus = Literal["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"]
Level = Literal["ERROR", "WARN", "INFO", "DEBUG"]

FAILED = 1
INTERRUPTED = 130
_SHORTEST_SECRET = 8


class BrokenProtocol(ConnectorError):
    """The host's move: what it sent is not Airbyte's protocol, or contradicts its own catalog."""


def failure_type(error: BaseException) -> FailureType:
    """Return the class of an error: who has to act, in the three words of Airbyte."""
    if isinstance(error, (ConfigurationError, CredentialRefused)):
        return "config_error"
    return "transient_error" if isinstance(error, (ServiceUnavailable, IncompleteRead)) else "system_error"


class Output:
    """Standard output as messages, one a line; a secret that it was given appears in none of them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._secret = b""

    def hide(self, secret: object) -> None:
        """Take a secret out of every message from here on, records aside: they hold what the service holds."""
        # Shorter than any key is, it could be part of every message.
        long_enough = isinstance(secret, str) and len(secret) >= _SHORTEST_SECRET
        self._secret = orjson.dumps(secret)[1:-1] if long_enough else b""

    def message(self, kind: str, **body: object) -> None:
        """Write one message at once."""
        line = dumps({"type": kind, **body}) + b"\n"
        self._write(line.replace(self._secret, b"***") if self._secret else line)

    def records(self, stream: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Write a RECORD for each record, in one go."""
        head = orjson.dumps({"type": "RECORD", "record": {"stream": stream, "emitted_at": _now()}})[:-2]
        self._write(b"".join([b'%b,"data":%b}}\n' % (head, dumps(record)) for record in records]))

    def log(self, level: Level, text: str) -> None:
        """Write a LOG."""
        self.message("LOG", log={"level": level, "message": text})

    def status(self, stream: str, status: StreamStatus) -> None:
        """Write the TRACE that reports how far a stream is."""
        stream_status = {"stream_descriptor": {"name": stream}, "status": status}
        self._trace("STREAM_STATUS", stream_status=stream_status)

    def error(self, error: BaseException, stream: str | None = None) -> None:
        """Write the TRACE of an error; only a fault of this program's own comes with its stack."""
        expected = isinstance(error, ConnectorError)
        text = str(error) if expected else f"The connector itself failed ({type(error).__name__}): please report it."
        trace: dict[str, Any] = {"message": text, "failure_type": failure_type(error)}
        if not expected:
            trace["internal_message"] = str(error)
            trace["stack_trace"] = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        if stream is not None:
            trace["stream_descriptor"] = {"name": stream}
        self._trace("ERROR", error=trace)

    def _trace(self, kind: str, **body: object) -> None:
        self.message("TRACE", trace={"type": kind, "emitted_at": float(_now()), **body})

    def _write(self, lines: bytes) -> None:
        self._stream.write(lines)
        self._stream.flush()


def _now() -> int:
    return int(time.time() * 1000)


class _Log(logging.Handler):
    """The connector's own log as LOG messages."""

    def __init__(self, output: Output) -> None:
        super().__init__(logging.INFO)
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        level: Level = "WARN" if record.levelno >= logging.WARNING else "INFO"
        self._output.log(level, record.getMessage())


Command = Callable[[argparse.Namespace, Output], int]


class _Parser(argparse.ArgumentParser):
    """A command line whose faults are errors like any other."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError((Fault("command line", f"{message} ({self.format_usage().strip()})"),))


def run(program: str, commands: Mapping[str, tuple[Command, Sequence[str]]], words: Sequence[str] | None = None) -> int:
    """Run the command that the words name, with the files it needs; return the exit code, 0 when all is well.

    Whatever goes wrong is reported by a TRACE; nothing is raised.
    """
    # Pages of records are freed by count; looking for cycles among them costs a tenth of a read.
    gc.set_threshold(200_000, 20, 100)
    output = Output(sys.stdout.buffer)
    log = _Log(output)
    logging.getLogger("custify_connector").addHandler(log)
    try:
        arguments = _parser(program, commands).parse_args(words)
        return commands[arguments.command][0](arguments, output)
    except BrokenPipeError:
        # Who read our messages has gone; Python would complain once more while closing the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a host reads messages, not tracebacks
        output.error(error)
        return FAILED
    finally:
        logging.getLogger("custify_connector").removeHandler(log)


def _parser(program: str, commands: Mapping[str, tuple[Command, Sequence[str]]]) -> _Parser:
    parser = _Parser(prog=program, description="Speaks Airbyte's protocol on the standard streams.")
    verbs = parser.add_subparsers(dest="command", required=True, metavar=f"{{{','.join(commands)}}}")
    for name, (_, files) in commands.items():
        verb = verbs.add_parser(name)
        verb.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
        for file in ("config", "catalog", "state"):
            verb.add_argument(f"--{file}", type=Path, required=file in files, metavar="PATH")
    return parser


def load(path: Path, what: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON of a file that the host wrote; raises ConfigurationError."""
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        reason = f"{path} cannot be read: {error.strerror or error}"
    except orjson.JSONDecodeError as error:
        reason = f"{path} is not JSON: {error.msg} in line {error.lineno}"
    raise ConfigurationError((Fault(what, reason),))


def load_object(path: Path, what: str) -> dict[str, Any]:
    """Return the JSON object of a file; raises ConfigurationError."""
    value = load(path, what)
    if not isinstance(value, dict):
        raise ConfigurationError((Fault(what, "must be a JSON object"),))
    return value


def configured_streams(catalog: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the streams of a configured catalog, each with a name; raises ConfigurationError with all faults."""
    streams = catalog.get("streams")
    if not isinstance(streams, list) or not streams:
        raise ConfigurationError((Fault("catalog.streams", "must be a list of at least one configured stream"),))
    faults = [
        Fault(f"catalog.streams[{place}].stream.name", "must be the name of a stream")
        for place, stream in enumerate(streams)
        if not isinstance(stream, dict) or not isinstance(stream_name(stream), str)
    ]
    if not faults:
        names = [stream_name(stream) for stream in streams]
        twice = sorted({name for name in names if names.count(name) > 1})
        faults = [Fault("catalog.streams", f"{name} is configured more than once") for name in twice]
    if faults:
        raise ConfigurationError(tuple(faults))
    return streams


def stream_name(configured: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a text, where the catalog is right
    """Return the name of a configured stream; None where it has none."""
    stream = configured.get("stream")
    return stream.get("name") if isinstance(stream, dict) else None


def stream_of(state: Mapping[str, Any]) -> str | None:
    """Return the stream that a STATE, or a status of the same form, is of; None for one of all streams."""
    given = state.get("stream")
    descriptor = given.get("stream_descriptor") if isinstance(given, dict) else None
    name = descriptor.get("name") if isinstance(descriptor, dict) else None
    return name if isinstance(name, str) else None


def connection_status(output: Output, error: ConnectorError | str | None) -> int:
    """Write the CONNECTION_STATUS: why it failed, or that it did not."""
    connection = {"status": "SUCCEEDED"} if error is None else {"status": "FAILED", "message": _sentence(error)}
    output.message("CONNECTION_STATUS", connectionStatus=connection)
    return 0


def _sentence(error: ConnectorError | str) -> str:
    return "; ".join(str(fault) for fault in error.faults) if isinstance(error, FaultyInput) else str(error)
