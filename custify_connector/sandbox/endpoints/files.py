"""What is special about files.

Decided here: what is kept of an upload (not its bytes), and how files are found and unlinked.
Source: Custify's docs, Files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.listing import Scope
from custify_connector.sandbox.refusals import RefusalError, missing
from custify_connector.sandbox.rules import checked, fields

if TYPE_CHECKING:
    from email.message import Message

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_ACCOUNT = "65f0000000000000000000aa"
_OWNERS = (("companyId", "companies", "companies"), ("peopleId", "people", "peoples"))
_UNLINK = fields("fileId! companyId peopleId")


def of_owner(_: Resource, call: Call) -> Scope:
    """Choose the files of a company, of a person, with a text in the name: all that the query has."""
    wanted = (call.text("companyId"), call.text("peopleId"), call.text("searchKey"))

    def chosen(content: Content) -> list[Record]:
        return [one for one in content.table("files") if _matches(one, *wanted)]

    return Scope(wanted, chosen)


def _matches(file: Record, company: str | None, person: str | None, search: str | None) -> bool:
    return (
        (company is None or company in file["companies"])
        and (person is None or person in file["peoples"])
        and (search is None or search.casefold() in file["name"].casefold())
    )


def upload_file(_: Resource, call: Call) -> Reply:
    """Keep name, type and size of an uploaded file; an upload without a file is a conflict (409)."""
    parts = _parts(call)
    file = parts.get("file")
    if file is None or file.get_filename() is None:
        raise RefusalError(409, "the upload must be a form with a file")
    return json_reply(call.content.create("files", {**_described(file), **_links(call.content, parts)}))


def _parts(call: Call) -> dict[object, Message]:
    """Return the fields of a form by name, each byte as the Latin-1 character; none when the body is not a form."""
    from email import message_from_string  # noqa: PLC0415 - only an upload is worth what loading it costs

    head = f"Content-Type: {call.request.headers.get('content-type', '')}\r\n\r\n"
    form = message_from_string(head + call.request.body.decode("latin-1"))
    return {one.get_param("name", header="content-disposition"): one for one in form.walk() if not one.is_multipart()}


def _content(part: Message) -> bytes:
    return str(part.get_payload()).encode("latin-1")


def _described(file: Message) -> Record:
    name = (file.get_filename() or "").encode("latin-1").decode()
    extension = name.rpartition(".")[2] if "." in name else ""
    return {
        "account": _ACCOUNT,
        "name": name,
        "extension": extension,
        "mimeType": str(file.get("content-type", "application/octet-stream")),
        "size": len(_content(file)),
        "showInPortal": False,
    }


def _links(content: Content, parts: dict[object, Message]) -> Record:
    links: Record = {"companies": [], "peoples": []}
    for name, kind, field in _OWNERS:
        key = _content(parts[name]).decode() if name in parts else ""
        if key and content.table(kind).get(key) is None:
            raise missing(name)
        links[field] = [key] if key else []
    return links


def show_in_portal(_: Resource, call: Call) -> Reply:
    """Show a file in the portal, or hide it."""
    sent = checked(call.body(), fields("showInPortal:boolean!"))
    return json_reply(call.content.update("files", _known(call.content, call.arguments["id"]), sent))


def unlink_file(_: Resource, call: Call) -> Reply:
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
