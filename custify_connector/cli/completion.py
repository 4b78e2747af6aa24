"""`custify completion`: the script that makes a shell complete what is typed."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from custify_connector.cli.options import exit_codes
from custify_connector.contract.errors import ConfigurationError, Fault

_VARIABLE = "_CUSTIFY_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@exit_codes
def command(shell: str) -> None:
    """Print what makes your shell complete commands, endpoints, parameters, credentials, states and runs.

    Put the line that fits your shell where it is read at start (~/.bashrc, ~/.zshrc, ~/.config/fish/config.fish):

    \b
    eval "$(custify completion bash)"
    eval "$(custify completion zsh)"
    custify completion fish | source
    """  # noqa: D301 - click reads \b
    from custify_connector.cli import main  # noqa: PLC0415 - it imports this file in turn

    made = get_completion_class(shell)
    if made is None:
        raise ConfigurationError((Fault("shell", f"there is no completion for {shell}"),))
    click.echo(made(main, {}, "custify", _VARIABLE).source())
