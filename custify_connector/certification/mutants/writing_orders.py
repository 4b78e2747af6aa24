"""Mutants of group G, fourth part: what a host ordered is not done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import (
    Broken,
    Plugin,
    Write,
    mutant,
    with_description,
    with_each_receipt,
    with_write,
    with_written,
    without,
)
from custify_connector.contract import Receipt, hookimpl


@mutant("G7")
def the_bound_on_rejects_is_not_read(healthy: Plugin) -> object:
    """However many are rejected, the run continues."""
    return with_written(healthy, destination=without("max_rejects"))


@mutant("G7")
def what_is_rejected_without_a_request_does_not_count(healthy: Plugin) -> object:
    """Only a reject by the service brings the bound nearer."""
    return with_write(healthy, _counting(lambda receipt: receipt.status is not None))


@mutant("G7")
def what_the_service_rejects_does_not_count(healthy: Plugin) -> object:
    """Only a reject without a request brings the bound nearer."""
    return with_write(healthy, _counting(lambda receipt: receipt.status is None))


def _counting(counts: Callable[[Receipt], bool]) -> Callable[[Write, dict[str, Any], Iterable[Any]], Iterator[Receipt]]:
    """Return a write that ends above `max_rejects`, and counts only some of the rejects."""

    def some(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        bound, rejects = destination.get("max_rejects"), 0
        for index, record in enumerate(records):
            if isinstance(bound, int) and rejects > bound:
                yield Receipt(index, "not_tried", reason="too many were rejected")
                continue
            receipt = next(iter(write(without("max_rejects")(destination), [record])))
            rejects += receipt.outcome == "rejected" and counts(receipt)
            yield replace(receipt, index=index)

    return some


@mutant("G8")
def the_order_to_stop_is_not_read(healthy: Plugin) -> object:
    """The run continues after a bad record, whatever was ordered."""
    return with_written(healthy, destination=without("on_reject"))


@mutant("G9")
def what_exists_is_never_changed(healthy: Plugin) -> object:
    """An upsert only creates: what was written once is not written again."""
    known: set[str] = set()

    def once(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        for index, record in enumerate(records):
            key = f"{destination.get('endpoint')} {next(iter(record.values()), None)}"
            receipt = Receipt(index, "sent") if key in known else next(write(destination, [record]))
            known.add(key)
            yield replace(receipt, index=index)

    return with_write(healthy, once)


@mutant("G10")
def an_unknown_word_is_passed_over(healthy: Plugin) -> object:
    """A setting with a slip in its name is as good as none."""
    return with_written(healthy, destination=without("no_such_word"))


@mutant("G10")
def a_wrong_order_is_refused_after_the_first_request(healthy: Plugin) -> object:
    """The credential is tried out before the order is looked at."""

    @hookimpl
    def write_destination(
        credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        healthy.test_credential(credential=credential)
        receipts: Iterator[Receipt] = healthy.write_destination(
            credential=credential, destination=destination, records=records
        )
        return receipts

    return Broken(healthy, write_destination=write_destination)


@mutant("G21")
def a_dry_run_is_a_real_one(healthy: Plugin) -> object:
    """The receipts say planned, and everything was sent."""

    def really(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> list[Receipt]:
        given = list(records)
        receipts = list(write(destination, given))
        if destination.get("dry_run"):
            list(write({**destination, "dry_run": False}, given))
        return receipts

    return with_write(healthy, really)


@mutant("G21")
def a_dry_run_shows_another_request(healthy: Plugin) -> object:
    """What is planned is the record, not the request that it becomes."""
    return with_each_receipt(healthy, lambda one: replace(one, response=one.key) if one.outcome == "planned" else one)


@mutant("G22")
def a_delete_is_not_described_as_one(healthy: Plugin) -> object:
    """No destination says that it deletes for good."""

    def harmless(description: dict[str, Any]) -> None:
        for one in description["destinations"].values():
            one["destructive"] = False

    return with_description(healthy, harmless)


@mutant("G22")
def deletes_have_no_bound(healthy: Plugin) -> object:
    """However few may be deleted, all are."""

    def unbound(destination: dict[str, Any]) -> dict[str, Any]:
        params = destination.get("params", {})
        return {**destination, "params": {**params, "max_deletes": 1000}} if "max_deletes" in params else destination

    return with_written(healthy, destination=unbound)


@mutant("G25")
def a_batch_that_was_taken_is_called_sent(healthy: Plugin) -> object:
    """The answer to the batch itself is taken for the answer to each of its records."""

    def believing(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        receipts = write(destination, records)
        in_batches = destination.get("delivery") == "batch"
        return (replace(receipt, outcome="sent") for receipt in receipts) if in_batches else receipts

    return with_write(healthy, believing)


@mutant("G28")
def an_error_about_one_record_ends_the_run(healthy: Plugin) -> object:
    """A record that the service answers with an error of its own is the last that is tried."""

    def fearful(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        over = False
        for receipt in write(destination, records):
            yield Receipt(receipt.index, "not_tried", reason="the service is down") if over else receipt
            over = over or (receipt.status or 0) >= 500  # noqa: PLR2004 - an error of the service

    return with_write(healthy, fearful)
