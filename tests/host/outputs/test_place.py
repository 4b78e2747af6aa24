"""What a path of an output names: files are replaced, streams are written into, and addresses are refused."""

import gzip
import json
import os
import socket
import sys
import threading

import pytest

from custify_connector.checking.json_values import lines
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.outputs import Stream, Target, form_of, target_of
from custify_connector.host.outputs.place import local, place_of

ROWS = [{"id": "a", "name": "Zoë"}, {"id": "b", "name": "Łukasz"}]
FORMS = ("jsonl", "json", "csv", "tsv", "parquet")


def refused(call, *arguments):
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments)
    return str(caught.value)


def put(path, form, rows=ROWS):
    output = target_of(str(path), form, Stream("people", ("id",))).open()
    output.write(rows)
    output.finish()
    output.close()


@pytest.mark.parametrize("form", FORMS)
def test_a_device_stays_a_device(form):
    before = os.stat("/dev/null").st_mode  # noqa: PTH116 - the device itself
    put("/dev/null", form)
    assert os.stat("/dev/null").st_mode == before  # noqa: PTH116 - as above


@pytest.mark.parametrize("form", FORMS)
def test_a_pipe_gets_what_a_file_would_hold(tmp_path, form):
    pipe, file, got = tmp_path / "pipe", tmp_path / f"file.{form}", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    put(pipe, form)
    reader.join()
    put(file, form)
    assert got == [file.read_bytes()]
    assert pipe.is_fifo()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([f"file.{form}", "pipe"])


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
@pytest.mark.parametrize("form", ["duckdb", "parquet"])
def test_a_name_that_is_no_text_is_refused_where_duckdb_writes(tmp_path, form):
    assert "has a name that is not UTF-8" in refused(
        target_of, str(tmp_path / f"\udcff.{form}"), form, Stream("people")
    )
    assert list(tmp_path.iterdir()) == []


def test_an_open_descriptor_gets_the_records_behind_what_it_has(tmp_path):
    with (tmp_path / "log").open("wb", buffering=0) as stream:
        stream.write(b"before\n")
        put(f"/dev/fd/{stream.fileno()}", "jsonl")
        stream.write(b"after\n")
    assert (tmp_path / "log").read_bytes() == b"before\n" + lines(ROWS) + b"after\n"


@pytest.mark.parametrize("form", FORMS)
def test_a_link_stays_and_its_file_is_replaced(tmp_path, form):
    (tmp_path / "data").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "data" / "real")
    for _ in range(2):
        put(tmp_path / "latest", form)
    assert (tmp_path / "latest").is_symlink()
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["real"]


def test_what_no_output_can_be_is_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert "is a disk or a socket" in refused(place_of, str(tmp_path / "socket"))
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "cannot be written: Too many levels of symbolic links" in refused(place_of, str(tmp_path / "a"))
    assert "cannot be written: File name too long" in refused(place_of, "x" * 300 + ".jsonl")
    assert "is a directory: name a file in it" in refused(place_of, str(tmp_path))
    assert "cannot be written: " in refused(place_of, "nul\0.jsonl")
    assert "--output: is empty" in refused(place_of, "")


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/x.parquet", "postgresql://me:hunter2@host/db", "gs://b/x", "snowflake://me:hunter2@a/b",
     "https://me:hunter2@host/x.csv", "jdbc:postgresql://host/db?password=hunter2", "S3A://b/x.csv", "file:///tmp/x.csv"],
)  # fmt: skip
def test_an_address_is_no_local_path_and_is_not_shown(address):
    said = refused(place_of, address)
    assert said.startswith(address.partition("://")[0].lower() + "://: ")
    assert "hunter2" not in said


def test_the_home_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local("~/x.jsonl") == str(tmp_path / "x.jsonl")
    assert local("a~/x.jsonl") == "a~/x.jsonl"
    assert "write ./~nobody-here/x for a file of that name" in refused(local, "~nobody-here/x")


def test_standard_output_has_several_names():
    assert [local(name) for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")] == ["-"] * 4


@pytest.mark.parametrize(
    ("path", "chosen", "form"),
    [
        ("a.jsonl", None, "jsonl"), ("a.NDJSON", None, "jsonl"), ("a.jsonl.gz", None, "jsonl"),
        ("a.csv.gz", None, "csv"), ("a.tsv", None, "tsv"),
        ("a.json", None, "json"), ("a.json", "jsonl", "jsonl"), ("a", "csv", "csv"),
        ("a.txt", "csv", "csv"), ("a.parquet", None, "parquet"), ("a.db", None, "duckdb"),
    ],
)  # fmt: skip
def test_an_ending_says_the_form(path, chosen, form):
    assert form_of(path, chosen) == form


@pytest.mark.parametrize(
    ("path", "chosen", "said"),
    [
        ("a", None, "its ending names no known format: end it in .jsonl"),
        ("a.txt", None, "its ending names no known format"),
        ("a.xlsx", None, "end it in .csv, and add --for-excel"), ("a.xlsx", "csv", "spreadsheets are not written"),
        ("a.xlsx.gz", None, "spreadsheets are not written"), ("a.sqlite", None, "end it in .duckdb"),
        ("a.csv.zst", None, "is .gz"), ("a.parquet.gz", None, "leave out .gz"),
        ("a.gz", "duckdb", "leave out .gz"), ("a.parquet", "csv", "ends as parquet, and --format says csv"),
        ("a.csv", "duckdb", "ends as csv, and --format says duckdb"), ("a.avro", None, "end it in .parquet"),
    ],
)  # fmt: skip
def test_an_ending_of_another_form_is_refused(path, chosen, said):
    assert said in refused(form_of, path, chosen)


def test_compressed_texts_hold_the_same_bytes_each_time(tmp_path):
    for form in ("jsonl", "csv", "json", "tsv"):
        put(tmp_path / f"a.{form}", form)
        put(tmp_path / f"a.{form}.gz", form)
        packed = (tmp_path / f"a.{form}.gz").read_bytes()
        assert gzip.decompress(packed) == (tmp_path / f"a.{form}").read_bytes()
        put(tmp_path / f"b.{form}.gz", form)
        assert (tmp_path / f"b.{form}.gz").read_bytes() == packed
    assert json.loads((tmp_path / "a.json").read_bytes()) == ROWS
    put(tmp_path / "none.json", "json", [])
    assert json.loads((tmp_path / "none.json").read_bytes()) == []


def test_two_runs_cannot_write_one_file_whatever_it_is_called(tmp_path):
    (tmp_path / "latest.jsonl").symlink_to(tmp_path / "real.jsonl")
    with Target(str(tmp_path / "real.jsonl")).held():
        with pytest.raises(ConfigurationError, match="another run of custify is writing it"):
            Target(str(tmp_path / "latest.jsonl")).held().__enter__()
        with Target(str(tmp_path / "other.jsonl")).held():
            pass
    assert [each.name for each in tmp_path.iterdir()] == ["latest.jsonl"]


def test_a_full_device_is_refused_in_a_sentence():
    with pytest.raises(ConfigurationError, match="/dev/full: cannot be written: No space left on device"):
        put("/dev/full", "csv")
    output = Target("/dev/full").open()
    with pytest.raises(ConfigurationError, match="/dev/full: cannot be written: No space left on device"):
        output.write(ROWS)
    output.close()
