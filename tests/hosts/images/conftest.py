"""The images, built by buildah as the Containerfile says, on a base of Debian's packages, and run without a daemon."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TARGETS = ("command", "source", "destination")
TOOLS = ("buildah", "mmdebstrap")
ENVIRONMENT = Path(sys.prefix)
CONFIGURATION = "[global]\nno-index = true\nfind-links = /wheels\n"


@pytest.fixture(scope="session")
def buildah(tmp_path_factory):
    """Return a runner of buildah with a store of its own; it needs neither a daemon nor namespaces of the kernel."""
    for missing in (tool for tool in TOOLS if not shutil.which(tool)):
        pytest.skip(f"this machine has no {missing}, which builds the images: apt-get install {' '.join(TOOLS)}")
    store = tmp_path_factory.mktemp("store")
    places = ["--root", str(store / "root"), "--runroot", str(store / "run")]

    def run(*words, check=True, **ways):
        command = ["buildah", *places, *words]
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **ways)  # noqa: S603 - Debian's
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done

    run.begin = [*("buildah", *places), "run", "--isolation", "chroot"]
    yield run
    run("umount", "--all")
    run("rm", "--all")


@pytest.fixture(scope="session")
def build(buildah, checkout, tmp_path_factory):
    """Return a function that builds a target; what it installs comes from downloaded wheels."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "Containerfile").write_text("FROM scratch\nADD base.tar /\n")
    (folder / "pip.conf").write_text(CONFIGURATION)
    (folder / "base.tar").symlink_to(ENVIRONMENT / "base.tar")
    base = Path(os.path.realpath(folder / "base.tar")).parent
    buildah("bud", "--file", str(folder / "Containerfile"), "--tag", "localhost/base", str(base))

    def built(target, *options):
        wheels = f"{ENVIRONMENT / 'wheels'}:/wheels:ro"
        mounted = ["--volume", wheels, "--volume", f"{folder / 'pip.conf'}:/etc/pip.conf:ro"]
        given = ["--build-arg", "BASE=localhost/base", "--timestamp", "0", "--target", target, *mounted, *options]
        return buildah("bud", "--quiet", *given, str(checkout)).stdout.split()[-1]

    return built


@pytest.fixture(scope="session")
def images(build):
    """Return the identifier of each image."""
    return {target: build(target, "--layers") for target in TARGETS}


@pytest.fixture(scope="session")
def inspected(buildah, images):
    """Return a function that reads the configuration of an image, as an engine sees it."""

    @functools.cache
    def read(target):
        return json.loads(buildah("inspect", "--type", "image", images[target]).stdout)["OCIv1"]["config"]

    return read


class Container:
    """A container of an image: what an engine would start, with a folder at /data."""

    def __init__(self, buildah, image, configuration, data):
        self._buildah, self._configuration, self._data = buildah, configuration, data
        self._name = buildah("from", image).stdout.strip()

    def words(self, *arguments, entrypoint=None, **variables):
        """Return buildah's words that start the container."""
        given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        mounted = ["--volume", f"{self._data}:/data"]
        command = [*(entrypoint or self._configuration["Entrypoint"]), *arguments]
        return [*given, *mounted, self._name, "--", *command]

    def run(self, *arguments, code=0, **ways):
        """Run it to its end, which must have this exit code (None: any), and return what it printed."""
        text = ways.pop("input", None)
        done = self._buildah("run", "--isolation", "chroot", *self.words(*arguments, **ways), check=False, input=text)
        assert code in {None, done.returncode}, done.stdout + done.stderr
        return done.stdout

    def begin(self, *arguments, **ways):
        """Start it in a session of its own, and return its process."""
        command = [*self._buildah.begin, *self.words(*arguments, **ways)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, text=True, start_new_session=True, **pipes)  # noqa: S603 - Debian's


@pytest.fixture
def container(buildah, images, inspected, tmp_path):
    """Return a function that makes a container of an image; its folder at /data belongs to the image's user."""
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)

    def made(target):
        one = Container(buildah, images[target], inspected(target), data)
        one.data = data
        return one

    return made


@pytest.fixture
def end():
    """Return a function that asks a process and all that it started to end, and what it printed."""

    def ended(process):
        os.killpg(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        return out, err

    return ended
