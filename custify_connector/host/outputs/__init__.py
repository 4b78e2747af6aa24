"""Where records go: text, Parquet, or a table of a DuckDB or PostgreSQL database; one module for each form.

Every form is first written as JSON lines beside its final place, batch by batch, and takes its place in one step when
the run has finished: a run that fails leaves the old data whole. These files do not know what the records are.
"""

from custify_connector.host.outputs.form import FORMS, Form, form_of, text_form
from custify_connector.host.outputs.lines import FileOutput, Output, Publish, StagedOutput
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.target import Target, target_of, target_of_run

__all__ = [
    "FORMS",
    "FileOutput",
    "Form",
    "Output",
    "Publish",
    "StagedOutput",
    "Stream",
    "Target",
    "form_of",
    "target_of",
    "target_of_run",
    "text_form",
]
