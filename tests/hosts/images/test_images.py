"""The Containerfile: its steps, done in a folder in place of a container, make commands that run.

No image is built: the base image is in a registry, and tests leave this machine for package indexes alone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARIES = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
"""What this environment holds stands for what an index would give: the builder, and what the connector needs."""

TARGETS = {"command": "custify", "source": "source-custify", "destination": "destination-custify"}


@pytest.fixture(scope="session")
def stages(checkout):
    """Return the instructions of each stage, continued lines joined, as (word, rest)."""
    text = re.sub(r"\\\n\s*", "", (checkout / "Containerfile").read_text("utf-8"))
    found = {}
    for line in (line for line in text.splitlines() if line and not line.startswith("#")):
        word, rest = line.split(None, 1)
        if word == "FROM":
            base, _, name = rest.rpartition(" AS ")
            found[name] = [("FROM", base)]
        elif found:
            found[name].append((word, rest))
    return found


@pytest.fixture(scope="session")
def built(stages, checkout, tmp_path_factory):
    """Do the steps of the stage `build`: copy what it copies, and run what it runs; return where the commands are."""
    root = tmp_path_factory.mktemp("image")
    for word, rest in stages["build"]:
        if word == "COPY":
            copied(checkout, rest.split(), root)
        if word == "RUN":
            offline = "install --no-index --no-deps --no-build-isolation --ignore-installed"
            command = rest.replace("/opt/", f"{root}/opt/").replace("/source", f"{root}/source")
            command = command.replace("python3 ", f"{sys.executable} ").replace(" install ", f" {offline} ", 1)
            done = subprocess.run(  # noqa: S603 - of the file
                ["/bin/sh", "-ec", command],
                env={**os.environ, "PYTHONPATH": LIBRARIES},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    return root / "opt" / "custify" / "bin"


def copied(checkout, words, root):
    """Copy as COPY does: files into a folder, a folder's content into a folder."""
    *sources, target = words
    for source in sources:
        if (checkout / source).is_dir():
            shutil.copytree(checkout / source, f"{root}{target}")
        else:
            place = Path(f"{root}{target}") / (Path(source).name if target.endswith("/") or len(sources) > 1 else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(checkout / source, place)


def run(built, name, *words):
    """Run a command of the image with nothing of this environment but its libraries; return the lines it printed."""
    own = next(built.parent.glob("lib/python*/site-packages"))
    environment = {"PATH": f"{built}:/usr/bin:/bin", "PYTHONPATH": os.pathsep.join([str(own), LIBRARIES])}
    command = [str(built / name), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_image_runs_its_command_as_a_user_that_is_not_root(stages):
    users = [rest for word, rest in stages["runtime"] if word == "USER"]
    assert users == ["10001:10001"], "a number, so that a cluster can see that it is not root"
    for name, command in TARGETS.items():
        instructions = dict(stages[name])
        assert instructions["FROM"] == "runtime"
        assert "USER" not in instructions
        assert json.loads(instructions["ENTRYPOINT"]) == [command]


def test_the_commands_of_the_images_are_installed_by_what_is_copied(built, custify):
    assert run(built, "custify", "--version")[0].startswith("custify, version")
    account = {"name": "image", "api_key": custify.api_key, "base_url": custify.base_url}
    (built / "config.json").write_text(json.dumps(account))
    config = ("--config", str(built / "config.json"))
    for command in ("source-custify", "destination-custify"):
        spec = json.loads(run(built, command, "spec")[0])["spec"]
        assert "api_key" in spec["connectionSpecification"]["properties"]
        checked = json.loads(run(built, command, "check", *config)[-1])
        assert checked["connectionStatus"]["status"] == "SUCCEEDED"
    found = json.loads(run(built, "source-custify", "discover", *config)[-1])
    assert "people" in {stream["name"] for stream in found["catalog"]["streams"]}
