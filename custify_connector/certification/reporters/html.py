"""A report as one page that can be sent: no script, nothing loaded from anywhere, every text of a connector escaped.

Decided here: the markup. What is said, and in which order, is in `page`; how it looks is in `html_style`.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from custify_connector.certification.findings import Finding
from custify_connector.certification.reporters import page
from custify_connector.certification.reporters.html_style import STYLE
from custify_connector.certification.reporters.page import MARKS
from custify_connector.certification.reports import Report
from custify_connector.certification.running import Outcome

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def text(report: Report) -> str:
    """Return the report as one HTML page."""
    return "\n".join([*_head(report), "<main>", *_body(report), "</main>", "</body>", "</html>", ""])


def _head(report: Report) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">'
    yield f"<title>Certification of {_name(report)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"


def _body(report: Report) -> Iterator[str]:
    began = report.environment.began.replace("T", " ").replace("+00:00", " UTC")
    yield f"<header><h1>{_name(report)} <small>certification report</small></h1>"
    yield f'<p class="soft">{escape(began)}</p></header>'
    yield from _verdict(report)
    yield from _tiles(report)
    yield from _ladder(report)
    yield "<h2>Checks</h2>"
    for group in page.groups(report):
        yield from _group(group)
    yield from _environment(report)


def _name(report: Report) -> str:
    return escape(f"{report.environment.connector} {report.environment.version}")


def _verdict(report: Report) -> Iterator[str]:
    look = page.look(report)
    yield f'<div class="verdict {look}"><strong>{MARKS[look]} {escape(page.headline(report))}</strong>'
    missed = page.missed(report)
    yield "<ul>" if missed else "<p>No check failed, and none was skipped.</p>"
    yield from (_missed(outcome) for outcome in missed)
    yield "</ul></div>" if missed else "</div>"


def _missed(outcome: Outcome) -> str:
    check, word = outcome.check, outcome.verdict.result
    return f'<li><b class="{word}">{word}</b> <a href="#{check.id}">{check.id} {escape(check.title)}</a></li>'


def _ladder(report: Report) -> Iterator[str]:
    yield '<h2>Rungs</h2>\n<ol class="ladder">'
    for step in page.ladder(report):
        mark = MARKS.get(step.look, "")
        words = f"{mark} {step.words}".strip()
        yield f'<li class="{step.look}"><b>{step.rung}</b><span class="{step.look}">{words}</span>'
        yield f'<span class="means">{step.meaning}</span></li>'
    yield "</ol>"


def _tiles(report: Report) -> Iterator[str]:
    yield '<dl class="tiles">'
    for word, count in report.counts.items():
        look = f' class="{word}"' if count else ""
        yield f"<div><dt>{word.replace('_', ' ')}</dt><dd{look}>{count}</dd></div>"
    yield f"<div><dt>seconds</dt><dd>{report.seconds:.1f}</dd></div>\n</dl>"


def _group(group: page.Group) -> Iterator[str]:
    passed = f"{group.passed} of {len(group.outcomes)} passed"
    yield f"<section><h3>{group.letter} {escape(group.title)} <small>{passed}</small></h3>"
    yield '<div class="group">'
    for outcome in group.outcomes:
        yield from _check(outcome)
    yield "</div></section>"


def _check(outcome: Outcome) -> Iterator[str]:
    check, verdict = outcome.check, outcome.verdict
    opened = " open" if verdict.result == "failed" else ""
    yield f'<details class="check" id="{check.id}"{opened}><summary>'
    yield f'<span class="{verdict.result}" aria-hidden="true">{MARKS[verdict.result]}</span>'
    yield f'<span class="id">{check.id}</span><span class="title">{escape(check.title)}</span>'
    yield f'<span class="word {verdict.result}">{verdict.result.replace("_", " ")}</span>'
    yield f'<span class="rung">{check.rung}</span><span class="time">{outcome.seconds:.2f} s</span></summary>'
    yield f"<div><p>{_message(check.message)}</p>"
    if verdict.reason:
        yield f'<p class="reason {verdict.result}">Why: {escape(verdict.reason)}</p>'
    yield from _evidence(verdict.findings)
    yield "</div></details>"


def _message(message: str) -> str:
    """Return a check's message: what stands in backticks as code."""
    parts = escape(" ".join(message.split())).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _evidence(findings: tuple[Finding, ...]) -> Iterator[str]:
    wrong, right = ([one for one in findings if one.holds is held] for held in (False, True))
    yield from _table(wrong)
    if wrong and right:
        yield f'<details class="rest"><summary>{len(right)} more, as expected</summary>'
    yield from _table(right)
    if wrong and right:
        yield "</details>"


def _table(findings: list[Finding]) -> Iterator[str]:
    if findings:
        yield "<table><thead><tr><th>looked at</th><th>expected</th><th>got</th></tr></thead><tbody>"
        yield from map(_row, findings)
        yield "</tbody></table>"


def _row(finding: Finding) -> str:
    requests = "".join(f"<li><code>{escape(request)}</code></li>" for request in finding.requests)
    seen = f'<ul aria-label="the last requests">{requests}</ul>' if requests else ""
    look = "passed" if finding.holds else "failed"
    return (
        f'<tr class="{look}"><td data-label="looked at">{escape(finding.subject)}</td>'
        f'<td data-label="expected">{escape(finding.expected)}</td>'
        f'<td class="got" data-label="got">{escape(finding.got)}{seen}</td></tr>'
    )


def _environment(report: Report) -> Iterator[str]:
    yield '<section><h2>Environment</h2>\n<dl class="facts">'
    yield from (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in page.facts(report).items())
    again = " ".join(("custify", *page.command(report)))
    yield f"<dt>To run it again</dt><dd><code>{escape(again)}</code></dd></dl></section>"
    yield f"<footer><p>{escape(page.FOOTNOTE, quote=False)}</p></footer>"
