# ruff: noqa: INP001 - a script, not a package
"""A tap on singer-sdk that reads people, as small as its guide makes one. `singer_tap.py --config FILE`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import PageNumberPaginator

if TYPE_CHECKING:
    import requests

PAGE = 200
TEXTS = ("id", "user_id", "email", "name", "phone", "signed_up_at", "last_seen_at", "created_at", "updated_at")


class Pages(PageNumberPaginator):
    """Goes on until a page is empty, which it sees without decoding the page a second time."""

    def has_more(self, response: requests.Response) -> bool:
        """Return whether a page has records."""
        return not response.content.startswith(b'[{"people":[]')


class People(RESTStream[int]):
    """The people of an account."""

    name = "people"
    path = "/people/all"
    records_jsonpath = "$[0].people[*]"
    primary_keys: ClassVar[tuple[str, ...]] = ("id",)
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *(th.Property(name, th.StringType) for name in TEXTS),
        th.Property("session_count", th.IntegerType),
        th.Property("unsubscribed_from_emails", th.BooleanType),
        th.Property("unsubscribed_from_calls", th.BooleanType),
        th.Property("companies", th.ArrayType(th.StringType)),
        th.Property("tags", th.ArrayType(th.StringType)),
        th.Property("custom_attributes", th.ObjectType(additional_properties=True)),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """Return the address of the API."""
        return str(self.config["base_url"])

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """Return the credential."""
        return BearerTokenAuthenticator(token=self.config["api_key"])

    def get_new_paginator(self) -> Pages:
        """Return a paginator at the first page."""
        return Pages(1)

    def get_url_params(self, context: object, next_page_token: int | None) -> dict[str, Any]:  # noqa: ARG002 - theirs
        """Return the query for a page."""
        return {"itemsPerPage": PAGE, "page": next_page_token}


class CustifyTap(Tap):
    """One stream."""

    name = "tap-custify"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the stream."""
        return [People(self)]


if __name__ == "__main__":
    CustifyTap.cli()
