"""docs/first-file.md: each sample becomes the records that its file holds, by the command of the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BODIES = {
    "hubspot-contacts.csv": {
        "user_id": "51001", "email": "zoe@example.com", "name": "Zoë Müller", "phone": "+49 30 5550142",
        "signed_up_at": "2026-01-31 09:30",
    },
    "salesforce-accounts.csv": {
        "company_id": "0015e00000AbCdEAAV", "name": "Acme, Inc.", "size": 250,
        "signed_up_at": "2026-01-31T09:30:00.000Z", "custom_attributes": {"annual_revenue": 1200000},
    },
    "excel-kunden.csv": {
        "company_id": "007", "name": "Größe & Söhne", "size": 1200, "signed_up_at": "2026-01-31", "churned": False,
        "custom_attributes": {"revenue": 1234.5},
    },
    "stripe-customers.csv": {
        "user_id": "cus_Q1aB2c3D4e", "email": "zoe@example.com", "name": "Zoë Müller",
        "signed_up_at": "2026-01-31 09:30", "custom_attributes": {"total_spend": 1250.5, "delinquent": False},
    },
    "pandas-people.csv": {"user_id": "7001", "email": "zoe@example.com", "session_count": 14},
    "postgres-users.csv": {
        "user_id": "7001", "email": "zoe@example.com", "name": "Zoë Müller", "unsubscribed_from_calls": False,
        "signed_up_at": "2026-01-31 09:30:00.123456+00:00",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_each_sample_is_read_by_its_command(page, terminal, name):
    (terminal.folder / "examples").symlink_to(ROOT / "examples")
    (command,) = (text for text in page("docs/first-file.md").commands() if name in text)
    printed, _ = terminal.custify(command)
    bodies = [json.loads(line)["body"] for line in printed.splitlines()]
    assert (bodies[0], len(bodies)) == (BODIES[name], 2)


@pytest.mark.parametrize("name", BODIES)
def test_each_sample_is_taken_by_the_service(page, terminal, name):
    (terminal.folder / "examples").symlink_to(ROOT / "examples")
    (command,) = (text for text in page("docs/first-file.md").commands() if name in text)
    _, said = terminal.custify(command.replace(" --dry-run", ""), "--rate-limit", "none")
    assert "2 records: 2 sent" in said


def test_every_sample_has_its_command():
    assert {path.name for path in (ROOT / "examples" / "files").iterdir()} == set(BODIES)
