"""GoREST emulated: its users, as https://gorest.co.in documents them, and nothing of the connector."""

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from custify_connector.certification.emulation import EmulatedService, Reply, served
from custify_connector.contract.testbed import Credentials, NotOffered, Release, WriteCase

STREAM, DESTINATION, PATH = "users", "upsert_user", "/public/v2/users"
USER = {"name": "", "email": "", "gender": "female", "status": "active"}
GOOD, FORBIDDEN, BAD = "testbed-good", "testbed-may-nothing", "testbed-unknown"
_SIZE, _PAGE, _PAGE_CAP = 12, 5, 100
_RELEASED = Path(__file__).with_name("released.json")


class Content:
    """The users, newest first, and how GoREST answers."""

    def __init__(self, setup):
        self.setup, self.users, self._asked, self._next = setup, [], 0, 7000
        self.change(creates=setup.sizes.get(STREAM, _SIZE))

    def answer(self, call):
        """Answer an accepted request."""
        number = call.path.removeprefix(f"{PATH}/")
        if call.path == PATH:
            return self._created(call.body) if call.method == "POST" else self._listed(call.query)
        found = [user for user in self.users if str(user["id"]) == number]
        if not found or call.method not in {"PATCH", "PUT"}:
            return Reply(404, {"message": "Resource not found"})
        return self._stored(found[0], {**found[0], **call.body}, 200)

    def refuse(self, call):
        """Return the refusal of a request without a token that may do this."""
        token = {name.lower(): value for name, value in call.headers.items()}.get("authorization", "")
        status = {f"Bearer {GOOD}": None, f"Bearer {FORBIDDEN}": 403}.get(token, 401)
        return Reply(status, {"message": "Invalid token"}) if status else None

    def change(self, creates=0, updates=0, deletes=0, fields=None):
        """Create, update and delete so many users now."""
        updated, made = self.users[:updates], []
        for _ in range(creates):
            self._next += 1
            made.append({"id": self._next, **USER, "name": f"User {self._next}", "email": f"{self._next}@example.com"})
        for user in updated:
            user["name"] += " II"
        for user in [*made, *updated]:
            user.update(fields or {})
        del self.users[len(self.users) - deletes :]
        self.users[:0] = reversed(made)

    def _listed(self, query):
        if "email" in query:
            return Reply(200, [user for user in self.users if query["email"][0] in user["email"]])
        self._drift()
        size = min(int(query.get("per_page", ["10"])[0]), self.setup.page_cap or _PAGE)
        page = int(query.get("page", ["1"])[0])
        users = self.users[(page - 1) * size : page * size]
        quirks = self.setup.quirks
        if "bare_object" in quirks and page == 1 and len(users) == 1:
            return Reply(200, users[0])
        if "missing_past_end" in quirks and page > 1 and not users:
            return Reply(404, {"message": "Resource not found"})
        total = len(self.users) + ("high_total" in quirks) - ("low_total" in quirks)
        return Reply(200, users, {} if "no_total" in quirks else {"X-Pagination-Total": str(total)})

    def _drift(self):
        drift, self._asked = self.setup.drift, self._asked + 1
        if drift and self._asked % drift.every == 0:
            self.change(drift.creates, drift.updates, drift.deletes)

    def _created(self, body):
        self._next += 1
        return self._stored({}, {"id": self._next, **body}, 201)

    def _stored(self, before, user, status):
        """Store a user, or answer 422 with every field at fault."""
        others = [one["email"] for one in self.users if one is not before]
        faults = [{"field": name, "message": "can't be blank"} for name in USER if not user.get(name)]
        faults += [{"field": "email", "message": "has already been taken"}] if user.get("email") in others else []
        if faults:
            return Reply(422, faults)
        before.update(user)
        self.users[:0] = [] if any(one is before for one in self.users) else [before]
        return Reply(status, before)


class Emulated(EmulatedService):
    """A running service, as a judge sees it."""

    streams = (STREAM,)

    def __init__(self, content, server, other):
        super().__init__(server, other)
        self._content = content
        limit = content.setup.rate_limit
        self._settings = {"rate_limit": {"requests": limit.requests, "seconds": limit.seconds} if limit else None}
        self.write_cases = (
            WriteCase(
                DESTINATION,
                {"endpoint": DESTINATION, "settings": self._settings},
                make=lambda n: {**USER, "name": f"Made {n}", "email": f"made{n}@example.com"},
                key=("email",),
                invalid={**USER, "name": 7, "email": "invalid@example.com"},
                nameless={name: value for name, value in {**USER, "name": "No address"}.items() if name != "email"},
                changed="name",
                adds={"id": ()},
            ),
        )

    @property
    def credentials(self):
        """One key may do everything, one nothing, one is unknown."""
        url = f"{self.server.url}/public/v2"
        good, bad, forbidden = ({"url": url, "key": key} for key in (GOOD, BAD, FORBIDDEN))
        unanswered = {
            "unreachable": {**good, "url": "http://127.0.0.1:9"},
            "tls_error": {**good, "url": url.replace("http:", "https:")},
        }
        return Credentials(good, bad, (GOOD, BAD, FORBIDDEN), forbidden, unanswered, frozenset({"url"}))

    def source(self, stream):
        """Return the stream, at the pace that the service allows here."""
        return {"endpoint": stream, "settings": self._settings}

    def truth(self, _stream):
        """Return all records."""
        return [dict(user) for user in self._content.users]

    def held(self, _case):
        """Return all records: there is one destination, and it writes to the one stream."""
        return [dict(user) for user in self._content.users]

    def change(self, _stream, *, creates=0, updates=0, deletes=0, fields=None):
        """Change the content now."""
        self._content.change(creates, updates, deletes, fields)

    def settings(self, *, in_flight=None, timeout_seconds=None, shared_budget=None):  # noqa: ARG002 - always one
        """Return settings: one request is under way at a time, whatever is asked for."""
        if shared_budget:
            raise NotOffered("the connector shares no limit between processes")
        return {"timeout_seconds": timeout_seconds} if timeout_seconds else {}

    def released(self):
        """Return the last release: custify certify gorest --release writes the file."""
        if not _RELEASED.is_file():
            raise NotOffered(f"no release is stored: custify certify gorest --release {_RELEASED.name}")
        return Release(**json.loads(_RELEASED.read_bytes()))


@contextmanager
def open_service(setup):
    """Start the service as the setup asks."""
    offered = {"bare_object", "missing_past_end", "no_total", "low_total", "high_total"}
    if setup.quirks - offered or setup.sizes.keys() - {STREAM}:
        raise NotOffered(f"the service has no quirks but {', '.join(sorted(offered))}, and holds {STREAM} alone")
    content = Content(replace(setup, page_cap=setup.page_cap or _PAGE))
    with served(content.answer, content.refuse, setup) as (server, other):
        yield Emulated(content, server, other)
