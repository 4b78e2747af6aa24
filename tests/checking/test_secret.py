import copy
import hashlib
import json
import pickle
import traceback
from dataclasses import asdict, astuple, dataclass

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custify_connector.checking.secret import Secret, redacted


@dataclass(frozen=True)
class Holder:
    """Something that has a secret in it."""

    name: str
    key: Secret


def traced(secret):
    """Return a traceback that shows every local, as error trackers do."""
    holder = Holder("h", secret)
    with pytest.raises(KeyError) as caught:
        {}[holder]
    return "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param(ascii, id="ascii"),
        pytest.param(lambda secret: "%s %r" % (secret, secret), id="percent"),  # noqa: UP031 - one of the ways out
        pytest.param(lambda secret: f"{secret}{secret!r}{secret!s}{secret:>40}", id="f-string"),
        pytest.param(lambda secret: format(secret, "<60"), id="format"),
        pytest.param("{0:^50}{0}".format, id="str.format"),
        pytest.param(lambda secret: repr([secret, {"key": secret}, (secret,)]), id="inside others"),
        pytest.param(lambda secret: repr(Holder("h", secret)), id="repr of a holder"),
        pytest.param(lambda secret: str((asdict(Holder("h", secret)), astuple(Holder("h", secret)))), id="asdict"),
        pytest.param(lambda secret: str(vars(Holder("h", secret))), id="vars of a holder"),
        pytest.param(lambda secret: json.dumps({"key": secret}, default=str), id="json"),
        pytest.param(lambda secret: orjson.dumps({"key": secret}, default=str).decode(), id="orjson"),
        pytest.param(lambda secret: repr((copy.copy(secret), copy.deepcopy(secret))), id="copies"),
        pytest.param(traced, id="traceback with locals"),
        pytest.param(lambda secret: secret.fingerprint(), id="fingerprint"),
        pytest.param(lambda secret: str(hash(secret)), id="hash"),
    ],
)
def test_no_way_out_shows_the_key(way, canary):
    assert canary not in way(Secret(canary))


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(lambda secret: pickle.dumps(Holder("h", secret)), id="pickle of a holder"),
        pytest.param(vars, id="vars"),
        pytest.param(lambda secret: "Bearer " + secret, id="concatenation"),
        pytest.param("".join, id="join"),
        pytest.param(json.dumps, id="json"),
        pytest.param(orjson.dumps, id="orjson"),
        pytest.param(bytes, id="bytes"),
        pytest.param(len, id="len"),
    ],
)
def test_a_way_that_would_need_the_key_fails_without_showing_it(way, canary):
    with pytest.raises(TypeError) as caught:
        way(Secret(canary))
    assert canary not in "".join(traceback.format_exception(caught.value))


def test_who_asks_by_name_gets_the_key(canary):
    assert Secret(canary).reveal() == canary


def test_secrets_are_equal_when_their_keys_are(canary):
    secret = Secret(canary)
    assert secret == Secret(canary)
    assert hash(secret) == hash(Secret(canary))
    assert secret != Secret(f"{canary}x")
    assert secret != canary
    assert Secret("é") != Secret("e")


def test_a_copy_is_the_secret_itself(canary):
    secret = Secret(canary)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"key": [secret]})["key"][0] is secret


def test_a_fingerprint_names_the_key_within_this_process(canary):
    assert Secret(canary).fingerprint() == Secret(canary).fingerprint()
    assert Secret(canary).fingerprint() != Secret(f"{canary}x").fingerprint()


def test_a_redacted_text_keeps_the_rest(canary):
    text = Secret(canary).redact(f"before {canary} after")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert Secret(canary).redact("nothing in it") == "nothing in it"


keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)


@given(keys, st.lists(st.text(max_size=4) | st.none(), max_size=6))
@example("*a", ["*", None, "a"])
@example("**", [None])
def test_no_redacted_text_has_the_key_in_it(key, pieces):
    """A key is plain ASCII without blanks; `None` stands for the key itself, and its neighbours may be parts of it."""
    text = "".join(key if piece is None else piece for piece in pieces)
    assert key not in Secret(key).redact(text)


def test_a_text_is_reported_without_any_of_several_keys():
    reported = redacted([Secret("one-key"), Secret("other-key")], "one-key and other-key, and the rest")
    assert "key" not in reported
    assert reported.endswith("and the rest")


def test_a_name_that_other_processes_share_is_slow_to_guess_from(monkeypatch):
    rounds = []
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda *given, **_: rounds.append(given[3]) or b"")
    Secret("key").name("salt")
    assert rounds == [20_000]
