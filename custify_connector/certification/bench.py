"""The bench a check works at: the connector, its description, and services started for this check alone.

What the connector describes not to have is noted here as a lack. This file does not know how a service is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from typing import Any

from custify_connector.certification.account import RealService
from custify_connector.certification.subject import Subject
from custify_connector.certification.trials import Trial
from custify_connector.contract import NamedConnector
from custify_connector.contract.testbed import Exchange, NotOffered, Record, Service, Setup

_TAIL = 5


class Bench:
    """What one check is given; `close` ends every service that it started."""

    def __init__(self, subject: Subject, streams: frozenset[str] | None = None) -> None:
        self.subject = subject
        self.secrets: set[str] = set()
        self.lacks: set[str] = set()
        self._only = streams
        self._stack = ExitStack()
        self._services: list[Service] = []

    @cached_property
    def connector(self) -> NamedConnector:
        """The connector alone in a manager of its own."""
        return self.subject.connector()

    @cached_property
    def description(self) -> dict[str, Any]:
        """What the connector says of itself."""
        return {**self.connector.describe()}

    def sized(self, **setup: Any) -> Iterator[tuple[str, Trial]]:  # noqa: ANN401 - a size, and the fields of a Setup
        """Yield each stream that can be given `size` records, with a service that holds so many; NotOffered if none."""
        size, found = setup.pop("size"), 0
        for stream in self.open().streams:
            with suppress(NotOffered):
                trial = self.open(sizes={stream: size}, **setup)
                found += 1
                yield stream, trial
        if not found:
            raise NotOffered(f"no stream can be given {size} records with {_in_words(setup)}")

    def endpoints(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the described `sources` or `destinations`, those that were asked for."""
        described: dict[str, dict[str, Any]] = self.description.get(kind, {})
        return {name: one for name, one in described.items() if self.judges(name)}

    def has(self, kind: str) -> bool:
        """Say whether any `sources` or `destinations` are described; that there are none is noted as a lack."""
        if not self.description.get(kind):
            self.lacks.add(f"the description declares no {kind}")
        return bool(self.description.get(kind))

    def has_hook(self, name: str, *, optional: bool = False) -> bool:
        """Say whether the connector has a hook; that it has none is noted as a lack, unless it is `optional` here."""
        found = hasattr(self.subject.plugin, name)
        if not (found or optional):
            self.lacks.add(f"the connector has no hook {name}")
        return found

    def takes(self, word: str, *, of: str = "destination") -> bool:
        """Say whether sources or destinations take a word, by the described schema; that none does is a lack."""
        known = _has_property(self.description.get(of, {}), word)
        if not known:
            self.lacks.add(f"the description declares no {of} that takes {word}")
        return known

    def incremental(self, trial: Trial) -> tuple[str, ...]:
        """Return the streams to judge that are described as incremental; that none is, is noted as a lack."""
        described = self.description.get("sources", {})
        if not any(one.get("cursor") for one in described.values()):
            self.lacks.add("the description declares no incremental stream")
        return tuple(name for name in trial.streams if described[name].get("cursor"))

    def judges(self, name: str) -> bool:
        """Say whether a stream or destination is among those asked for."""
        return self._only is None or name in self._only

    def keys(self, stream: str) -> list[list[str]]:
        """Return the keys of a stream: each a list of fields; a record is named by the first that it has whole."""
        source = self.description["sources"][stream]
        return source.get("keys") or [source.get("key", [])]

    def key(self, stream: str, record: Record) -> tuple[Any, ...] | None:
        """Return the key of a record; None when it has none of the stream's keys whole."""
        named = (tuple(field(record, name) for name in names) for names in self.keys(stream) if names)
        return next((values for values in named if None not in values), None)

    def name(self, stream: str, record: Record) -> Hashable:
        """Return what distinguishes a record from others: its key, or all it holds where it has none."""
        return self.key(stream, record) or json.dumps(record, sort_keys=True, default=str)

    def open(self, **setup: Any) -> Trial:  # noqa: ANN401 - the fields of a Setup
        """Start a service of its own for this check, ended with it; NotOffered when there is no testbed for it."""
        try:
            testbed = self.connector.testbed()
        except LookupError:
            raise NotOffered("the connector brings no testbed") from None
        service = self._stack.enter_context(testbed(Setup(**setup)))
        self._services.append(service)
        self.secrets.update(service.credentials.secrets)
        return Trial(self, service)

    def leading(self, one: Trial, other: Trial) -> dict[str, str]:
        """Return the fields that lead to a service and not to another, with their values; NotOffered without any."""
        properties = self.description["credential"].get("properties", {})
        good, others = one.service.credentials.good, other.service.credentials.good
        open_fields = (name for name in good if not properties.get(name, {}).get("writeOnly"))
        led = {name: str(good[name]) for name in open_fields if good[name] != others.get(name)}
        if not led:
            raise NotOffered("the testbed gives two services one address")
        return led

    def live(self, *, writes: bool = False) -> Trial:
        """Return the real account that was lent for this run; NotOffered when none was, or not for `writes`."""
        account = self.subject.account
        if account is None:
            raise NotOffered("no real account was lent for this run: --live, with a credential")
        if writes and not account.allow_writes:
            raise NotOffered("nothing may be written to this account: --allow-writes")
        properties = self.description["credential"].get("properties", {})
        secret = {name for name, one in properties.items() if one.get("writeOnly")}
        secrets = tuple(str(value) for name, value in account.credential.items() if name in secret)
        self.secrets.update(secrets)
        return Trial(self, RealService(account, self.open().service, secrets))

    def ends_with(self, end: Callable[[], object]) -> None:
        """Call `end` when this check is over, before its services end."""
        self._stack.callback(end)

    def last_requests(self) -> tuple[str, ...]:
        """Return the last requests that the services of this check saw, as a reader gets them."""
        return tuple(str(one) for service in self._services for one in _journal(service)[-_TAIL:])[-_TAIL:]

    def close(self) -> None:
        """End every service."""
        self._stack.close()


def field(record: Any, dotted: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the field of a record at a dotted path; None where there is none."""
    for name in dotted.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _has_property(schema: object, word: str) -> bool:
    """Say whether a JSON Schema has a property of this name, at any depth."""
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return word in _properties(schema) or any(_has_property(one, word) for one in inner)


def _properties(schema: object) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _journal(service: Service) -> list[Exchange]:
    try:
        return service.journal()
    except NotOffered:
        return []


def _in_words(setup: Mapping[str, Any]) -> str:
    """Return the fields of a setup as words, the same in every process: a set has no order of its own."""
    words = {name: ", ".join(sorted(value)) if isinstance(value, frozenset) else value for name, value in setup.items()}
    return ", ".join(f"{name} {value}" for name, value in words.items() if value != "")
