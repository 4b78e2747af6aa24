"""The words of which seeded records are made: names from many scripts, trades, plans, sentences.

Decided here: the words alone. This file does not know which record uses them.
"""

from __future__ import annotations

FIRST_NAMES = (
    ("Ana", "ana"),
    ("Søren", "soren"),
    ("Zoë", "zoe"),
    ("José María", "jose.maria"),
    ("Łukasz", "lukasz"),
    ("Müge", "muge"),
    ("Οδυσσέας", "odysseas"),
    ("Иван", "ivan"),
    ("李雷", "lei"),
    ("さくら", "sakura"),
    ("محمد", "mohammed"),
    ("Ngọc", "ngoc"),
    ("Chloé", "chloe"),
    ("Priya", "priya"),
    ("Björk", "bjork"),
    ("Seán", "sean"),
)
LAST_NAMES = (
    ("Pop", "pop"),
    ("Ångström", "angstrom"),
    ("O'Neill", "oneill"),
    ("García Lorca", "garcia.lorca"),
    ("Wiśniewska", "wisniewska"),
    ("Yıldız", "yildiz"),  # noqa: RUF001 - a Turkish name is meant
    ("Παπαδόπουλος", "papadopoulos"),
    ("Достоевский", "dostoevsky"),
    ("王", "wang"),
    ("佐藤", "sato"),
    ("الخطيب", "alkhatib"),
    ("Nguyễn", "nguyen"),
    ("Müller-Lüdenscheidt", "mueller"),
    ("Raghunathan", "raghunathan"),
    ("Guðmundsdóttir", "gudmundsdottir"),
    ("de la Cruz", "delacruz"),
)
SENTENCES = (
    "Prefers a call in the morning; answers e-mail within the day.",
    "Uses the exports every week, and asked twice for a schedule of them.",
    "Möchte die Auswertung auf Deutsch – und bitte ohne Bilder.",  # noqa: RUF001 - the dash is meant
    "Joined from the trial ✓ invited three colleagues → all active.",
    "“Works as promised”, she said; the renewal is due in spring.",
    "Ne comprend pas encore les filtres; une démonstration est prévue.",
    "担当者が変わりました。次の会議で紹介します。",
    "Pays by invoice, 30 days; the address changed in March.\nSee the last note.",
)
SEAT_TYPES = ("admin", "editor", "viewer", "billing")
LANGUAGES = ("en", "de", "fr", "ro", "ja", "el", "ar", "vi")
TRADES = ("Food", "Freight", "Software", "Health", "Education", "Retail", "Energy", "Insurance")
PLANS = ("Free", "Starter", "Growth", "Gold", "Enterprise")
COMPANY_FIRST = (
    "Northwind",
    "Alder & Finch",
    "Bäckerei",
    "Ōsaka",
    "Contoso",
    "Lumen",
    "Café",
    "Öresund",
    "Quill",
    "Tamarind",
)
COMPANY_LAST = ("Bakery", "Logistics", "Süß", "Systems", "Clinics", "Académie", "Stores", "Energi", "Re", "Labs")
PRIORITIES = ("low", "medium", "high")
DEAL_STATUSES = ("pending", "won", "lost")
TICKET_STATUSES = ("open", "pending", "solved", "closed")
TAG_CATEGORIES = (
    "people",
    "company",
    "task",
    "note",
    "segment",
    "playbook",
    "lifecycle",
    "health_score",
    "survey",
    "calculated_metric",
)
TOPICS = ("renewal", "training", "export", "invoice", "onboarding", "report", "integration", "feedback")
OBJECTIVE_STATUSES = ("not_started", "in_progress", "paused", "archived", "abandoned", "completed")
