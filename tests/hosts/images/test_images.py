"""The images of the Containerfile: what they hold, what they run, and as whom."""

import json
import re
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement

COMMANDS = {"command": "custify", "source": "source-custify", "destination": "destination-custify"}
LIMIT_MB = 200


@pytest.fixture
def account(custify):
    """Return the settings of the credential, as variables."""
    return {"CUSTIFY_API_KEY": custify.api_key, "CUSTIFY_BASE_URL": custify.base_url}


@pytest.fixture
def airbyte(container, custify):
    """Return a runner of a connector of Airbyte with a configuration; it returns the messages."""

    def run(target, *words, given=None, **more):
        box = container(target)
        config = {"name": "image", "api_key": custify.api_key, "base_url": custify.base_url, **more}
        (box.data / "config.json").write_text(json.dumps(config))
        said = box.run(*words, input=given)
        assert custify.api_key not in said
        return [json.loads(line) for line in said.splitlines()]

    return run


def catalog(streams, mode):
    chosen = {"sync_mode": "full_refresh", "destination_sync_mode": mode}
    return json.dumps({"streams": [{"stream": stream, **chosen} for stream in streams]})


@pytest.mark.parametrize("target", COMMANDS)
def test_an_image_runs_its_command_as_a_user_that_is_not_root_and_owns_nothing_but_its_folder(
    container, inspected, target
):
    assert inspected(target)["User"] == "10001:10001", "a number, so that a cluster can see that it is not root"
    assert inspected(target)["Entrypoint"] == [COMMANDS[target]]
    box = container(target)
    assert box.run(entrypoint=["id", "-u"]).strip() == "10001"
    writable = box.run(entrypoint=["find", "/opt", "/usr", "/etc", "-not", "-type", "l", "-writable"], code=None)
    assert writable == ""
    assert box.run(entrypoint=["find", "/opt/custify", "-name", "pip"]) == ""


def test_the_command_reads_all_of_an_account_and_keeps_the_state_in_its_folder(container, custify, account, figures):
    box = container("command")
    words = ("read", "--all", "--output", "/data/crm.duckdb", "--json")
    first, second = (json.loads(box.run(*words, **account)) for _ in range(2))
    people = len(custify.content("people"))
    assert {one["stream"]: one["records"] for one in first["streams"]}["people"] == people
    assert {one["stream"]: one["records"] for one in second["streams"]}["people"] == 0
    assert custify.api_key not in json.dumps([first, second])
    assert "home" in box.run(entrypoint=["ls", "/data"]).split()
    figures["streams"], figures["second run"] = len(first["streams"]), 0


def test_the_demonstration_runs_inside(container):
    box = container("command")
    box.run("demo", "--help")
    box.run("demo")


def test_a_refused_key_ends_the_container_with_3(container, account):
    container("command").run("read", "people", code=3, **account | {"CUSTIFY_API_KEY": "another"})


def test_the_source_specifies_checks_discovers_and_reads(airbyte, container, custify, figures):
    spec = airbyte("source", "spec")[-1]["spec"]
    assert "api_key" in spec["connectionSpecification"]["properties"]
    config = ("--config", "/data/config.json")
    assert airbyte("source", "check", *config)[-1]["connectionStatus"]["status"] == "SUCCEEDED"
    found = airbyte("source", "discover", *config)[-1]["catalog"]["streams"]
    chosen = [stream for stream in found if stream["name"] in {"people", "companies"}]
    (container("source").data / "catalog.json").write_text(catalog(chosen, "append"))
    messages = airbyte("source", "read", *config, "--catalog", "/data/catalog.json")
    streams = [one["record"]["stream"] for one in messages if one["type"] == "RECORD"]
    read = {name: streams.count(name) for name in ("people", "companies")}
    assert read == {name: len(custify.content(name)) for name in read}
    figures["records"] = len(streams)


def test_the_destination_specifies_checks_and_writes(airbyte, container, custify, figures):
    spec = airbyte("destination", "spec")[-1]["spec"]
    assert spec["supported_destination_sync_modes"]
    config = ("--config", "/data/config.json")
    assert airbyte("destination", "check", *config)[-1]["connectionStatus"]["status"] == "SUCCEEDED"
    data = container("destination").data
    (data / "catalog.json").write_text(catalog([{"name": "upsert_person", "json_schema": {}}], "append"))
    rows = [{"user_id": "image-1"}, {"email": "x" * 300}]
    records = [{"type": "RECORD", "record": {"stream": "upsert_person", "data": row, "emitted_at": 1}} for row in rows]
    ended = {"stream_descriptor": {"name": "upsert_person"}, "status": "COMPLETE"}
    trace = {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": ended}}
    given = "".join(f"{json.dumps(one)}\n" for one in [*records, trace])
    words = ("write", *config, "--catalog", "/data/catalog.json")
    airbyte("destination", *words, given=given, quarantine="/data/rejected.jsonl")
    assert "image-1" in {one.get("user_id") for one in custify.content("people")}
    assert len((data / "rejected.jsonl").read_text("utf-8").splitlines()) == 1
    figures["rejected"], figures["rejected rows went to"] = 1, "the quarantine file"


@pytest.mark.parametrize("target", COMMANDS)
def test_an_image_is_small_to_fetch(buildah, images, tmp_path, figures, target):
    buildah("push", "--quiet", images[target], f"oci-archive:{tmp_path}/image.tar")
    packed = (tmp_path / "image.tar").stat().st_size / 1e6
    unpacked = buildah("images", "--format", "{{.Size}}", images[target]).stdout.strip()
    assert packed < LIMIT_MB
    figures[f"image {target}"] = f"{packed:.0f} MB to fetch, {unpacked} unpacked"


def test_the_same_sources_give_the_same_layers(buildah, build, images):
    def layers(image):
        return json.loads(buildah("inspect", "--type", "image", image).stdout)["OCIv1"]["rootfs"]["diff_ids"]

    assert layers(build("source", "--layers", "--no-cache")) == layers(images["source"])


def test_what_the_images_hold_fits_what_the_connector_requires(checkout):
    text = (checkout / "containers" / "constraints.txt").read_text("utf-8")
    pinned = dict(line.split("==") for line in text.splitlines() if not line.startswith("#"))
    needed = [Requirement(text) for text in requires("custify-connector")]
    extras = ("", "duckdb", "postgres")
    held = [one for one in needed if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in extras)]
    assert {re.sub("[_.]", "-", one.name.lower()) for one in held} <= set(pinned)
    for one in held:
        assert pinned[one.name.lower()] in one.specifier, one
