import pickle
import traceback
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError
from custify_connector.exchange.credential import check, environment_url

DEFAULT = "https://api.custify.com"
BLANKS = "credential.api_key: must not contain blanks, line breaks or control characters: copy the key alone"
BEARER = "credential.api_key: must be the key alone, without the word Bearer in front"
UNFILLED = "credential.api_key: is a placeholder that was never filled in: give the key itself"
FOREIGN = "credential.api_key: must be plain ASCII, as keys are: check what was copied"


def checked(**fields):
    return check({"name": "Acme", "api_key": "k", **fields}, manifest.load())


def faults(credential):
    with pytest.raises(ConfigurationError) as caught:
        check(credential, manifest.load())
    return [str(fault) for fault in caught.value.faults]


def test_a_credential_keeps_what_it_was_given(canary):
    credential = checked(api_key=canary, description="Nightly sync")
    assert (credential.name, credential.description, credential.base_url) == ("Acme", "Nightly sync", DEFAULT)
    assert credential.key.reveal() == canary


def test_a_credential_never_shows_its_key(canary):
    credential = checked(api_key=canary)
    for shown in (repr(credential), str(asdict(credential)), str(vars(credential)), repr(credential.account)):
        assert canary not in shown
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(credential)


def test_an_account_is_a_server_and_a_key():
    assert checked().account == checked(name="Other").account
    assert checked().account != checked(api_key="other").account
    assert checked().account != checked(base_url="https://eu.custify.com").account


@pytest.mark.parametrize(
    ("make_key", "expected"),
    [
        pytest.param(lambda key: f"{key} ", [BLANKS], id="blank behind"),
        pytest.param(lambda key: f" {key}", [BLANKS], id="blank before"),
        pytest.param(lambda key: f"{key}\n", [BLANKS], id="line end behind"),
        pytest.param(lambda key: f"{key}\r\n", [BLANKS], id="Windows line end behind"),
        pytest.param(lambda key: f"{key}\nX-Other: 1", [BLANKS], id="another header"),
        pytest.param(lambda key: f"{key}\x00", [BLANKS], id="nul"),
        pytest.param(lambda key: f"{key}\x1b[0m", [BLANKS], id="escape"),
        pytest.param(lambda key: f"{key}\x7f", [BLANKS], id="delete"),
        pytest.param(lambda key: f"{key}\t", [BLANKS], id="tab"),
        pytest.param(lambda key: f"Bearer {key}", [BLANKS, BEARER], id="Bearer"),
        pytest.param(lambda key: f"bearer{key}", [BEARER], id="bearer without a blank"),
        pytest.param(lambda key: f"${key}", [UNFILLED], id="placeholder"),
        pytest.param(lambda key: f"${{{key}}}", [UNFILLED], id="placeholder in braces"),
        pytest.param(lambda key: f"{key}é", [FOREIGN], id="another script"),
        pytest.param(lambda key: f"\u201c{key}\u201d", [FOREIGN], id="curly quotes"),
        pytest.param(lambda key: f"{key}\u200b", [FOREIGN], id="character without a width"),
        pytest.param(lambda key: f"{key}\u00a0", [BLANKS, FOREIGN], id="blank that does not break"),
        pytest.param(lambda _: "", ["credential.api_key: must not be empty"], id="empty"),
        pytest.param(
            lambda key: key * 200,
            ["credential.api_key: has 7,800 characters; at most 4,096 are allowed"],
            id="a whole file",
        ),
        pytest.param(lambda key: [key], ["credential.api_key: must be string, not an array"], id="a list"),
        pytest.param(lambda _: None, ["credential.api_key: must be string, not null"], id="null"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(make_key, expected, canary):
    found = faults({"name": "Acme", "api_key": make_key(canary)})
    assert found == expected
    assert canary not in "".join(found)


def test_a_refusal_shows_no_key_in_its_traceback_or_when_pickled(canary):
    with pytest.raises(ConfigurationError) as caught:
        check({"name": "Acme", "api_key": f"{canary} "}, manifest.load())
    assert canary not in "".join(traceback.format_exception(caught.value))
    assert canary.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize(
    ("credential", "expected"),
    [
        ({}, ["credential.name: is required", "credential.api_key: is required"]),
        ({"name": "", "api_key": "k"}, ["credential.name: must not be empty"]),
        (
            {"name": "n", "api_keys": "k"},
            ["credential.api_keys: unknown field; did you mean 'api_key'?", "credential.api_key: is required"],
        ),
        (
            {"name": "n", "api_key": "k", "x": 1},
            ["credential.x: unknown field (known: allow_host, api_key, base_url, description, name)"],
        ),
        ({"name": 3, "api_key": "k"}, ["credential.name: must be string, not a number"]),
        ({"name": "n", "api_key": "k", "base_url": 3}, ["credential.base_url: must be string, not a number"]),
        ([], ["credential: must be object, not an array"]),
        (None, ["credential: must be object, not null"]),
        ("k", ["credential: must be object, not text"]),
    ],
    ids=repr,
)
def test_what_is_missing_or_unknown_is_named(credential, expected):
    assert sorted(faults(credential)) == sorted(expected)


def test_all_faults_are_reported_at_once():
    found = faults({"api_key": " ", "nam": "n", "base_url": "http://api.custify.com", "description": 3})
    assert {fault.split(": ")[0] for fault in found} == {
        "credential.api_key",
        "credential.base_url",
        "credential.description",
        "credential.nam",
        "credential.name",
    }


@pytest.mark.parametrize(
    ("base_url", "kept"),
    [
        ("https://api.custify.com", "https://api.custify.com"),
        ("https://api.custify.com/", "https://api.custify.com"),
        ("https://custify.com", "https://custify.com"),
        ("https://api-eu.custify.com:443", "https://api-eu.custify.com:443"),
        ("https://a.b.custify.com", "https://a.b.custify.com"),
        ("HTTPS://API.custify.com", "HTTPS://API.custify.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://127.0.0.1", "https://127.0.0.1"),
        ("http://127.0.0.1:8080/base", "http://127.0.0.1:8080/base"),
    ],
)
def test_a_key_may_be_sent_to_custify_and_to_this_machine(base_url, kept):
    assert checked(base_url=base_url).base_url == kept


@pytest.mark.parametrize(
    ("base_url", "part"),
    [
        ("http://api.custify.com", "must be https: the key would travel unencrypted"),
        ("https://custify.com.evil.example", "set allow_host to 'custify.com.evil.example'"),
        ("https://evilcustify.com", "set allow_host to 'evilcustify.com'"),
        ("https://evil.example", "is not a host of custify.com"),
        ("https://evil.example/.custify.com", "is not a host of custify.com"),
        ("https://127.0.0.1.evil.example", "is not a host of custify.com"),
        ("https://localhost.evil.example", "is not a host of custify.com"),
        ("https://0.0.0.0", "is not a host of custify.com"),
        ("https://10.0.0.1", "is not a host of custify.com"),
        ("https://\uff43ustify.com", ""),
        ("https://user@api.custify.com", "must be the bare URL"),
        ("https://user:word@api.custify.com", "must be the bare URL"),
        ("https://api.custify.com@evil.example", "must be the bare URL"),
        ("https://api.custify.com?x=1", "must be the bare URL"),
        ("https://api.custify.com#x", "must be the bare URL"),
        ("https://evil.example#.custify.com", "must be the bare URL"),
        ("https://evil.example?.custify.com", "must be the bare URL"),
        ("https://api.custify.com/v1", "must end with the host: the API has no /v1 in front"),
        ("https://api.custify.com//x", "must end with the host"),
        ("https://api.custify.com:port", "is not a URL"),
        ("https://api.custify.com:99999", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("ftp://api.custify.com", "must be a URL such as https://api.custify.com"),
        ("api.custify.com", "must be a URL such as"),
        ("//api.custify.com", "must be a URL such as"),
        ("https://", "must be a URL such as"),
        ("https:///custify.com", "must be a URL such as"),
        ("", "must be a URL such as"),
        ("garbage", "must be a URL such as"),
        ("https://evil.example\\.custify.com", ""),
        ("https://evil.example%2f.custify.com", ""),
        ("https://evil.example\t.custify.com", ""),
        ("https://evil.example\u2028.custify.com", ""),
        ("https://evil.example,.custify.com", ""),
        ("https://a b.custify.com", ""),
        ("https://.custify.com", ""),
        ("https://a..custify.com", ""),
        ("https://api.custify.com\n", ""),
        (" https://api.custify.com", ""),
        ("https://api.custify.com?", ""),
        ("https://api.custify.com#", ""),
        ("https://@api.custify.com", ""),
    ],
)
def test_a_key_may_be_sent_nowhere_else(base_url, part, canary):
    found = faults({"name": "n", "api_key": canary, "base_url": base_url})
    assert all(fault.startswith("credential.base_url: ") for fault in found)
    assert any(part in fault for fault in found)
    assert canary not in "".join(found)


def test_http_and_a_foreign_host_are_two_faults():
    assert len(faults({"name": "n", "api_key": "k", "base_url": "http://evil.example"})) == 2


def test_another_host_needs_its_name_a_second_time():
    assert checked(base_url="https://proxy.example/custify/", allow_host="proxy.example").base_url.endswith("/custify")
    with pytest.raises(ConfigurationError, match="is not a host"):
        checked(base_url="https://proxy.example", allow_host="other.example")
    with pytest.raises(ConfigurationError, match="must be https"):
        checked(base_url="http://proxy.example", allow_host="proxy.example")


@given(
    st.text(st.characters(codec="ascii"), max_size=20), st.sampled_from(["https://{}.custify.com", "https://{}", "{}"])
)
def test_whatever_is_written_only_a_name_under_custify_is_accepted(text, form):
    """A law: what passes the check is a host of letters, digits, hyphens and dots under custify.com, or loopback."""
    try:
        base_url = checked(base_url=form.format(text)).base_url
    except ConfigurationError:
        return
    host = base_url.split("://")[1].split(":")[0].lower()
    assert host == "localhost" or host.startswith("127.") or host.endswith("custify.com")
    assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


@pytest.mark.parametrize("ending", ["", "_ACME"])
def test_the_url_of_the_environment_is_that_of_either_variable_and_of_no_two_that_differ(ending):
    own, vendors = f"CUSTIFY_BASE_URL{ending}", f"CUSTIFY_API_URL{ending}"
    assert environment_url({}, ending) is environment_url({own: "", vendors: ""}, ending) is None
    assert environment_url({own: DEFAULT}, ending) == environment_url({vendors: DEFAULT}, ending) == DEFAULT
    assert environment_url({own: DEFAULT, vendors: f"{DEFAULT}/"}, ending) == DEFAULT
    with pytest.raises(ConfigurationError, match=f"{vendors}: is not the URL that {own} has"):
        environment_url({own: DEFAULT, vendors: "https://eu.api.custify.com"}, ending)
