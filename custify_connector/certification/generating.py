"""The files of a new connector, its testbed and its test, from a few answers about a service.

`programs` returns texts by their paths. The texts are in `template/`; what stands there after a dollar is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from string import Template
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FORMS = {
    "name": (_NAME, "small letters, digits and _, beginning with a letter"),
    "stream": (_NAME, "small letters, digits and _, beginning with a letter"),
    "url": (re.compile(r"https://[\w.:/~-]+", re.ASCII), "an address that begins with https://"),
    "path": (re.compile(r"(/[\w.~-]+)+", re.ASCII), "a path such as /v1/notes"),
    "title": (re.compile(r"[\w .,&()-]+"), "words"),
    "page_size": (re.compile(r"[1-9][0-9]{0,5}"), "an integer of at least 1"),
    "requests": (re.compile(r"[1-9][0-9]{0,5}"), "an integer of at least 1"),
    "seconds": (re.compile(r"[1-9][0-9]{0,5}"), "an integer of at least 1"),
}
_WORD = (re.compile(r"[A-Za-z_][A-Za-z0-9_-]*"), "one word")
"""What every other answer is."""
_APART = (
    ("text", "key"),
    ("records", "key"),
    ("total", "key"),
    ("total", "records"),
    ("size_parameter", "page_parameter"),
)
"""Answers that name two things of one place."""


def _answer(default: str, question: str) -> Any:  # noqa: ANN401 - a field of a dataclass
    return field(default=default, metadata={"question": question})


@dataclass(frozen=True)
class Answers:
    """What the generator needs to know of a service; `path`, `records` and `title` follow from others when empty."""

    name: str
    title: str = _answer("", "The name of the service, for people")
    url: str = _answer("https://api.example.com", "The address of its API")
    header: str = _answer("X-Api-Key", "The header that carries the key")
    stream: str = _answer("records", "What is read, as a noun in the plural")
    path: str = _answer("", "The path of the list")
    key: str = _answer("id", "The field that identifies a record")
    text: str = _answer("name", "A text field of a record")
    records: str = _answer("", "The key of the reply that holds the list")
    total: str = _answer("total", "The key of the reply that counts all records")
    page_parameter: str = _answer("page", "The query parameter of the page's number")
    size_parameter: str = _answer("size", "The query parameter of the page's size")
    page_size: str = _answer("100", "The most records of a page")
    requests: str = _answer("60", "The rate limit: so many requests …")
    seconds: str = _answer("60", "… in so many seconds")


QUESTIONS: Mapping[str, str] = {
    one.name: one.metadata["question"] for one in fields(Answers) if "question" in one.metadata
}


def completed(answers: Answers) -> Answers:
    """Return the answers with those that follow from others."""
    return replace(
        answers,
        title=answers.title or answers.name.replace("_", " ").capitalize(),
        path=answers.path or f"/{answers.stream}",
        records=answers.records or answers.stream,
    )


def answer_faults(answers: Answers) -> tuple[str, ...]:
    """Return a sentence for each answer that cannot stand in a program."""
    values = asdict(completed(answers))
    forms = ((name, value, *_FORMS.get(name, _WORD)) for name, value in values.items())
    wrong = (f"{name}: {value!r} must be {said}" for name, value, form, said in forms if not form.fullmatch(value))
    alike = (
        f"{one}: {values[one]!r} must differ from {other}" for one, other in _APART if values[one] == values[other]
    )
    return (*wrong, *alike)


def programs(answers: Answers) -> dict[str, str]:
    """Return every file of the connector, by its path below the new directory; raises ValueError for a bad answer."""
    faults = answer_faults(answers)
    if faults:
        raise ValueError("; ".join(faults))
    whole = completed(answers)
    package = f"{whole.name}_connector"
    values = {**asdict(whole), "package": package, "destination": f"put_{whole.stream}",
              "text_title": whole.text.replace("_", " ").capitalize()}  # fmt: skip
    template = Path(__file__).with_name("template")
    texts = ((path, (template / f"{path}.txt").read_text("utf-8")) for path in _PATHS)
    return {path.replace("package/", f"{package}/"): Template(text).substitute(values) for path, text in texts}


_PATHS = (
    "pyproject.toml",
    "package/__init__.py",
    "package/connector.py",
    "package/exchange.py",
    "package/testbed.py",
    "tests/test_certification.py",
)
