import pytest

from custify_connector.sandbox import Drift, Quirks


def ids(client, path="/company/all", key="companies", **query):
    return [row["id"] for row in client.rows(path, key, **query)]


def test_a_value_that_a_quirk_cannot_take_is_refused():
    for wrong in ({"total": "wrong"}, {"cap_style": None}, {"alternative_keys": "rows"}, {"lookup_missing": "maybe"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Quirks(**wrong)
    assert Quirks(alternative_keys=None, page_cap=None, drift=Drift()).drift == Drift()


def test_a_lower_cap_gives_shorter_pages_and_its_style_says_where_they_start(make):
    sandbox, client = make(quirks=Quirks(page_cap=10))
    every = ids(client, itemsPerPage=10) + ids(client, itemsPerPage=10, page=2) + ids(client, itemsPerPage=10, page=3)
    assert ids(client, itemsPerPage=15, page=2) == every[10:20]
    sandbox.quirks = Quirks(page_cap=10, cap_style="offset")
    assert ids(client, itemsPerPage=15) == every[:10]
    assert ids(client, itemsPerPage=15, page=2) == every[15:25]


def test_a_page_over_the_maximum_can_be_refused(make):
    sandbox, client = make(quirks=Quirks(over_cap="refuse"))
    assert client.get("/company/all", itemsPerPage=200).status == 200
    answer = client.get("/company/all", itemsPerPage=201)
    assert (answer.status, "200" in answer.message) == (400, True)
    sandbox.quirks = Quirks()
    assert client.get("/company/all", itemsPerPage=201).status == 200


@pytest.mark.parametrize(
    ("total", "shown"),
    [("right", 30), ("low", 15), ("high", 130), ("zero", 0), ("text", "30"), ("page", 7), ("missing", None)],
)
def test_the_total_can_be_wrong_in_several_ways(make, total, shown):
    _, client = make(quirks=Quirks(total=total))
    page = client.get("/company/all", itemsPerPage=7).json
    assert page.get("total") == shown
    assert ("total" in page) is (total != "missing")
    assert len(page["companies"]) == 7


def test_past_the_end_can_be_404(make):
    _, client = make(quirks=Quirks(past_end="missing"))
    assert client.get("/company/all", page=2).status == 200
    assert client.get("/company/all", page=3).status == 404
    assert client.get("/people", email="nobody@x").status == 200


def test_people_can_come_as_a_bare_page_object(make):
    _, client = make(quirks=Quirks(people_envelope="object"))
    assert set(client.get("/people/all").json) == {"people", "total"}


@pytest.mark.parametrize("key", ["data", "items"])
def test_lists_can_come_under_another_key(make, key):
    _, client = make(quirks=Quirks(alternative_keys=key))
    assert set(client.get("/company/all").json) == {key, "total"}
    assert set(client.get("/people/all").json[0]) == {key, "total"}


def test_ids_can_come_with_an_underscore(make):
    sandbox, client = make(quirks=Quirks(underscore_id=True))
    rows = client.rows("/company/all", "companies", itemsPerPage=200)
    assert {row["_id"] for row in rows} == {one["id"] for one in sandbox.content.companies}
    assert not any("id" in row for row in rows)
    assert client.rows("/financial/deal", "deals")


def test_a_lookup_of_nothing_can_be_404(make):
    _, client = make(quirks=Quirks(lookup_missing="404"))
    for path, query in (
        ("/people", {"user_id": "x"}),
        ("/company", {"company_id": "x"}),
        ("/company/x", {}),
        ("/task/x", {}),
        ("/task", {"externalId": "x"}),
        ("/ticket", {"externalId": "x"}),
    ):
        assert client.get(path, **query).status == 404, path


def test_errors_can_come_as_plain_text(make):
    _, client = make(quirks=Quirks(bare_error_text=True))
    answer = client.get("/people/unknown")
    assert (answer.status, answer.raw) == (404, b"person not found")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_quirks_change_for_the_next_request(make):
    sandbox, client = make()
    assert "total" in client.get("/company/all").json
    sandbox.quirks = Quirks(total="missing")
    assert "total" not in client.get("/company/all").json
    assert sandbox.quirks.total == "missing"
