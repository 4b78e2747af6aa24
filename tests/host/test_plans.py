"""The file of a plan: what is written can be read, whatever its texts are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import plans
from custify_connector.manifest import resources

SCHEMA = resources.schema("load")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
WRITES = st.fixed_dictionaries(
    {"endpoint": TEXT, "file": TEXT},
    optional={
        "map": st.lists(TEXT),
        "empty": st.sampled_from(["absent", "null", "text"]),
        "params": st.dictionaries(TEXT, TEXT | st.booleans() | st.integers(-(2**53), 2**53) | st.none()),
    },
)


@given(
    st.fixed_dictionaries({"writes": st.lists(WRITES, min_size=1)}, optional={"credential": TEXT, "quarantine": TEXT})
)
def test_a_plan_that_is_written_is_read_as_it_was(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    path.write_text(plans.text_of(document), encoding="utf-8")
    assert plans.read(path, SCHEMA) == document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("writes: []", "writes: must not be empty"),
        ("credential: acme", "needs one of"),
        ("reads: [{endpoints: [people]}]", "output: is required"),
        ("reads: [{endpoints: [--state], output: x}]", "reads[0]"),
        ("reads: [{all: true, endpoints: [people], output: x}]", "reads[0]"),
        ("writes: [{endpoint: e, file: f}]\non_failure: echo", "on_failure: must be array, not text"),
        ("writes: [{endpoint: e, file: f, endpont: e}]", "unknown field"),
    ],
)
def test_a_plan_that_says_nothing_usable_is_refused_with_its_place(tmp_path, text, said):
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        plans.read(tmp_path / "plan.yaml", SCHEMA)
    assert said in str(caught.value)


def test_a_plan_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("writes: [{endpoint: é}]".encode("latin-1"))
    for name, said in (("latin.yaml", "is not UTF-8"), ("missing.yaml", "cannot be opened")):
        with pytest.raises(ConfigurationError, match=said):
            plans.read(tmp_path / name, SCHEMA)
