"""Serves the console on loopback until it is interrupted, and opens a browser at its one-time link.

Decides where it listens: on 127.0.0.1, never elsewhere.
"""

from __future__ import annotations

import logging
import secrets
import signal
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custify_connector.console.application import application
from custify_connector.console.asking import Console
from custify_connector.console.catalog import Catalog
from custify_connector.console.folder import Folder
from custify_connector.console.guarding import Gate
from custify_connector.console.screens import quarantine
from custify_connector.console.started import Commands
from custify_connector.contract import plugin_manager
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import home
from custify_connector.storage import atomic

if TYPE_CHECKING:
    import pluggy
    import uvicorn

_HOST = "127.0.0.1"
_LEADING = """<!doctype html><meta charset="utf-8"><title>Custify console</title>
<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url={link}">
<p><a href="{link}">Open the console</a></p>"""


def console_of(folder: Path, port: int, manager: pluggy.PluginManager | None = None) -> Console:
    """Return a console for a folder, with every connector of a manager: those that are installed, if none is given."""
    root = folder.resolve()
    if not root.is_dir():
        raise ConfigurationError((Fault("--folder", f"{folder} is not a folder"),))
    catalog = Catalog(manager or plugin_manager())
    return Console(Folder(root), catalog, Gate(port), Commands(root))


def settings_of(port: int) -> uvicorn.Config:
    """Return how the server listens and what it leaves unsaid; the application is set once the port is known."""
    import uvicorn  # noqa: PLC0415 - 100 ms, and only here

    return uvicorn.Config(
        lambda: None, _HOST, port, log_config=None, access_log=False, server_header=False, proxy_headers=False,
        ws="none",
    )  # fmt: skip


def serve(folder: Path, port: int, *, browser: bool, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `tell` is given the link, which works once. Port 0 takes a free one.

    Raises ConfigurationError when the port cannot be opened.
    """
    import uvicorn  # noqa: PLC0415 - 100 ms, and only here

    config = settings_of(port)
    logger = logging.getLogger("uvicorn.error")
    logger.disabled = True  # what cannot be opened is said here, once
    try:
        socket = config.bind_socket()
    except SystemExit:
        raise ConfigurationError((Fault("--port", f"{port} cannot be opened: choose another"),)) from None
    finally:
        logger.disabled = False
    with socket:
        socket.listen()  # who follows the link before the server has started waits, and is not refused
        console = console_of(folder, socket.getsockname()[1])
        config.app = application(console)
        link = f"http://{_HOST}:{console.gate.port}/?token={console.gate.token}"
        tell(link)
        with _opening(link) if browser else nullcontext():
            _run(uvicorn.Server(config), socket, console)


@contextmanager
def _opening(link: str) -> Iterator[None]:
    """Let a browser open the link meanwhile, without it among the words of a process, which every user can see.

    The browser is given a file that its owner alone can read and that leads to the link. One that only returns when it
    is closed keeps nothing waiting.
    """
    path = home.made("console") / f"open-{secrets.token_hex(8)}.html"
    atomic.replace(path, _LEADING.format(link=link).encode(), private=True)
    try:
        threading.Thread(target=_open, args=(path.as_uri(),), daemon=True).start()
        yield
    finally:
        path.unlink(missing_ok=True)


def _open(address: str) -> None:
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(address)


def _run(server: uvicorn.Server, socket: Any, console: Console) -> None:  # noqa: ANN401 - only transport imports sockets
    # What uvicorn was ended by, it raises again once it has ended: both signals leave by the same way then.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[socket])
    finally:
        console.commands.close()
        quarantine.settle(console)
        signal.signal(signal.SIGTERM, before)
