"""The truths that are not a connector's to hold: each with its reason, and the tests that prove it instead.

They are matters of a host or of an adapter, which the contract cannot see; the documentation lists them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    """One truth that is proved elsewhere: what it is, why no check of a connector can see it, and what proves it.

    `tests` are files of tests, or single tests in them (`file::name`).
    """

    id: str
    truth: str
    reason: str
    tests: tuple[str, ...]

    @property
    def proof(self) -> str:
        """The tests, as a reader gets them."""
        return ", ".join(f"`{test}`" for test in self.tests)


_SOURCE = "tests/adapters/test_airbyte_source.py::"
_DESTINATION = "tests/adapters/test_airbyte_destination.py::"
_ENDINGS = "tests/faults/test_endings.py::"
_DRT = "tests/hosts/drt-core/test_drt.py::"

ELSEWHERE = (
    Elsewhere(
        "A9",
        "The same credential schema appears in every adapter",
        "a connector of the contract does not know which adapters draw its form",
        (
            f"{_SOURCE}test_the_specification_is_the_credential_with_its_secret_marked_and_open",
            f"{_DESTINATION}test_the_specification_has_the_credential_and_the_modes",
            "tests/hosts/singer/test_meltano.py::test_about_shows_the_credential_of_the_connector",
            "tests/hosts/dlthub/test_dlt.py::test_the_credential_has_the_fields_of_the_connector",
            f"{_DRT}test_the_configuration_has_the_fields_of_the_credential",
        ),
    ),
    Elsewhere(
        "D10",
        "Statuses come in order, and a stream that failed is called incomplete",
        "the contract has batches and exceptions; statuses are a host's words for them",
        (
            f"{_SOURCE}test_several_streams_are_read_each_with_its_statuses_states_and_counts",
            f"{_SOURCE}test_one_stream_that_fails_leaves_the_others_whole",
        ),
    ),
    Elsewhere(
        "F8, pipes",
        "A pipe that is full or broken ends nothing but the run, and quietly",
        "the contract hands over values; a pipe is between a process and its host",
        (
            f"{_SOURCE}test_a_host_that_closes_the_pipe_ends_the_read_without_a_traceback",
            f"{_ENDINGS}test_a_broken_pipe_ends_quietly",
        ),
    ),
    Elsewhere(
        "F9",
        "Asked to end, a run finishes what is under way, keeps its state and ends cleanly",
        "signals go to a process, and a connector is a part of its host's",
        (
            f"{_ENDINGS}test_a_write_that_is_asked_to_end_finishes_what_is_under_way_and_can_be_gone_on_with",
            f"{_ENDINGS}test_a_read_that_is_asked_to_end_keeps_its_state_and_can_be_gone_on_with",
            f"{_DESTINATION}test_a_signal_lets_what_is_under_way_end_and_says_so",
        ),
    ),
    Elsewhere(
        "G5",
        "A rejected record is safe on a disk before the state moves",
        "a connector hands over receipts; to keep the records, and the states, is the host's part",
        (
            "tests/host/test_quarantine.py::test_a_record_is_on_the_disk_when_it_was_added",
            f"{_DESTINATION}test_a_bad_row_stops_nothing_and_is_kept_with_its_reason",
            f"{_DESTINATION}test_without_a_quarantine_the_first_bad_row_ends_the_sync_and_no_state_passes_it",
        ),
    ),
    Elsewhere(
        "G23",
        "A mirror deletes only what this connector created",
        "the contract has no mirror: it deletes what it is handed, and the adapters refuse a host that asks for more",
        (
            "tests/hosts/spark/test_writing.py::test_overwriting_is_refused",
            f"{_DRT}test_a_match_policy_that_custify_cannot_keep_is_refused_before_the_first_request",
        ),
    ),
    Elsewhere(
        "G24",
        "A state is given back only after the records before it are decided, and several in their order",
        "a destination of the contract is handed records and no states",
        (
            f"{_DESTINATION}test_rows_arrive_and_each_state_comes_back_in_order_with_its_counts",
            f"{_DESTINATION}test_a_state_waits_for_the_records_before_it_alone",
            f"{_DESTINATION}test_rows_that_were_not_tried_hold_the_states_back",
        ),
    ),
    Elsewhere(
        "H, messages",
        "A record before its schema, and a message of an unknown kind, is told of and not swallowed",
        "the contract has mappings and no messages",
        (
            f"{_DESTINATION}test_messages_of_unknown_kinds_are_told_of_once_and_others_passed_over",
            f"{_DESTINATION}test_what_is_no_message_ends_the_write_after_all_that_came_before",
            "tests/hosts/singer/test_meltano.py::test_a_message_that_makes_no_sense_ends_the_target_with_its_reason",
            "tests/hosts/singer/test_suites.py",
        ),
    ),
    Elsewhere(
        "G25, a batch that never ends",
        "A batch that is never finished is given up in time, and none of its records is called sent",
        "no setting of the contract says how long to wait, so a check would have to wait as long as the connector does",
        (
            "tests/writing/test_batch.py::test_a_batch_that_never_ends_is_left_when_the_time_is_up_and_not_long_after",
            "tests/faults/test_writing.py::test_a_batch_that_never_ends_is_left_when_its_time_is_up",
        ),
    ),
    Elsewhere(
        "I",
        "Each adapter works in the real host, and passes that host's own suite",
        "another host's process, format and suite stand between the check and the connector",
        (
            "tests/hosts/airbyte/test_pyairbyte.py",
            "tests/hosts/airbyte/test_standard_suite.py",
            "tests/hosts/singer/test_meltano.py",
            "tests/hosts/singer/test_suites.py",
            "tests/hosts/dlthub/test_dlt.py",
            "tests/hosts/drt-core/test_drt.py",
            "tests/hosts/spark/test_reading.py",
            "tests/hosts/spark/test_writing.py",
        ),
    ),
    Elsewhere(
        "J, exit codes",
        "The exit codes of the command are stable",
        "the contract has hooks and no command",
        (
            "tests/cli/test_commands.py::test_every_error_has_its_sentence_and_its_exit_code",
            "tests/cli/test_commands.py::test_bad_usage_is_exit_code_2_without_a_traceback",
        ),
    ),
)
