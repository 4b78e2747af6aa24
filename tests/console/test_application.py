"""Attacks over a real socket: each is refused, or shown as text, and the key is in nothing that comes back."""

import http.client
import json
import re
import socket
from urllib.parse import urlencode

import pytest

from custify_connector.certification.reporters import as_json
from custify_connector.contract import NamedConnector, plugin_manager
from tests.certification.reported import MIXED

from .conftest import started

SCRIPT = "\"'><script>alert(1)</script>"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost", "127.0.0.1", "0.0.0.0:80", ""])
def test_another_host_is_refused(client, host):
    assert client.get("/runs", Host=host).status == 421


def test_the_name_localhost_is_ours_too(stranger):
    assert stranger.get("/runs", Host=f"localhost:{stranger.console.gate.port}").status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_another_origin_is_refused(client, origin):
    assert client.post("/custify/credentials/remove", {"Origin": origin}, name="acme").status == 403
    assert client.get("/runs", Origin=origin).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_neither_send_nor_fetch(client, site):
    assert client.post("/custify/credentials/remove", {"Sec-Fetch-Site": site}, name="acme").status == 403
    assert client.get("/runs", Sec_Fetch_Site=site).status == 403


def test_who_says_nothing_of_its_origin_may_not_send(client):
    assert client.post("/custify/credentials/remove", {"Origin": None}, name="acme").status == 403


@pytest.mark.parametrize("path", ["/", "/runs", "/custify/credentials", "/quarantine/file?file=a", "/nowhere"])
def test_without_the_token_nothing_is_shown(stranger, path):
    refused = stranger.get(path)
    assert refused.status == 403
    assert "works once" in refused.text
    assert "form_token" not in refused.text


def test_a_wrong_token_opens_nothing_and_spends_nothing(stranger):
    assert stranger.get("/?token=guessed").status == 403
    assert stranger.open().status == 303


def test_the_token_works_once(stranger):
    assert stranger.open().status == 303
    stranger.cookie = ""
    assert stranger.get(f"/?token={stranger.console.gate.token}").status == 403


def test_to_look_at_the_link_does_not_spend_it(stranger):
    assert stranger.ask("HEAD", f"/?token={stranger.console.gate.token}").status == 403
    assert stranger.open().status == 303


@pytest.mark.parametrize("cookie", ["custify_console_{port}=guessed", "custify_console_{port}=", "other={session}"])
def test_a_guessed_cookie_is_refused(stranger, cookie):
    gate = stranger.console.gate
    stranger.cookie = cookie.format(port=gate.port, session=gate.session)
    assert stranger.get("/runs").status == 403


def test_the_cookie_is_for_this_site_alone_and_hidden_from_scripts(stranger):
    cookie = stranger.open().headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("token", ["", "guessed", None])
def test_a_form_without_the_token_of_the_session_does_nothing(signed_in, token):
    form = {"name": "acme"} if token is None else {"name": "acme", "form_token": token}
    assert signed_in.ask("POST", "/custify/credentials/remove", form).status == 403
    assert "acme" in signed_in.get("/custify/credentials").text


@pytest.mark.parametrize("path", ["certification/custify/run", "certification/custify/end", "custify/by-hand/run"])
def test_nothing_is_started_without_the_token_of_the_session(client, path):
    assert client.ask("POST", f"/{path}", {"form_token": "guessed"}).status == 403
    assert client.get(f"/{path}").status in {404, 405}
    assert client.console.certifying == {}


def test_a_look_never_changes_anything(signed_in):
    assert signed_in.get("/custify/credentials/remove?name=acme").status in {404, 405}
    assert "acme" in signed_in.get("/custify/credentials").text


@pytest.mark.parametrize("body", [b"a=" + b"x" * 9_000_000, "&".join(f"a{n}=1" for n in range(6000)).encode(), b"\xff"])
def test_a_form_that_no_page_of_ours_sends_is_refused(client, body):
    assert client.ask("POST", "/custify/credentials/add", body).status == 413


@pytest.mark.parametrize("path", ["/", "/custify/credentials", "/static/style.css", "/nowhere"])
def test_every_answer_forbids_foreign_scripts_and_frames(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


def test_no_page_has_a_script_or_style_of_its_own(signed_in, folder):
    (folder / "custify-certification.json").write_text(as_json.text(MIXED))
    pages = ("credentials", "source/people", "by-hand?example=yes", "destination/upsert_person")
    for path in (*(f"/custify/{page}" for page in pages), "/runs", "/certification", "/certification/custify"):
        text = signed_in.get(path).text
        assert text.count("<script") == text.count('<script src="/static/')
        assert " style=" not in text
        assert "<style" not in text
        assert " on" not in "".join(part.partition(">")[0] for part in text.split("<button"))


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py",
        "/static/..%2fapplication.py",
        "/static/%2e%2e/%2e%2e/plugin.py",
        "/static//etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_static_files(client, path):
    assert client.get(path).status in {403, 404}


OUTSIDE = ["../outside.jsonl", "/etc/passwd", "link.jsonl", "linked/outside.jsonl", "a/../../outside.jsonl", ".hidden",
           "~/outside.jsonl", "..\\outside.jsonl", "--output=x", "a\0b", ""]  # fmt: skip


@pytest.fixture
def outside(folder):
    path = folder.parent / "outside.jsonl"
    path.write_text('{"nexlaMetaData": {}, "error": {}, "rawMessage": {"secret": "outside"}}\n')
    (folder / "link.jsonl").symlink_to(path)
    (folder / "linked").symlink_to(folder.parent)
    return path


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.usefixtures("outside")
def test_no_path_leads_out_of_the_folder(signed_in, outside, name):
    before = outside.read_bytes()
    asked = [
        signed_in.ask("GET", "/quarantine/file?" + _query(file=name)),
        signed_in.ask("GET", "/quarantine/record?" + _query(file=name, line="0")),
        signed_in.post("/quarantine/replay", file=name, credential="acme"),
        signed_in.post("/quarantine/fix", file=name, line="0", mark="", record="{}"),
        signed_in.post("/custify/source/people/run", credential="acme", output=name),
        signed_in.post("/custify/by-hand/run", credential="acme", output=name, **{"by_hand.request.path": "/tags"}),
        signed_in.post("/custify/destination/upsert_person/write", credential="acme", file=name),
        signed_in.post("/custify/destination/upsert_person/preview", credential="acme", file=name),
    ]
    assert {answer.status for answer in asked} == {400}
    assert not any('"outside"' in answer.text or "root:" in answer.text for answer in asked)
    assert outside.read_bytes() == before


def _query(**values):
    return urlencode(values)


def test_script_in_every_text_field_is_shown_as_text(signed_in, folder, canary, sandbox):
    (folder / "rows.csv").write_text(
        f'id,"{SCRIPT.replace(chr(34), chr(34) * 2)}"\n1,"{SCRIPT.replace(chr(34), chr(34) * 2)}"\n'
    )
    signed_in.post(
        "/custify/credentials/add", name=SCRIPT, description=SCRIPT, api_key=canary, base_url=sandbox.base_url
    )
    fields = (
        "credential",
        "output",
        "mode",
        "fields",
        "limit",
        "state",
        "param.email",
        "param.filters",
        "param.user_id",
    )
    signed_in.post("/custify/source/people/test", **dict.fromkeys(fields, SCRIPT))
    signed_in.post("/custify/source/people/run", **dict.fromkeys(fields, SCRIPT))
    mapped = {f"target.{SCRIPT}": SCRIPT, f"type.{SCRIPT}": SCRIPT, "rules": SCRIPT, "fixed": SCRIPT, "table": SCRIPT}
    for action in ("preview", "dry-run", "write"):
        signed_in.post(f"/custify/destination/upsert_person/{action}", file="rows.csv", quarantine=SCRIPT, **mapped)
    for path in ("/custify/credentials", "/nowhere/" + SCRIPT, "/custify/source/" + SCRIPT, "/" + SCRIPT + "/source"):
        signed_in.get(path.replace(" ", "%20").replace('"', "%22").replace("<", "%3C").replace(">", "%3E"))
    signed_in.get("/runs?" + _query(status=SCRIPT, endpoint=SCRIPT, credential=SCRIPT, before=SCRIPT))
    assert any("&lt;script&gt;" in body for body in signed_in.bodies)
    assert [body for body in signed_in.bodies if "<script>alert" in body] == []


def test_script_in_data_of_the_account_is_shown_as_text(signed_in, sandbox):
    person = sandbox.content.records("people")[0]
    signed_in.post("/custify/source/people/test", credential="acme")
    before = len(signed_in.bodies)
    _write(sandbox, person["user_id"], SCRIPT)
    tested = signed_in.post("/custify/source/people/test", credential="acme", **{"param.user_id": person["user_id"]})
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in tested.text
    assert [body for body in signed_in.bodies[before:] if "<script>alert" in body] == []


def _write(sandbox, user_id, name):
    credential = {"name": "test", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
    written = NamedConnector(plugin_manager(), "custify").write_destination(
        credential, {"endpoint": "upsert_person"}, [{"user_id": user_id, "name": name}]
    )
    assert [receipt.outcome for receipt in written] == ["sent"]


def test_script_in_a_quarantine_is_shown_as_text(signed_in, folder):
    error = {"message": SCRIPT, "field": SCRIPT, "code": SCRIPT}
    line = {
        "nexlaMetaData": {"sourceKey": SCRIPT, "destination": SCRIPT},
        "error": error,
        "rawMessage": {SCRIPT: SCRIPT},
    }
    (folder / f"rejected{SCRIPT.replace('/', '')}.jsonl").write_text(json.dumps(line) + "\n")
    name = next(path.name for path in folder.iterdir())
    for path in ("/quarantine", "/quarantine/file?" + _query(file=name), "/quarantine/record?" + _query(file=name)):
        assert signed_in.get(path).status == 200
    assert [body for body in signed_in.bodies if "<script>alert" in body] == []


def test_the_key_is_in_no_answer_and_in_no_command(signed_in, canary, folder, sandbox):
    signed_in.post("/custify/credentials/add", name="acme", api_key=canary, base_url=sandbox.base_url)
    signed_in.post(
        "/custify/credentials/add", name="x", api_key="Bearer " + canary, base_url="http://elsewhere.example"
    )
    signed_in.post("/custify/credentials/add", name=canary, description=canary, api_key=canary)
    signed_in.post("/custify/credentials/test", name="acme")
    signed_in.post("/custify/credentials/rotate", name="acme", api_key=canary + " ")
    signed_in.post("/custify/credentials/rotate", name="acme", api_key=canary)
    signed_in.post("/custify/source/people/test", credential="acme")
    (folder / "people.csv").write_text("user_id\nu-1\n")
    read = started(signed_in.post("/custify/source/people/run", credential="acme", output="out.jsonl"))
    signed_in.wait_for(read, "All went well")
    form = {"credential": "acme", "file": "people.csv", "target.user_id": "user_id"}
    write = started(signed_in.post("/custify/destination/upsert_person/write", **form))
    signed_in.wait_for(write, "All went well")
    for path in ("/custify/credentials", "/runs", "/runs/1", "/runs/2", "/custify/credentials/add"):
        signed_in.get(path)
    assert any("holds the key" in body for body in signed_in.bodies)
    assert [body for body in signed_in.bodies if canary in body] == []


def test_only_loopback_is_listened_on(stranger):
    addresses = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in (one for one in addresses if not one.startswith("127.")):
        with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
            socket.create_connection((address, stranger.console.gate.port), timeout=2)


def test_the_cookie_is_for_paths_that_no_other_server_can_know(stranger):
    gate = stranger.console.gate
    assert f"path={gate.prefix};" in f"{stranger.open().headers['set-cookie']};".replace("Path=", "path=")
    assert len(gate.prefix) > 20


@pytest.mark.parametrize("path", ["/runs", "/guessed-prefix/runs", "/", "//runs", "/static/../runs"])
def test_the_cookie_opens_nothing_outside_those_paths(client, path):
    asked = http.client.HTTPConnection("127.0.0.1", client.console.gate.port, timeout=30)
    asked.request("GET", path, headers={"Host": client.host, "Cookie": client.cookie})
    reply = asked.getresponse()
    text = reply.read().decode()
    asked.close()
    assert reply.status in {403, 404}
    assert client.console.gate.prefix not in text


def test_every_address_of_a_page_is_below_the_prefix(signed_in):
    prefix = signed_in.console.gate.prefix
    for path in ("/custify/credentials", "/custify/source/people", "/custify/destination", "/runs", "/quarantine"):
        asked = http.client.HTTPConnection("127.0.0.1", signed_in.console.gate.port, timeout=30)
        asked.request("GET", f"{prefix}{path}", headers={"Host": signed_in.host, "Cookie": signed_in.cookie})
        text = asked.getresponse().read().decode()
        asked.close()
        found = re.findall(r'(?:href|src|action|formaction|hx-get|data-keep)="(/[^"]*)', text)
        assert len(found) > 5
        assert [each for each in found if not each.startswith(f"{prefix}/")] == []
