import time

import pytest

from custify_connector.sandbox import Quirks

EVENT = {"name": "e", "created_at": "2026-01-01", "user_id": "b-1"}
JOBS = [
    {"type": "company", "payload": {"company_id": "b-c"}},
    {"type": "people", "payload": {"user_id": "b-1", "companies": [{"company_id": "b-c"}]}},
    {"type": "event", "payload": EVENT},
    {"type": "event", "payload": {**EVENT, "user_id": "unknown"}},
    {"type": "people", "payload": {"name": "nobody"}},
]


def custom(**change):
    return {
        "type": "custom-data",
        "payload": {"entityModel": "Company", "data_type": "t", "data_id": "1", "data": {}, **change},
    }


def finished(client, key):
    for _ in range(100):
        body = client.get(f"/batch/{key}").json
        if body["status"] not in {"processing", "running"}:
            return body
        time.sleep(0.01)
    raise AssertionError("the batch never ended")


def test_jobs_run_after_a_while_one_after_another_each_with_its_outcome(make):
    sandbox, client = make(quirks=Quirks(batch_delay=0.1))
    answer = client.post("/batch", {"jobs": JOBS})
    assert (answer.status, set(answer.json)) == (202, {"id"})
    assert client.get(f"/batch/{answer.json['id']}").json == {"status": "processing"}
    assert not any(one.get("user_id") == "b-1" for one in sandbox.content.people)
    body = finished(client, answer.json["id"])
    assert body["status"] == "completed"
    assert [one["success"] for one in body["results"]] == [True, True, True, False, False]
    assert body["results"][3] == {"success": False, "error": "People not found", "statusCode": 404}
    assert sandbox.content.people[-1]["companies"] == [sandbox.content.companies[-1]["id"]]
    assert len(sandbox.content.events) == 1


def test_jobs_can_run_in_another_order(make):
    _, client = make(quirks=Quirks(batch_order="reversed", batch_delay=0.0))
    key = client.post("/batch", {"jobs": JOBS[:3]}).json["id"]
    assert [one["success"] for one in client.get(f"/batch/{key}").json["results"]] == [True, False, False]


def test_a_synchronous_batch_runs_at_once(client):
    answer = client.post("/batch", {"jobs": JOBS[:3], "synchronous": True})
    assert (answer.status, answer.json["status"]) == (202, "completed")
    assert [one["success"] for one in answer.json["results"]] == [True, True, True]


def test_custom_data_jobs_name_their_entity_in_any_way(make):
    sandbox, client = make(quirks=Quirks(batch_delay=0.0))
    company, person = sandbox.content.companies[3], sandbox.content.people[0]
    jobs = [
        custom(entity=company["id"]),
        custom(company_id=company["company_id"], data_id="2"),
        custom(user_id=person["user_id"], entityModel="People"),
        custom(entity="unknown"),
        custom(entity=company["id"], entityModel="Deal"),
    ]
    key = client.post("/batch", {"jobs": jobs}).json["id"]
    assert [one["success"] for one in client.get(f"/batch/{key}").json["results"]] == [True, True, True, False, False]
    assert len(client.get(f"/custom_data/companies/{company['id']}").json["t"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"jobs": []},
        {"jobs": "x"},
        {"jobs": [1]},
        {"jobs": [{"type": "deal", "payload": {}}]},
        {"jobs": [{"type": "people"}]},
        {"jobs": JOBS[:1] * 101},
        {"jobs": JOBS[:1] * 4, "synchronous": True},
    ],
)
def test_what_is_no_batch_is_refused(client, body):
    assert client.post("/batch", body).status == 400


def test_a_batch_of_100_jobs_counts_as_one_request(make):
    sandbox, client = make(rate_limit=(2, 60.0))
    assert (
        client.post(
            "/batch", {"jobs": [{"type": "people", "payload": {"user_id": f"u{n}"}} for n in range(100)]}
        ).status
        == 202
    )
    assert len(sandbox.journal) == 1


def test_the_shape_job_id_lists_results_by_index_in_no_order(make):
    _, client = make(quirks=Quirks(batch_shape="job_id"))
    key = client.post("/batch", {"jobs": JOBS}).json["jobId"]
    assert client.get(f"/batch/{key}").json == {"status": "running"}
    results = finished(client, key)["results"]
    assert [one["index"] for one in results] == [1, 3, 0, 2, 4]
    assert {one["index"]: one["status"] for one in results} == {
        0: "done",
        1: "done",
        2: "done",
        3: "failed",
        4: "failed",
    }


def test_the_shape_return_job_id_echoes_the_id_sent(make):
    _, client = make(quirks=Quirks(batch_shape="return_job_id"))
    key = client.post("/batch", {"jobs": JOBS, "returnJobId": "mine"}).json["returnJobId"]
    assert key == "mine"
    assert [one["statusCode"] for one in finished(client, key)["results"]] == [200, 200, 202, 404, 400]


def test_the_shape_silent_reports_nothing(make):
    sandbox, client = make(quirks=Quirks(batch_shape="silent", batch_delay=0.0))
    assert client.post("/batch", {"jobs": JOBS, "returnJobId": "mine"}).json == {}
    assert client.get("/batch/mine").status == 404
    assert sandbox.content.people[-1]["user_id"] == "b-1"


def test_the_shape_partial_reports_the_status_alone(make):
    _, client = make(quirks=Quirks(batch_shape="partial", batch_delay=0.0))
    key = client.post("/batch", {"jobs": JOBS}).json["id"]
    assert client.get(f"/batch/{key}").json == {"status": "completed"}


def test_a_batch_may_never_end_and_an_old_one_is_forgotten(make):
    sandbox, client = make(quirks=Quirks(batch_never_ends=True))
    key = client.post("/batch", {"jobs": JOBS}).json["id"]
    assert client.get(f"/batch/{key}").json == {"status": "processing"}
    sandbox.quirks = Quirks(batch_delay=0.0, batch_expiry=0.0)
    key = client.post("/batch", {"jobs": JOBS}).json["id"]
    assert client.get(f"/batch/{key}").status == 404
    assert client.get("/batch/unknown").status == 404
