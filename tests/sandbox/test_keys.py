import pytest

from custify_connector.sandbox import Permissions
from custify_connector.sandbox.admission import bearer, permitted


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("Bearer  abc ", "abc"),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
    ],
)
def test_the_key_is_what_stands_behind_bearer(header, key):
    assert bearer({"authorization": header}) == key
    assert bearer({}) is None


@pytest.mark.parametrize(
    ("permissions", "method", "path", "allowed"),
    [
        (Permissions(), "POST", "/people", True),
        (Permissions(write=False), "GET", "/people/all", True),
        (Permissions(write=False), "POST", "/people", False),
        (Permissions(write=False), "DELETE", "/people", False),
        (Permissions(paths_denied=("/financial/deal", "/tag")), "GET", "/financial/deal", False),
        (Permissions(paths_denied=("/financial/deal",)), "GET", "/financial/invoice", True),
    ],
)
def test_permissions_say_what_a_key_may_do(permissions, method, path, allowed):
    assert permitted(permissions, method, path) is allowed


def test_a_missing_or_wrong_key_is_401(client):
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": ""}, {"Authorization": "Basic x"}):
        answer = client.send("GET", "/people/all", headers=headers)
        assert (answer.status, answer.json["error"], answer.json["statusCode"]) == (401, "Unauthorized", 401)


def test_a_key_without_permission_is_403_and_changes_nothing(client, sandbox):
    sandbox.keys["read-only"] = Permissions(write=False)
    sandbox.keys["no-deals"] = Permissions(paths_denied=("/financial/deal",))
    assert client.send("GET", "/tag", key="read-only").status == 200
    assert client.send("POST", "/people", {"user_id": "x"}, key="read-only").status == 403
    assert client.send("GET", "/financial/deal", key="no-deals").status == 403
    assert client.send("POST", "/people", {"user_id": "y"}, key="no-deals").status == 200
    assert [one.get("user_id") for one in sandbox.content.people[-2:]][1] == "y"
    assert not any(one.get("user_id") == "x" for one in sandbox.content.people)


def test_a_revoked_key_is_401_from_then_on(client, sandbox):
    sandbox.keys["other"] = Permissions()
    sandbox.revoke("other")
    assert client.send("GET", "/tag", key="other").status == 401
    assert client.get("/tag").status == 200
    sandbox.revoke()
    assert client.get("/tag").status == 401
