# ruff: noqa: INP001 - a script, not a package
"""A dlt pipeline that reads people into JSON lines. `dlt_read.py FOLDER [tuned]`.

By dlt's defaults, nested values become columns and tables of their own, and files are compressed.
`tuned` is as quick as its options allow: nested values stay in their record, and files are not compressed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source


def main() -> None:
    """Run the pipeline."""
    folder = Path(sys.argv[1]).resolve()
    tuned = sys.argv[2:] == ["tuned"]
    dlt.config["normalize.data_writer.disable_compression"] = tuned
    configured: RESTAPIConfig = {
        "client": {
            "base_url": os.environ["CUSTIFY_BASE_URL"],
            "auth": {"type": "bearer", "token": os.environ["CUSTIFY_API_KEY"]},
        },
        "resources": [
            {
                "name": "people",
                "primary_key": "id",
                "write_disposition": "append",
                **({"max_table_nesting": 0} if tuned else {}),
                "endpoint": {
                    "path": "/people/all",
                    "params": {"itemsPerPage": 200},
                    "data_selector": "$[0].people",
                    "paginator": {"type": "page_number", "base_page": 1, "page_param": "page", "total_path": None},
                },
            }
        ],
    }
    pipeline = dlt.pipeline(
        "people",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "loaded").as_uri()),
        dataset_name="custify",
    )
    pipeline.run(rest_api_source(configured), loader_file_format="jsonl")


if __name__ == "__main__":
    main()
