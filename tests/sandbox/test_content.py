import json
import subprocess
import sys
import time
from collections import Counter

import pytest

from custify_connector.sandbox.content import seeded_content
from custify_connector.sandbox.seeding import KINDS, generate
from custify_connector.sandbox.table import Revision, Table


def test_the_same_sizes_and_seed_give_the_same_records_in_every_process():
    code = (
        "import hashlib, orjson; from custify_connector.sandbox.seeding import generate; "
        "print(hashlib.sha256(orjson.dumps({k: list(v) for k, v in generate(300, 40, 7).records.items()})).hexdigest())"
    )
    prints = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}  # noqa: S603 - our own code
    assert len(prints) == 1


def test_another_seed_gives_other_records():
    assert generate(50, 10, 1).records["people"] != generate(50, 10, 2).records["people"]


def test_every_kind_is_in_the_order_of_creation_and_never_updated_before_it_was_created():
    content = seeded_content(3000, 300, 1)
    for kind in KINDS:
        ids = [record["id"] for record in content.table(kind)]
        assert ids == sorted(ids), kind
        assert len(ids) == len(set(ids)), kind
        assert all(len(key) == 24 for key in ids), kind
        for record in content.table(kind):
            assert record.get("created_at", "") <= record.get("updated_at", "9"), kind


def test_people_hold_the_oddities_that_real_accounts_hold():
    people = seeded_content(1000, 100, 1).people
    assert any(one["user_id"] is None for one in people)
    assert any(one["email"] is None for one in people)
    assert max(Counter(one["email"] for one in people if one["email"]).values()) == 2
    assert max(Counter(one["created_at"] for one in people).values()) == 2
    assert any(one["custom_attributes"]["postcode"].startswith("0") for one in people)
    assert any(not one["name"].isascii() for one in people)
    assert 650 < sum(len(json.dumps(one, ensure_ascii=False).encode()) for one in people) / 1000 < 1000


@pytest.mark.parametrize(
    ("kind", "parents", "field"),
    [
        ("people", "companies", "companies"),
        ("notes", "companies", "entity"),
        ("comments", "notes", "entity"),
        ("tasks", "companies", "company"),
        ("tickets", "companies", "company"),
        ("objectives", "companies", "company"),
        ("meetings", "companies", "company"),
        ("time_tracks", "companies", "company"),
        ("files", "companies", "companies"),
        ("custom_data", "companies", "entity"),
        ("custom_data", "people", "entity"),
        ("survey_responses", "surveys", "survey"),
    ],
)
def test_of_every_kind_some_parents_have_none_one_several_and_more_than_a_page(kind, parents, field):
    content = seeded_content(5000, 500, 1)
    counts = Counter(len(content.table(kind).find(field, parent["id"])) for parent in content.table(parents))
    assert counts[0] >= 1
    assert counts[1] >= 1
    assert any(1 < count < 20 for count in counts)
    assert max(counts) > 50


@pytest.mark.parametrize(("people", "companies"), [(0, 0), (1, 0), (0, 1), (1, 1), (9, 3), (12, 12)])
def test_an_account_of_any_size_can_be_made(people, companies):
    content = seeded_content(people, companies, 1)
    assert (len(content.people), len(content.companies)) == (people, companies)


@pytest.mark.slow
def test_a_hundred_thousand_people_are_made_in_a_few_seconds():
    started = time.process_time()
    assert len(generate(100_000, 1000, 1).records["people"]) == 100_000
    assert time.process_time() - started < 6


def test_content_names_the_kinds_there_are():
    with pytest.raises(AttributeError, match="the kinds are people, companies"):
        _ = seeded_content(1, 1, 1).persons


def test_records_handed_out_are_not_changed_by_later_writes():
    content = seeded_content(5, 2, 1)
    before = content.people[0]
    content.update("people", content.table("people").get(before["id"]), {"name": "Other"})
    assert before["name"] != content.people[0]["name"] == "Other"


def test_an_update_always_moves_updated_at():
    content = seeded_content(1, 0, 1)
    record = content.create("people", {"name": "x"})
    stamps = [record["updated_at"]]
    for _ in range(5):
        record = content.update("people", record, {})
        stamps.append(record["updated_at"])
    assert stamps == sorted(set(stamps))


def test_a_table_finds_records_by_values_and_by_members_of_lists_after_every_change():
    table = Table([{"id": "a", "tags": ["x", "y"], "n": 1}], Revision())
    assert [one["id"] for one in table.find("tags", "y")] == ["a"]
    assert [one["id"] for one in table.find("n", 1)] == ["a"]
    table.put({"id": "b", "tags": ["y"], "n": 1})
    table.put({"id": "a", "tags": ["x"], "n": 1})
    assert [one["id"] for one in table.find("tags", "y")] == ["b"]
    table.remove("b")
    assert table.find("tags", "y") == []
    assert table.get(None) is None
    assert len(table) == 1
    assert table.ids() == ["a"]
