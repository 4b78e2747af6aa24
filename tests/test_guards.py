"""Promises that no single module can keep: what the package names, documents, imports, exports, hides and ships."""

import ast
import copy
import functools
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
import zipfile
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import custify_connector
from custify_connector import contract, manifest
from custify_connector.exchange import credential
from custify_connector.host import examining
from custify_connector.manifest import resources
from custify_connector.plugin import Connector

PACKAGE = Path(custify_connector.__file__).parent
ROOT = PACKAGE.parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
OF_ONE_SERVICE = ("sandbox/", "sandbox_testbed/", "adapters", "cli/sandbox.py", "cli/demo.py", "cli/export.py")
"""The emulator, its testbed, the adapters, and the commands that show them: they speak of one service's endpoints."""

OLDEST = examining.OLDEST_PYTHON

NAMES = {*manifest.load().sources, *manifest.load().destinations}


def named(path):
    return str(path.relative_to(PACKAGE))


@functools.cache
def parsed(path):
    return ast.parse(path.read_text("utf-8"), named(path))


def docstrings(tree):
    """Return the nodes that are documentation: a text that stands as a statement."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def words(tree):
    """Yield every text and identifier of a module, documentation aside."""
    documentation = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
        for attribute in ("id", "attr", "arg", "name"):
            word = getattr(node, attribute, None)
            if isinstance(word, str) and hasattr(node, "lineno"):
                yield node.lineno, word


def test_no_endpoint_is_named_in_the_package():
    """An endpoint is an entry of the manifest and a schema; a module that knew one would be a second list."""
    neutral = [path for path in SOURCES if not named(path).startswith(OF_ONE_SERVICE)]
    found = [(named(path), line, word) for path in neutral for line, word in words(parsed(path)) if word in NAMES]
    assert found == []


def test_files_are_locked_in_one_way_that_every_system_has():
    assert [named(path) for path in SOURCES if {"fcntl", "msvcrt"} & {*imported(parsed(path))}] == []


def test_databases_are_opened_and_files_replaced_in_one_place():
    calls = ("sqlite3.connect(", "tempfile.mkstemp(", "NamedTemporaryFile(dir", "os.replace(", "os.fsync(")
    found = {named(path) for path in SOURCES if any(call in path.read_text("utf-8") for call in calls)}
    assert found == {"storage/database.py", "storage/atomic.py"}


def bound(tree):
    """Return the public names that a module binds itself: classes, functions, values and types."""
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    names = {node.name for node in public(tree.body)} | {
        target.id for target in targets if isinstance(target, ast.Name)
    }
    return {name for name in names if not name.startswith("_")}


def test_what_a_package_offers_stands_in_its_all():
    hidden = {}
    for path in sorted(PACKAGE.glob("*/__init__.py")):
        offered = getattr(importlib.import_module(f"custify_connector.{path.parent.name}"), "__all__", ())
        hidden[path.parent.name] = bound(parsed(path)) - set(offered)
    assert {name: names for name, names in hidden.items() if names} == {}


def test_the_contract_exports_every_public_name_of_its_modules():
    modules = (PACKAGE / "contract").glob("*.py")
    named_there = set().union(*(bound(parsed(path)) for path in modules if path.stem != "testbed"))
    assert named_there == set(contract.__all__)
    assert [name for name in contract.__all__ if not hasattr(contract, name)] == []


def first_paragraph(path):
    return (ast.get_docstring(parsed(path)) or "").split("\n\n")[0].rstrip()


def test_every_module_opens_with_a_sentence():
    assert [named(path) for path in SOURCES if not first_paragraph(path).endswith((".", "!", "`"))] == []


def is_written_for(path, version):
    try:
        ast.parse(path.read_text("utf-8"), feature_version=version)
    except SyntaxError:
        return False
    return True


def test_every_module_is_written_for_the_oldest_python_that_is_promised():
    """Its grammar is held here, on any Python; the names that it takes from the library by mypy's `python_version`."""
    assert [named(path) for path in SOURCES if not is_written_for(path, OLDEST)] == []


def test_the_oldest_python_is_the_same_wherever_it_is_named():
    settings, oldest = (ROOT / "pyproject.toml").read_text("utf-8"), f"{OLDEST[0]}.{OLDEST[1]}"
    assert f'requires-python = ">={oldest}"' in settings
    assert f'python_version = "{oldest}"' in settings
    assert f'target-version = "py{OLDEST[0]}{OLDEST[1]}"' in settings
    assert f"OLDEST := {oldest}\n" in (ROOT / "Makefile").read_text("utf-8")
    assert f"With Python {oldest} or newer" in (ROOT / "README.md").read_text("utf-8")


def test_a_process_of_its_own_runs_the_package_that_is_tested(tmp_path):
    """Where another copy is installed, tests that start commands judge that one: pip install --editable . fixes it."""
    code = "import custify_connector; print(custify_connector.__file__)"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert Path(done.stdout.strip()).parent == PACKAGE


def public(nodes):
    """Yield the public functions and classes among nodes; a property's setter is documented by the property."""
    for node in nodes:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if not any(isinstance(one, ast.Attribute) and one.attr == "setter" for one in node.decorator_list):
            yield node


def definitions(tree):
    """Yield every public function and class of a module, and every public method."""
    for node in public(tree.body):
        yield node
        yield from public(node.body if isinstance(node, ast.ClassDef) else ())


def test_every_public_function_and_class_says_what_it_does():
    public_ones = [(path, node) for path in SOURCES for node in definitions(parsed(path))]
    assert [f"{named(path)}: {node.name}" for path, node in public_ones if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("hook", contract.HOOKS)
def test_every_hook_is_documented_and_implemented(hook):
    assert inspect.getdoc(getattr(contract.ConnectorHooks, hook))
    assert inspect.getdoc(getattr(contract.NamedConnector, hook))
    assert getattr(Connector, hook).connector_impl
    named_by_contract = inspect.signature(getattr(contract.ConnectorHooks, hook))
    assert list(inspect.signature(getattr(Connector, hook)).parameters) == list(named_by_contract.parameters)


def test_the_hooks_are_those_of_the_contract():
    specified = {name for name, value in vars(contract.ConnectorHooks).items() if hasattr(value, "connector_spec")}
    assert specified == set(contract.HOOKS)


def imported(tree):
    """Yield every module that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def tops(path):
    return {name.partition(".")[0] for name in imported(parsed(path))}


def test_only_transport_and_its_connections_speak_to_the_network():
    """And in the harness: two broken connectors to be caught at it, and the servers for testbeds and recordings.

    What waits for PostgreSQL sends nothing: it closes the socket of a database that answers no request to stop.
    """
    speaking = {"requests", "urllib3", "http", "socket", "ssl", "asyncio"}
    others = [path for path in SOURCES if not named(path).startswith("sandbox/")]
    assert [named(path) for path in others if tops(path) & speaking] == [
        "certification/emulation.py",
        "certification/listening.py",
        "certification/mutants/faults.py",
        "certification/replaying.py",
        "certification/telephone.py",
        "exchange/connections.py",
        "exchange/transport.py",
        "host/outputs/postgres_waiting.py",
    ]


def test_the_contract_knows_no_connector():
    """Its modules import the standard library, pluggy and one another, and the testbed nothing of the others."""
    names = {name for path in (PACKAGE / "contract").glob("*.py") for name in imported(parsed(path))}
    others = {name for name in names if name.partition(".")[0] not in {*sys.stdlib_module_names, "pluggy"}}
    assert {name for name in others if not name.startswith("custify_connector.contract.")} == set()
    assert tops(PACKAGE / "contract" / "testbed.py") <= sys.stdlib_module_names


def test_the_sandbox_imports_nothing_of_the_connector():
    own = "custify_connector.sandbox"
    names = {name for path in (PACKAGE / "sandbox").rglob("*.py") for name in imported(parsed(path))}
    assert [name for name in names if name.startswith("custify_connector") and not name.startswith(own)] == []


def modules():
    found = pkgutil.walk_packages(custify_connector.__path__, "custify_connector.")
    return [one.name for one in found if not one.name.endswith("__main__")]


OF_HOSTS = {"singer_sdk", "dlt", "drt", "pyspark", "pyarrow"}
"""What an adapter may ask for beyond the connector's own needs: each is an extra, and tested inside the host."""


def missing_exports(name):
    """Yield what a module exports and does not have, and what hinders its import: a host's package may be missing."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith("custify_connector.adapters.") or (error.name or "").partition(".")[0] not in OF_HOSTS:
            yield f"{name}: {error}"
    else:
        yield from (f"{name}.{one}" for one in getattr(module, "__all__", ()) if not hasattr(module, one))


def test_every_module_can_be_imported_and_exports_what_it_says():
    assert [missing for name in modules() for missing in missing_exports(name)] == []


def test_only_the_commands_that_export_or_load_through_a_host_import_an_adapter():
    """A host loads its adapter itself; the core would not know which."""
    own = "custify_connector.adapters"
    others = [path for path in SOURCES if not named(path).startswith("adapters/")]
    assert [named(path) for path in others if any(name.startswith(own) for name in imported(parsed(path)))] == [
        "cli/export.py",
        "cli/read_dlt.py",
    ]


@pytest.fixture
def checked(canary):
    """Return a checked credential whose key is the canary."""
    return credential.check({"name": "n", "api_key": canary, "base_url": "http://localhost:1"}, manifest.load())


@pytest.mark.parametrize("show", [repr, str, "{0}".format, "%s".__mod__, vars, lambda one: [one]])
def test_a_credential_never_shows_its_key(checked, canary, show):
    assert canary not in repr(show(checked))
    assert canary not in str(show(copy.deepcopy(checked)))


def test_a_credential_cannot_be_pickled(checked):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(checked, protocol)


def test_an_editable_install_finds_the_manifest_and_the_schemas():
    assert resources.root() == ROOT
    assert resources.schema("credential")["title"]


def shipped():
    """Return what a wheel must hold: modules, manifest, schemas, the demo's data, pages and templates; no more."""
    suffixes = {".py", ".csv", ".txt", ".typed", ".html", ".css", ".js", ".svg", ".LICENSE"}
    kept = [one for one in PACKAGE.rglob("*") if one.suffix in suffixes]
    names = {f"custify_connector/{one.relative_to(PACKAGE).as_posix()}" for one in kept}
    schemas = {f"custify_connector/{one.relative_to(ROOT).as_posix()}" for one in (ROOT / "schemas").rglob("*.json")}
    return {"custify_connector/connector.yaml", *names, *schemas}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build a wheel, as the release does."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    pytest.importorskip("build")
    subprocess.run([sys.executable, *words], check=True, capture_output=True)  # noqa: S603 - our own build
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_a_wheel_holds_the_package_the_manifest_and_the_schemas(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == shipped()


@pytest.mark.slow
def test_a_wheel_away_from_the_checkout_finds_its_own_manifest(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "import custify_connector\nfrom custify_connector.manifest import resources\n"
        "from custify_connector.plugin import connector\n"
        "print(custify_connector.__file__, resources.root(), len(connector.describe()['sources']))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    file, root, count = done.stdout.split()
    assert (Path(file).parent, Path(root)) == (tmp_path / "custify_connector", tmp_path / "custify_connector")
    assert int(count) == len(manifest.load().sources)


def test_the_extra_all_is_every_other_extra():
    needed = list(map(Requirement, requires("custify-connector")))

    def of(extra):
        return {one.name for one in needed if one.marker and one.marker.evaluate({"extra": extra})}

    others = set(metadata("custify-connector").get_all("Provides-Extra")) - {"all"}
    assert of("all") == set().union(*map(of, others))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_extras_can_live_in_one_environment():
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", f"{ROOT}[all]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip, on this project
    assert done.returncode == 0, done.stderr
