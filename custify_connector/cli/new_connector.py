"""`custify certify --init`: answers from options, or from a person at a terminal, to the files of a new connector."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import click

from custify_connector.certification import generating


def write_connector(name: str, answers: tuple[str, ...], directory: Path | None) -> None:
    """Write the files of a new connector; UsageError for a bad answer, or where a directory is in the way."""
    if name == "custify":  # the default of the command, and installed already
        raise click.UsageError("--init: name the new connector, as in custify certify --init notes")
    folder = directory or Path(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(f"--directory: {folder} exists and is not empty; name another")
    try:
        texts = generating.programs(generating.Answers(name, **_answered(answers)))
    except ValueError as error:
        raise click.UsageError(f"--init: {error}") from None
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
        click.echo(f"{folder / path}: {len(text.splitlines())} lines")
    click.echo("Next:")
    released = folder / f"{name}_connector" / "released.json"
    click.echo(f"  {shlex.join(['pip', 'install', '--editable', str(folder)])}")
    click.echo(f"  {shlex.join(['custify', 'certify', name, '--release', str(released)])}")
    click.echo(f"  custify certify {name}")


def _answered(answers: tuple[str, ...]) -> dict[str, str]:
    """Return the answers that were given, and on a terminal those that were asked for."""
    given = dict(one.partition("=")[::2] for one in answers)
    unknown = sorted(given.keys() - generating.QUESTIONS.keys())
    if unknown:
        raise click.UsageError(f"--answer: unknown word {unknown[0]!r} (known: {', '.join(generating.QUESTIONS)})")
    if sys.stdin.isatty():
        for word in (one for one in generating.QUESTIONS if one not in given):
            defaults = asdict(generating.completed(generating.Answers("service", **given)))
            given[word] = click.prompt(generating.QUESTIONS[word], default=defaults[word])
    return given
