# ruff: noqa: INP001 - a script beside the pages that it writes, no package
"""Writes what the pages say of endpoints, layers, checks and speed: docs/endpoints.md, and marked parts of other pages.

Decides how an endpoint is shown. What is shown comes from connector.yaml, schemas/, pyproject.toml, the lists of checks
and mutants, and benchmarks/results.md alone. With --check nothing is written; the exit code is 1 when a page differs.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from custify_connector import manifest
from custify_connector.certification.catalogue import all_checks, all_mutants
from custify_connector.certification.checking import GROUPS, MEANING, RUNGS
from custify_connector.checking.texts import placeholders
from custify_connector.manifest import Alternatives, DestinationEndpoint, Manifest, Parameter, SourceEndpoint
from custify_connector.writing.single import MAXIMUM_UPLOAD_BYTES

ROOT = Path(__file__).resolve().parent.parent

Schema = Mapping[str, Any]
Row = tuple[str, ...]

AN_ID = "65f1bf11b7d4e8f90123ab01"
"""Where a command needs an id, this made-up one stands."""

INTRODUCTION = """\
# Endpoints

Generated from `connector.yaml` and `schemas/` by `python docs/generate.py`; do not edit. `custify describe NAME` shows
the same on the command line, `custify describe --json` as a host gets it.

A path in braces, such as `{id}`, is filled from a parameter, from a parent's record, or from a field of the record.
An example record is invented. A destination's record may have no other fields than those of its table. *Undocumented*
calls were seen only in the code of Custify's own client; they are refused without `--undocumented`, or `undocumented`
in a host's settings.
"""

EVERY_SOURCE = """\
Every source also takes `fields` (`--field`: top-level fields to keep), `limit` (`--limit`) and `settings`. Records are
handed on as Custify sends them: fields that its documents do not name come through too.
"""

EVERY_DESTINATION = """\
Every field can be fixed for all records (`--param NAME=VALUE`, or `params` of a host). What is over a limit is
rejected before any request, never shortened. `--dry-run` prints the exact requests and sends nothing.
"""


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` tell which ones differ; return the exit code."""
    differing = {path: text for path, text in pages().items() if _read(path) != text}
    for path, text in differing.items():
        if "--check" in arguments:
            sys.stderr.write(f"{path}: differs; run python docs/generate.py\n")
        else:
            (ROOT / path).write_text(text, "utf-8")
            sys.stdout.write(f"{path}: written\n")
    return 1 if differing and "--check" in arguments else 0


def pages() -> dict[str, str]:
    """Return every page that has generated text, by its path, as it must be."""
    known = manifest.load()
    return {
        "README.md": counted(_read("README.md"), known),
        "docs/endpoints.md": endpoints_page(known),
        "docs/speed.md": filled(_read("docs/speed.md"), speed()),
        "docs/architecture.md": filled(_read("docs/architecture.md"), {"layers": layers()}),
        "docs/certification.md": filled(_read("docs/certification.md"), certification()),
    }


def counted(text: str, known: Manifest) -> str:
    """Return the README with the number of sources and destinations that there are."""
    for word, count in (("sources", len(known.sources)), ("destinations", len(known.destinations))):
        text = re.sub(rf"\d+ {word} such as", f"{count} {word} such as", text)
    return text


def _read(path: str) -> str:
    file = ROOT / path
    return file.read_text("utf-8") if file.is_file() else ""


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Return a page with the parts between `<!-- generated: NAME -->` and `<!-- end: NAME -->` replaced."""
    for name, part in parts.items():
        marks = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        before, _, rest = text.partition(marks[0])
        _, found, after = rest.partition(marks[1])
        if not found:
            raise LookupError(f"a page has lost its marks {' and '.join(marks)}")
        text = f"{before}{marks[0]}\n{part}\n{marks[1]}{after}"
    return text


def table(heading: Row, rows: Iterable[Row]) -> str:
    """Return a Markdown table."""
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def code(*texts: str) -> str:
    """Return names as code, joined by commas."""
    return ", ".join(f"`{text}`" for text in texts)


def alternatives(names: Alternatives) -> str:
    """Return alternatives of a name in words."""
    return ", else ".join(" with ".join(f"`{field}`" for field in fields) for fields in names)


def source_table(known: Manifest) -> str:
    """Return the table of all sources."""
    rows = ((_link(one.name), _summary(one), _key(one), _modes(one)) for one in known.sources.values())
    return table(("source", "what it reads", "key", "modes"), rows)


def destination_table(known: Manifest) -> str:
    """Return the table of all destinations."""
    rows = (
        (_link(one.name), _summary(one), alternatives(one.identity), _repeat(one))
        for one in known.destinations.values()
    )
    return table(("destination", "what it does", "a record is named by", "after an unclear failure"), rows)


def _link(name: str) -> str:
    return f"[`{name}`](#{name})"


def _summary(endpoint: SourceEndpoint | DestinationEndpoint) -> str:
    return f"{endpoint.summary}{' *Undocumented.*' if endpoint.undocumented else ''}"


def _key(source: SourceEndpoint) -> str:
    return alternatives(source.key) if source.key else "none; all of a record names it"


def _modes(source: SourceEndpoint) -> str:
    return "full, incremental" if source.incremental else "full"


def _repeat(destination: DestinationEndpoint) -> str:
    if destination.repeat in {"always", "never"}:
        return "sent again" if destination.repeat == "always" else "not sent again"
    return f"sent again with `{destination.repeat}`"


def endpoints_page(known: Manifest) -> str:
    """Return docs/endpoints.md."""
    sources = [source_section(one, known.record_schema(one)) for one in known.sources.values()]
    destinations = [destination_section(one, known.write_schema(one)) for one in known.destinations.values()]
    parts = [
        INTRODUCTION,
        "## Sources\n",
        source_table(known) + "\n",
        EVERY_SOURCE,
        *sources,
        "## Destinations\n",
        destination_table(known) + "\n",
        EVERY_DESTINATION,
        *destinations,
    ]
    return "\n".join(parts)


def source_section(source: SourceEndpoint, schema: Schema) -> str:
    """Return all that is known of one source."""
    parts = [f"### {source.name}\n", f"{source.summary} {schema.get('description', '')}\n", source_usage(source)]
    parts += [table(("", ""), source_facts(source, schema)) + "\n"]
    if source.parameters:
        parts.append(table(("parameter", "type", "meaning", "travels as"), map(_parameter, source.parameters.values())))
    return "\n".join([*parts, "", *_example(schema)])


def source_usage(source: SourceEndpoint) -> str:
    """Return the command that reads a source."""
    needed = () if source.partitions else placeholders(source.path)
    params = "".join(f" --param {name}={AN_ID}" for name in needed)
    allowed = " --undocumented" if source.undocumented else ""
    return _fenced("bash", f"custify read {source.name}{params} --output {source.name}.jsonl{allowed}")


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def source_facts(source: SourceEndpoint, schema: Schema) -> Iterator[Row]:
    """Yield what is known of a source, as rows of two."""
    pages_of = f", in pages of at most {source.page}" if source.page else ", one request"
    second = f"; `{source.fallback_path}` when that answers 404" if source.fallback_path else ""
    yield "request", f"`GET {source.path}`{pages_of}{second}"
    if source.sort:
        yield "order", f"newest first by `{source.sort.field}`{_ORDERS[source.sort.dialect]}"
    yield "key", _key(source)
    yield "modes", _modes_in_words(source)
    if source.partitions:
        yield "parts", "; ".join(_parts(source))
    if source.add:
        yield "added to each record", code(*source.add)
    if source.undocumented:
        yield "undocumented", "seen only in the code of Custify's own client; needs the setting `undocumented`"
    yield "fields", code(*schema.get("properties", {})) or "not known"


_ORDERS = {
    "sorting": ", asked for with `sorting`",
    "sort_order": ", asked for with `sort` and `order`",
    "fixed": ", Custify's own order",
}


def _modes_in_words(source: SourceEndpoint) -> str:
    if source.incremental is None:
        return "full"
    narrowed = ", narrowed by day with Custify's filter" if source.incremental.narrow else ""
    return f"full; incremental by `{source.incremental.cursor}`{narrowed}"


def _parts(source: SourceEndpoint) -> Iterator[str]:
    for rule in source.partitions:
        fixed = " and ".join(f"`{name}` = `{value}`" for name, value in rule.set.items())
        parents = f"every record of [`{rule.source}`](#{rule.source})" if rule.source else ""
        yield " for ".join(part for part in (fixed, parents) if part)


def _parameter(parameter: Parameter) -> Row:
    closed = f" One of {code(*map(str, parameter.enum))}." if parameter.enum else ""
    example = f" Example: `{json.dumps(parameter.example, default=dict)}`." if parameter.example is not None else ""
    return code(parameter.name), parameter.type, f"{parameter.help}{closed}{example}", _travels(parameter)


def _travels(parameter: Parameter) -> str:
    path = [f"`GET {parameter.path}`"] if parameter.path else []
    return ", ".join([*path, *([f"query `{parameter.query}`"] if parameter.query else [])]) or "part of the path"


def _example(schema: Schema) -> Iterator[str]:
    for record in schema.get("examples", ())[:1]:
        yield _fenced("json", _shown(record))


def _shown(record: Mapping[str, Any]) -> str:
    """Return a record as JSON, one line for each field."""
    lines = (f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in record.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def destination_section(destination: DestinationEndpoint, schema: Schema) -> str:
    """Return all that is known of one destination."""
    parts = [f"### {destination.name}\n", f"{schema.get('description', destination.summary)}\n"]
    parts += [destination_usage(destination), table(("", ""), destination_facts(destination)), ""]
    fields = (_field(name, field, schema) for name, field in schema["properties"].items())
    parts += [table(("field", "type", "limits", "meaning"), fields), ""]
    return "\n".join([*parts, *_example(schema)])


def destination_usage(destination: DestinationEndpoint) -> str:
    """Return the command that writes to a destination."""
    name = destination.name
    allowed = " --undocumented" if destination.undocumented else ""
    guard = " --param max_deletes=1" if destination.destructive else ""
    directory = " --param directory=." if destination.upload else ""
    return _fenced("bash", f"custify write {name} {name}.jsonl{guard}{directory}{allowed}")


def destination_facts(destination: DestinationEndpoint) -> Iterator[Row]:
    """Yield what is known of a destination, as rows of two."""
    yield "request", "; ".join(_requests(destination))
    if destination.query:
        yield "in the query", code(*destination.query)
    yield "a record is named by", alternatives(destination.identity)
    yield "after an unclear failure", _repeat(destination)
    yield "null", _NULLS[destination.clear]
    yield from _special_facts(destination)


_NULLS = {"unset": "clears the field, by its name under `$unset`", "null": "is sent as null"}


def _requests(destination: DestinationEndpoint) -> Iterator[str]:
    yield f"`{destination.method} {destination.path}`"
    for route in destination.routes:
        yield f"with `{route.present}`: `{destination.method} {route.path}`"
    if destination.fallback_path:
        yield f"when that answers 404: `{destination.method} {destination.fallback_path}`"
    if destination.find_first:
        yield f"when a record with this `{destination.find_first.by}` exists: `PUT {destination.find_first.update}`"


def _special_facts(destination: DestinationEndpoint) -> Iterator[Row]:
    yield "deliveries", f"single; batch, as jobs of type `{destination.batch}`" if destination.batch else "single"
    if destination.after:
        yield "written after", ", ".join(f"[`{name}`](#{name})" for name in destination.after)
    if destination.comparable:
        yield "unchanged records", "are left out with `--skip-unchanged`"
    for name, most in destination.max_characters.items():
        yield f"limit of `{name}`", f"{most:,} characters as JSON"
    if destination.list:
        yield f"`{destination.list}`", "where a record has it, it is the whole body"
    if destination.destructive:
        yield (
            "guard",
            "`max_deletes` is required: with more records than that, none is deleted; wildcards are refused",
        )
    if destination.upload:
        yield "guard", f"the file must lie under `directory`, and have at most {MAXIMUM_UPLOAD_BYTES:,} bytes"
    if destination.undocumented:
        yield "undocumented", "seen only in the code of Custify's own client; needs the setting `undocumented`"


def _field(name: str, field: Schema, schema: Schema) -> Row:
    required = "required; " if name in schema.get("required", ()) else ""
    limits = "; ".join(limits_of(field))
    return code(name), _type(field), f"{required}{limits}".removesuffix("; "), field.get("description", "")


def _type(field: Schema) -> str:
    kinds = field.get("type", "any")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def limits_of(field: Schema) -> Iterator[str]:
    """Yield what a field's schema limits, in words."""
    for word, say in _LIMITS.items():
        if word in field:
            yield say(field[word])
    if {"minimum", "maximum"} <= field.keys():
        yield _range(field["minimum"], field["maximum"])


def _range(least: int, most: int) -> str:
    return "32 bits" if (least, most) == (-(2**31), 2**31 - 1) else f"{least:,} to {most:,}"


_LIMITS: dict[str, Callable[[Any], str]] = {
    "enum": lambda values: f"one of {code(*(str(value) for value in values))}",
    "format": lambda form: "a date" if form == "custify-date" else "sent as text",
    "maxLength": lambda most: f"{most:,} characters",
    "maxItems": lambda most: f"{most:,} items",
    "maxProperties": lambda most: f"{most:,} fields",
}


def speed() -> dict[str, str]:
    """Return the generated parts that say how fast the connector is: the columns that most readers look for."""
    overhead = ("reader", "seconds", "x custify's time", "peak MB")
    limited = ("run", "records/s", "share", "429")
    return {
        "overhead": table(overhead, measured("a", overhead)),
        "limited": table(("run", "records a second", "of what the limit allows", "429s"), measured("b", limited)),
    }


def measured(section: str, columns: Row) -> Iterator[Row]:
    """Yield the rows of a section of benchmarks/results.md, with these of its columns."""
    _, _, text = _read("benchmarks/results.md").partition(f"\n## {section}. ")
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    heading, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    yield from (tuple(row[heading.index(name)] for name in columns) for row in rows)


def layers() -> str:
    """Return the table of layers: the import contract of pyproject.toml, with what each module says of itself."""
    found = re.search(r"^layers = (\[.*?^\])", _read("pyproject.toml"), re.MULTILINE | re.DOTALL)
    if not found:
        raise LookupError("pyproject.toml has lost the layers of its import contract")
    levels = [[name.strip("() ") for name in re.split("[:|]", level)] for level in ast.literal_eval(found[1])]
    known = ((str(number), name, _charter(name)) for number, level in enumerate(levels, 1) for name in level)
    rows = ((number, code(name), charter) for number, name, charter in known if charter)
    return table(("layer", "module", "what it is"), rows)


def _charter(module: str) -> str:
    """Return the first paragraph of a module's docstring; empty where an optional module is absent."""
    folder = ROOT / "custify_connector"
    files = (path for path in (folder / f"{module}.py", folder / module / "__init__.py") if path.is_file())
    text = next((ast.get_docstring(ast.parse(file.read_text("utf-8"))) for file in files), None)
    return (text or "").split("\n\n", 1)[0]


def certification() -> dict[str, str]:
    """Return the generated parts of the page of the certification."""
    return {
        "rungs": table(("rung", "what it says", "checks"), _rungs()),
        "checks": "\n\n".join(_group(letter) for letter in dict.fromkeys(one.group for one in all_checks())),
        "mutants": "\n\n".join(_clauses()),
        "elsewhere": table(("truth", "why no check sees it", "what proves it"), _elsewhere()),
        "testbed": _fenced("python", _read("tests/certification/tiny/testbed.py").rstrip()),
    }


def _rungs() -> Iterator[Row]:
    needed = [check.rung for check in all_checks()]
    yield from ((code(rung), MEANING[rung], str(needed.count(rung))) for rung in RUNGS)


def _group(letter: str) -> str:
    rows = ((one.id, one.rung, one.title, one.message) for one in all_checks() if one.group == letter)
    return f"### {letter} {GROUPS[letter]}\n\n{table(('id', 'rung', 'what must hold', 'why, and what to do'), rows)}"


def _clauses() -> Iterator[str]:
    """Yield a heading for each hook, and a table of its clauses with the checks and mutants of each."""
    clauses = yaml.safe_load(_read("docs/clauses.yaml"))
    for hook in dict.fromkeys(one["hook"] for one in clauses):
        rows = (row for one in clauses if one["hook"] == hook for row in _proofs(one))
        heading = code(hook) if hook.isidentifier() else hook.capitalize()
        yield f"### {heading}\n\n{table(('clause', 'check', 'refuses', 'which stands for'), rows)}"


def _proofs(clause: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the mutants of each check of a clause; the clause stands in the first row alone."""
    text = clause["clause"]
    for name in clause["checks"]:
        for one in (mutant for mutant in all_mutants() if mutant.check == name):
            yield text, name, one.name.replace("_", " ").capitalize(), one.harm
            text = ""


def _elsewhere() -> Iterator[Row]:
    """Yield the truths that are a host's matter, each with the tests that prove it."""
    for one in yaml.safe_load(_read("docs/elsewhere.yaml")):
        yield one["truth"], one["reason"], ", ".join(map(code, one["tests"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
