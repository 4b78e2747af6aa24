from custify_connector.sandbox.endpoints import router

DOCUMENTED = """
GET /people/all | GET /people/1 | GET /people | POST /people | DELETE /people/1 | DELETE /people | POST /people/tag
GET /company/all | GET /company/1 | GET /company | POST /company | DELETE /company/1 | DELETE /company
GET /company/people/1 | POST /event | POST /batch | GET /batch/1
GET /custom_data/companies/1 | POST /custom_data/companies/1 | DELETE /custom_data/companies/1
GET /custom_data/people | POST /custom_data/people | DELETE /custom_data/people
GET /financial/deal | GET /financial/deal/1 | POST /financial/deal | POST /financial/deal/1
DELETE /financial/deal | DELETE /financial/deal/1
GET /financial/invoice | GET /financial/invoice/1 | POST /financial/invoice | POST /financial/invoice/1
DELETE /financial/invoice | DELETE /financial/invoice/1
GET /financial/subscription | GET /financial/subscription/1 | POST /financial/subscription
POST /financial/subscription/1 | DELETE /financial/subscription | DELETE /financial/subscription/1
GET /note | GET /note/1 | POST /note | POST /note/1 | GET /comment/Note/1 | POST /comment/Task/1
GET /tag | GET /tag/1 | POST /tag | POST /tag/1 | DELETE /tag/1 | PATCH /tag/entity
GET /task | GET /task/1 | POST /task | PUT /task/1 | GET /task/filtersAvailableValues
GET /ticket | GET /ticket/1 | POST /ticket | PUT /ticket/1 | DELETE /ticket/1 | POST /ticket/1/reply
GET /file | POST /file | PUT /file/1/showInPortal | POST /file/unlink
POST /nps_score/1 | POST /nps_score | POST /csat_score/1 | POST /csat_score | GET /survey | GET /survey/1/responses
GET /calendar/meeting | GET /calendar/meeting/company/1
GET /time-track | POST /time-track | PUT /time-track | DELETE /time-track/1 | GET /objective
GET /calculated_metric | GET /calculated_metric/1 | GET /health_score | GET /health_score/1
GET /lifecycle | GET /lifecycle/1 | GET /playbook | GET /playbook/1 | GET /segment | GET /segment/1
GET /customer/1 | POST /customer | GET /customer/attributes | GET /company/attributes
GET /company/segments/1 | GET /company/usage/1 | GET /health_score/simple | GET /health_score/1/values
POST /playbook/entity/1 | GET /signal/entities
"""
OPERATIONS = [one.split() for one in DOCUMENTED.replace("\n", " | ").split(" | ") if one.strip()]


def test_every_operation_of_the_api_is_served():
    found = router()
    assert [(method, path) for method, path in OPERATIONS if found.match(method, path) is None] == []


def test_fixed_parts_of_a_path_win_over_parameters():
    found = router()
    assert found.match("GET", "/people/all").arguments == {}
    assert found.match("GET", "/people/x").arguments == {"id": "x"}
    assert found.match("GET", "/health_score/simple").arguments == {}
    assert found.match("GET", "/people//").arguments == {}
    assert found.match("POST", "/ticket//reply") is None
