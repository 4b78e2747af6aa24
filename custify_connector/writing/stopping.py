"""Whether a write run stops before its last record, and which error it raises then.

Pure but for its counters. One record's fault never stops a run by itself; a refused key, a service that gives no
usable answers, or more rejects than were allowed do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy

from custify_connector.contract import Receipt, RejectLimit
from custify_connector.contract.errors import ConnectorError, ServiceUnavailable
from custify_connector.writing.delivery import Delivered
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.receipts import blamed

UNANSWERED_IN_A_ROW = 3
"""So many deliveries in a row without a usable answer are the service's fault, where it answers nothing else either."""

SUSPECTS_IN_A_ROW = 10
"""So many are its fault though it answers a probe and took records before: it may be down for writes alone."""

Ahead = Callable[[], Iterable[Delivered | None]]
"""Returns the later deliveries under way, None for one that is not done: one that is answered shows a service alive."""


def _none_ahead() -> Iterable[Delivered | None]:
    return ()


MOST_HELD = 1000
"""Rejected records behind a suspect that are held at most."""


class StopPolicy:
    """Counts deliveries; `stopped` is why no record may be sent any more, `error` what to raise after the last receipt.

    `gone` counts the deletes that found nothing.

    A run that stops over its own rejects raises nothing; one of which not a single request got a usable answer, and no
    record can be the reason, raises that the service is unavailable, however short it was.
    """

    def __init__(self, plan: WritePlan) -> None:
        self._plan = plan
        self._rejects = RejectLimit(plan.on_reject, plan.max_rejects)
        self.gone = 0
        self._unanswered = 0
        self._any_answered = False
        self._lost: Delivered | None = None
        self._held: list[Delivered] = []
        self.stopped: str | None = None
        self.error: ConnectorError | None = None

    def counted(self, deliveries: Iterable[Delivered], ahead: Ahead = _none_ahead) -> Iterator[Receipt]:
        """Yield the receipts of deliveries, each delivery counted before its receipts are handed on.

        Those of a suspect are held, with what follows, until it is known whether others are answered.
        """
        for delivered in deliveries:
            self.count(delivered, ahead)
            self._held.append(delivered)
            if self.stopped is not None or not self._is_undecided(delivered):
                yield from self._released(others_answered=delivered.sent and delivered.answered)

    def rest(self) -> Iterator[Receipt]:
        """Yield the receipts that are still held, when the run ends or stops."""
        if self.error is None and self._held and self._unanswered >= UNANSWERED_IN_A_ROW:
            self.error = self._unavailable(self._held[-1])
        if self.error is None and self._lost is not None and not self._any_answered:
            self.error = self._unavailable(self._lost)
        yield from self._released(others_answered=self._any_answered and self.error is None)

    def count(self, delivered: Delivered, ahead: Ahead = _none_ahead) -> None:
        """Take in one delivery."""
        self.gone += sum(receipt.code == "already_gone" for receipt in delivered.receipts)
        self._rejects.count(delivered.receipts)
        if delivered.sent:
            self._unanswered = 0 if delivered.answered else self._unanswered + 1
            self._any_answered = self._any_answered or delivered.answered
            if not delivered.answered and not delivered.suspect:
                self._lost = delivered
        if self.error is None:
            self.error = delivered.error or (self._unavailable(delivered) if self._is_down(delivered, ahead) else None)
        self.stopped = self.stopped or (str(self.error) if self.error else self._rejects.stopped)

    def may_stop(self, ahead: Iterable[Delivered | None]) -> bool:
        """Return whether the run may stop over deliveries whose turn has not come."""
        rejects = copy(self._rejects)
        done = [each for each in ahead if each is not None]
        for each in done:
            rejects.count(each.receipts)
        return rejects.stopped is not None or any(each.error or not each.answered for each in done)

    def _is_undecided(self, last: Delivered) -> bool:
        says_nothing = last.suspect or not last.sent
        return says_nothing and any(each.suspect for each in self._held) and len(self._held) <= MOST_HELD

    def _released(self, *, others_answered: bool) -> Iterator[Receipt]:
        held, self._held = self._held, []
        for delivered in held:
            at_fault = delivered.suspect and others_answered
            yield from map(blamed, delivered.receipts) if at_fault else delivered.receipts

    def _is_down(self, delivered: Delivered, ahead: Ahead) -> bool:
        if not delivered.sent or self._unanswered < UNANSWERED_IN_A_ROW:
            return False
        if not delivered.suspect:
            return True
        others = [*ahead()]
        done = [each for each in others if each is not None and each.sent]
        if any(each.answered for each in done):
            return False
        may_be_alive = self._any_answered or len(done) < len(others)
        enough = SUSPECTS_IN_A_ROW if may_be_alive else UNANSWERED_IN_A_ROW
        return self._unanswered + len(done) >= enough

    def _unavailable(self, delivered: Delivered) -> ServiceUnavailable:
        reason = delivered.receipts[-1].reason
        asked = "the request" if self._unanswered == 1 else f"{self._unanswered} requests in a row"
        where = f"{self._plan.destination}: {asked} got no usable response from Custify"
        return ServiceUnavailable(f"{where}; the last: {reason}; try again later")
