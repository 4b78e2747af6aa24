"""The executables of the adapters, run inside the test's own process."""

import gc
import io
import sys

import pytest


@pytest.fixture
def executed(own_budgets, monkeypatch, capsys):  # noqa: ARG001 - a process begins without budgets
    """Run an executable's `main`; return its exit code and its output. Nothing may go to standard error."""
    thresholds = gc.get_threshold()

    def ran(main, *words, given=b""):
        output = io.BytesIO()
        with monkeypatch.context() as streams:
            streams.setattr(sys, "argv", [main.__module__, *words])
            streams.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
            streams.setattr(sys, "stdout", io.TextIOWrapper(output, write_through=True))
            with pytest.raises(SystemExit) as ended:
                main()
            content = output.getvalue()
        assert capsys.readouterr().err == ""
        return ended.value.code, content

    yield ran
    gc.set_threshold(*thresholds)
