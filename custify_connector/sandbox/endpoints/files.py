"""The operations on files.

Decided here: what is kept of an upload (not its bytes), and how files are found and unlinked.
Source: Custify's docs, Files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.multipart import parts_of
from custify_connector.sandbox.refusals import RefusalError, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.multipart import Part
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_ACCOUNT = "65f0000000000000000000aa"
_LISTING = Listing("files", "files")
_OWNERS = (("companyId", "companies", "companies"), ("peopleId", "people", "peoples"))
_UNLINK = {"fileId": Rule(required=True), "companyId": Rule(), "peopleId": Rule()}


def list_files(call: Call) -> Reply:
    """Answer the page of files that is asked for: of a company, of a person, with a text in the name."""
    wanted = (call.text("companyId"), call.text("peopleId"), call.text("searchKey"))

    def chosen(content: Content) -> list[Record]:
        return [one for one in content.table("files") if _matches(one, *wanted)]

    return listed(call, _LISTING, Scope(wanted, chosen))


def _matches(file: Record, company: str | None, person: str | None, search: str | None) -> bool:
    return (
        (company is None or company in file["companies"])
        and (person is None or person in file["peoples"])
        and (search is None or search.casefold() in file["name"].casefold())
    )


def upload_file(call: Call) -> Reply:
    """Keep name, type and size of an uploaded file; an upload without a file is a conflict (409)."""
    parts = parts_of(call.request.headers.get("content-type", ""), call.request.body)
    file = parts.get("file")
    if file is None or file.filename is None:
        raise RefusalError(409, "the upload must be a form with a file")
    return json_reply(call.content.create("files", {**_described(file), **_links(call.content, parts)}))


def _described(file: Part) -> Record:
    name = file.filename or ""
    extension = name.rpartition(".")[2] if "." in name else ""
    return {
        "account": _ACCOUNT,
        "name": name,
        "extension": extension,
        "mimeType": file.content_type or "application/octet-stream",
        "size": len(file.content),
        "showInPortal": False,
    }


def _links(content: Content, parts: dict[str, Part]) -> Record:
    links: Record = {"companies": [], "peoples": []}
    for name, kind, field in _OWNERS:
        key = parts[name].content.decode() if name in parts else ""
        if key and content.table(kind).get(key) is None:
            raise missing(name)
        links[field] = [key] if key else []
    return links


def show_in_portal(call: Call) -> Reply:
    """Show a file in the portal, or hide it."""
    sent = checked(call.body(), {"showInPortal": Rule("boolean", required=True)})
    return json_reply(call.content.update("files", _known(call.content, call.arguments["id"]), sent))


def unlink_file(call: Call) -> Reply:
    """Unlink a file from a company or person; from all when neither is named."""
    sent = checked(call.body(), _UNLINK)
    file = _known(call.content, sent["fileId"])
    named = any(sent.get(name) for name, _, _ in _OWNERS)
    changes = {field: [key for key in file[field] if named and key != sent.get(name)] for name, _, field in _OWNERS}
    call.content.update("files", file, changes)
    return json_reply({"message": "file unlinked"})


def _known(content: Content, key: str) -> Record:
    file = content.table("files").get(key)
    if file is None:
        raise missing("file")
    return file


ROUTES = (
    Route("GET", "/file", list_files),
    Route("POST", "/file", upload_file),
    Route("PUT", "/file/{id}/showInPortal", show_in_portal),
    Route("POST", "/file/unlink", unlink_file),
)
