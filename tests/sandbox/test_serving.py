import ast
import http.client
import io
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import custify_connector.sandbox
from custify_connector.sandbox import Settings, serve
from custify_connector.sandbox.__main__ import main
from custify_connector.sandbox.state import parse_rate

PACKAGE = Path(custify_connector.sandbox.__file__).parent


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_the_command_serves_until_it_is_asked_to_end(name):
    options = [
        "--port",
        "0",
        "--people",
        "30",
        "--companies",
        "3",
        "--seed",
        "2",
        "--api-key",
        "k",
        "--rate-limit",
        "2/60",
        "--latency",
        "0",
    ]
    command = [sys.executable, "-m", "custify_connector.sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own code
        ready = json.loads(process.stdout.readline())
        assert ready["api_key"] == "k"
        connection = http.client.HTTPConnection(ready["base_url"].removeprefix("http://"))
        statuses = []
        for _ in range(3):
            connection.request("GET", "/people/all", headers={"Authorization": "Bearer k"})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        connection.close()
        process.send_signal(getattr(signal, name))
        output, errors = process.communicate(timeout=5)
    assert statuses == [200, 200, 429]
    assert (process.returncode, output, errors) == (0, "", "")


def test_serving_prints_one_line_and_ends_on_a_signal(monkeypatch):
    output = io.StringIO()

    def tell():
        while not output.getvalue():
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(sys, "stdout", output)
    teller = threading.Thread(target=tell)
    teller.start()
    try:
        main(["--people", "1", "--companies", "1", "--rate-limit", "none"])
    finally:
        teller.join()
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert json.loads(output.getvalue())["base_url"].startswith("http://127.0.0.1:")
    assert output.getvalue().count("\n") == 1
    assert callable(serve)
    assert Settings().rate_limit == (100, 10.0)


@pytest.mark.parametrize(("text", "rate"), [("100/10", (100, 10.0)), ("5/0.5", (5, 0.5)), ("none", None)])
def test_a_rate_is_written_as_requests_per_seconds(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["100", "0/10", "5/0", "many", "a/b"])
def test_a_rate_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_rate(text)


def test_the_sandbox_imports_nothing_of_the_connector():
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                root = name.partition(".")[0]
                known = name.startswith("custify_connector.sandbox") or root in sys.stdlib_module_names
                assert known or root in {"orjson", "typing_extensions"}, f"{file.name} imports {name}"
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level <= len(file.relative_to(PACKAGE).parts), file.name


def test_importing_the_sandbox_brings_no_heavy_modules():
    heavy = ("http.server", "email", "ssl", "asyncio", "requests")
    code = f"import sys; import custify_connector.sandbox; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "[]"
