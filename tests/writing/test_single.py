"""What is asked around one record: the look-up before it, the second path, and the receipt after it."""

import pytest

from custify_connector.contract.errors import CredentialRefused, PermissionRefused
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Request, Response
from custify_connector.writing import single
from custify_connector.writing.plan import write_plan
from custify_connector.writing.requests import Prepared
from custify_connector.writing.single import SingleDelivery, upload_refusal

THING = {"destination": "things", "request": {"method": "POST", "path": "/thing"}, "identity": [["id"], ["name"]]}
FIND = {
    "by": "name",
    "path": "/thing",
    "records": ["things"],
    "update": "/thing/{id}",
    "copy": {"_id": "id"},
}
LOST = Failure("broken", "the connection broke", arrived=True)
REFUSED = Failure("unreachable", "the connection was refused", arrived=False)


class Service:
    """A `Send` that answers by method and path, one answer after another, the last for ever."""

    def __init__(self, **answers):
        self.answers = {tuple(name.split("_", 1)): list(given) for name, given in answers.items()}
        self.asked = []

    def __call__(self, request):
        """Answer one request."""
        self.asked.append((request.method, request.target, request.body))
        answers = self.answers[request.method, request.path.strip("/").split("/")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def delivery_of(service, **words):
    quick = Clock(pause=lambda _seconds, stop: stop.is_set())
    return SingleDelivery(Client(service, Budget(None, quick), clock=quick), write_plan({**THING, **words}, None))


def deliver(service, record, **words):
    delivery = delivery_of(service, **words)
    return delivery.deliver((delivery.prepare(0, record),))


def outcome(delivered):
    (receipt,) = delivered.receipts
    return receipt.outcome, receipt.code


@pytest.mark.parametrize(
    ("answer", "words", "expected", "asked"),
    [
        (Response(200), {}, ("sent", None), 1),
        (Response(202), {}, ("sent", None), 1),
        (Response(400, {"message": "no"}), {}, ("rejected", "refused"), 1),
        (Response(404), {}, ("rejected", "refused"), 1),
        (Response(422), {}, ("rejected", "refused"), 1),
        (Response(401), {}, ("failed", "key_refused"), 1),
        (Response(500), {}, ("failed", "unclear"), 1),
        (LOST, {}, ("failed", "unclear"), 1),
        (REFUSED, {}, ("failed", "unavailable"), 5),
        (Response(500), {"repeat": "always"}, ("failed", "unavailable"), 5),
        (LOST, {"repeat": "always"}, ("failed", "unavailable"), 5),
        (LOST, {"repeat": "id"}, ("failed", "unavailable"), 5),
        (LOST, {"repeat": "name"}, ("failed", "unclear"), 1),
    ],
    ids=repr,
)
def test_a_record_is_sent_until_its_fate_is_known_or_must_stay_unclear(answer, words, expected, asked):
    service = Service(POST_thing=[answer])
    delivered = deliver(service, {"id": "t"}, **words)
    assert (outcome(delivered), len(service.asked)) == (expected, asked)
    assert delivered.answered is isinstance(answer, Response) or answer.status >= 500


def test_a_record_that_may_be_repeated_is_sent_once_its_answer_comes():
    service = Service(POST_thing=[LOST, Response(503), Response(200)])
    delivered = deliver(service, {"id": "t"}, repeat="always")
    assert (outcome(delivered), len(service.asked)) == (("sent", None), 3)


@pytest.mark.parametrize(("status", "error"), [(401, CredentialRefused), (403, PermissionRefused)])
def test_a_refused_key_affects_the_whole_run_and_names_the_endpoint(status, error):
    delivered = deliver(Service(POST_thing=[Response(status)]), {"id": "t"})
    assert type(delivered.error) is error
    assert str(delivered.error).startswith("things: POST /thing: ")
    assert outcome(delivered) == ("failed", "key_refused")


@pytest.mark.parametrize(("capture", "kept"), [(True, {"id": "new"}), (False, None)])
def test_an_answer_is_kept_where_that_was_asked(capture, kept):
    delivered = deliver(Service(POST_thing=[Response(200, {"id": "new"})]), {"id": "t"}, capture_responses=capture)
    assert delivered.receipts[0].response == kept


def test_a_record_without_a_name_is_rejected_and_never_sent():
    assert delivery_of(Service()).prepare(3, {}).outcome == "rejected"
    assert delivery_of(Service()).prepare(3, "a text").outcome == "rejected"


# ------------------------------------------------------------------------------------------------- looked up beforehand


def found(*records):
    return Response(200, {"things": list(records)})


def test_a_record_that_is_found_is_updated_instead_and_may_be_repeated():
    service = Service(GET_thing=[found({"id": "t9", "name": "n"})], PUT_thing=[LOST, Response(200)])
    delivered = deliver(service, {"name": "n", "size": 3}, find_first=FIND)
    assert outcome(delivered) == ("sent", None)
    update = ("PUT", "/thing/t9", {"name": "n", "size": 3, "_id": "t9"})
    assert service.asked == [("GET", "/thing?name=n", None), update, update]


@pytest.mark.parametrize(
    "answer", [found(), found({"id": "x", "name": "other"}), Response(404), Response(200)], ids=repr
)
def test_a_record_that_is_not_found_is_created_and_not_repeated(answer):
    service = Service(GET_thing=[answer], POST_thing=[LOST])
    delivered = deliver(service, {"name": "n"}, find_first=FIND)
    assert outcome(delivered) == ("failed", "unclear")
    assert [method for method, *_ in service.asked] == ["GET", "POST"]


def test_a_record_without_what_it_could_be_found_by_is_not_looked_up():
    service = Service(POST_thing=[Response(200)])
    assert outcome(deliver(service, {"id": "t"}, find_first=FIND)) == ("sent", None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (LOST, ("failed", "unavailable")),
        (Response(500), ("failed", "unavailable")),
        (Response(400), ("rejected", "refused")),
        (Response(401), ("failed", "key_refused")),
    ],
    ids=repr,
)
def test_a_look_up_without_an_answer_is_the_records_outcome_and_nothing_is_created(answer, expected):
    service = Service(GET_thing=[answer])
    delivered = deliver(service, {"name": "n"}, find_first=FIND)
    assert outcome(delivered) == expected
    assert {method for method, *_ in service.asked} == {"GET"}


# ------------------------------------------------------------------------------------------------------ the second path


def test_a_path_that_is_not_there_is_left_for_the_second_one_for_the_whole_run():
    service = Service(POST_thing=[Response(404)], POST_other=[Response(200)])
    delivery = delivery_of(service, fallback_path="/other")
    for index in range(3):
        delivered = delivery.deliver((delivery.prepare(index, {"id": str(index)}),))
        assert outcome(delivered) == ("sent", None)
    assert [target for _, target, _ in service.asked] == ["/thing", "/other", "/other", "/other"]


def test_a_record_that_was_prepared_before_the_second_path_was_learned_is_sent_there_too():
    service = Service(POST_thing=[Response(404)], POST_other=[Response(200)])
    delivery = delivery_of(service, fallback_path="/other")
    early = [delivery.prepare(index, {"id": str(index)}) for index in range(2)]
    assert [outcome(delivery.deliver((each,))) for each in early] == [("sent", None)] * 2


def test_when_neither_path_is_there_the_record_is_refused():
    service = Service(POST_thing=[Response(404)], POST_other=[Response(404)])
    assert outcome(deliver(service, {"id": "t"}, fallback_path="/other")) == ("rejected", "refused")


# ---------------------------------------------------------------------------------------------------------------- files


def test_a_file_must_lie_where_the_run_allows_it(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    delivery = delivery_of(Service(), upload="path", directory=str(tmp_path))
    assert isinstance(delivery.prepare(0, {"id": "t", "path": "a.txt"}), Prepared)
    refused = delivery.prepare(1, {"id": "t", "path": "../b.txt"})
    assert (refused.outcome, refused.field) == ("rejected", "path")


@pytest.fixture
def folder(tmp_path):
    """Return a directory with a file in it, one beside it, and a way out."""
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.txt").write_text("abc")
    (tmp_path / "secret.txt").write_text("s")
    (inside / "way out").symlink_to(tmp_path / "secret.txt")
    (inside / "way in").symlink_to(inside / "a.txt")
    return inside


def refusal(folder, path, directory="in"):
    directory = str(folder) if directory == "in" else directory
    return upload_refusal(Request("POST", "/file", upload=folder / path), directory)


@pytest.mark.parametrize("path", ["a.txt", "./a.txt", "../in/a.txt", "way in"])
def test_a_file_under_the_directory_may_be_sent(folder, path):
    assert refusal(folder, path) is None


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hosts", "way out", ".."])
def test_nothing_from_outside_the_directory_may_be_sent(folder, path):
    assert refusal(folder, path) == f"is not under {folder}, the directory that the destination's params name"


@pytest.mark.parametrize("path", ["b.txt", ".", ""])
def test_what_is_no_file_may_not_be_sent(folder, path):
    assert refusal(folder, path) == "is not a file that can be read"


def test_without_a_directory_nothing_may_be_sent(folder):
    assert refusal(folder, "a.txt", None).startswith("is not under")


def test_a_file_may_have_exactly_as_many_bytes_as_are_allowed(folder, monkeypatch):
    monkeypatch.setattr(single, "MAXIMUM_UPLOAD_BYTES", 3)
    assert refusal(folder, "a.txt") is None


def test_a_large_file_may_not_be_sent(folder, monkeypatch):
    monkeypatch.setattr(single, "MAXIMUM_UPLOAD_BYTES", 2)
    assert refusal(folder, "a.txt") == "has 3 bytes; at most 2 are allowed"


def test_a_request_without_a_file_is_not_looked_at():
    assert upload_refusal(Request("POST", "/people"), None) is None


@pytest.mark.parametrize(
    "path", ["x" * 300, "a\0b", "x/" * 3000, "loop/file"], ids=["a long name", "a NUL", "a long path", "a loop"]
)
def test_a_path_that_no_file_can_have_is_the_records_fault(tmp_path, path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    reason = upload_refusal(Request("POST", "/file", upload=tmp_path / path), str(tmp_path))
    assert reason is not None
    assert reason.startswith("is not a file that can be read")
