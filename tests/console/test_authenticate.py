"""The form for a new credential: the words that people know, faults at their fields, and a key that no error loses."""

import pytest

PATH = "/custify/credentials/add"


def held(answer):
    return answer.text.partition('name="held" value="')[2].partition('"')[0]


def test_the_form_has_the_words_of_the_platform(client):
    tile = client.get("/custify/credentials").text
    assert "Add Credential" in tile
    shown = client.get(PATH).text
    for word in ("Add New Credential", "Credential Name", "Credential Description", "API Key", ">Save<"):
        assert word in shown


def test_enter_presses_the_button_that_tests_first(client):
    form = client.get(PATH).text.partition("<form")[2]
    assert form.index(">Save<") < form.index("Save without testing")


def test_a_tile_leads_to_a_new_credential_and_to_the_use_of_an_old_one(signed_in):
    shown = signed_in.get("/custify/credentials").text
    assert 'class="card tile add-tile"' in shown
    assert "/custify/source?credential=acme" in shown
    assert "/custify/destination?credential=acme" in shown
    assert "/custify/source/people?credential=acme" in signed_in.get("/custify/source?credential=acme").text
    assert 'value="acme" selected' in signed_in.get("/custify/source/people?credential=acme").text


@pytest.mark.parametrize("wrong", [
    {"base_url": "not a URL"}, {"base_url": "https://elsewhere.example"}, {"name": ""}, {"name": "-x"},
    {"description": "CANARY"},
])  # fmt: skip
def test_an_error_keeps_the_key_for_the_next_try_and_shows_it_nowhere(client, sandbox, canary, wrong):
    right = {"name": "acme", "base_url": sandbox.base_url}
    wrong = {name: text.replace("CANARY", canary) for name, text in wrong.items()}
    refused = client.post(PATH, **{**right, **wrong, "api_key": canary})
    assert refused.status == 400
    assert canary not in "".join(client.bodies)
    assert f'id="f-{next(iter(wrong))}-fault"' in refused.text
    again = client.post(PATH, **right, api_key="", held=held(refused))
    assert again.status == 303, again.text
    assert canary not in "".join(client.bodies)
    assert not client.console.held


def test_a_key_is_held_while_the_service_is_away(client, sandbox, canary):
    sandbox.revoke()
    refused = client.post(PATH, name="acme", base_url=sandbox.base_url, api_key=canary)
    assert "Not kept" in refused.text
    again = client.post(PATH, name="acme", base_url=sandbox.base_url, api_key="", held=held(refused))
    assert "Not kept" in again.text
    assert held(again) not in {"", held(refused)}
    assert canary not in repr(client.console)


def test_a_key_that_is_typed_replaces_the_one_that_is_held(client, sandbox, canary):
    refused = client.post(PATH, name="acme", base_url=sandbox.base_url, api_key="wrong")
    assert client.post(
        PATH, name="acme", base_url=sandbox.base_url, api_key=canary, held=held(refused)
    ).status == 303  # fmt: skip


def test_what_is_held_is_bounded_and_of_use_once(client):
    first = client.post(PATH, name="", api_key="first")
    for number in range(25):
        client.post(PATH, name="", api_key=f"key-{number}")
    assert len(client.console.held) <= 20
    assert "required" in client.post(PATH, name="x", api_key="", held=held(first)).text


def test_a_credential_is_saved_without_a_test_where_that_is_asked_for(client, sandbox, canary):
    sandbox.revoke()
    form = {"name": "later", "base_url": sandbox.base_url, "api_key": canary}
    assert client.post(PATH, **form, untested="yes").status == 303
    assert "not tested" in client.get("/custify/credentials").text


def test_a_name_that_is_taken_is_said_without_the_words_of_the_shell(signed_in, sandbox, canary):
    taken = signed_in.post(PATH, name="acme", base_url=sandbox.base_url, api_key=canary)
    said = taken.text.partition('id="f-name-fault">')[2].partition("</p>")[0]
    assert "is taken" in said
    assert "custify credential" not in said
