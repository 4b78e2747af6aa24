"""The operations of the API, gathered from the files beside this one.

Decided here: that all of them are served. Each file decides the operations of one kind of object.
"""

from __future__ import annotations

from custify_connector.sandbox.routing import Router

from . import (
    batch,
    comments,
    companies,
    configuration,
    custom_data,
    events,
    files,
    financial,
    meetings,
    notes,
    objectives,
    people,
    surveys,
    tags,
    tasks,
    tickets,
    time_tracks,
    undocumented,
)

MODULES = (
    people,
    companies,
    events,
    batch,
    custom_data,
    financial,
    notes,
    comments,
    tags,
    tasks,
    tickets,
    files,
    surveys,
    meetings,
    time_tracks,
    objectives,
    configuration,
    undocumented,
)


def router() -> Router:
    """Return what finds the operation for a method and a path."""
    return Router(route for module in MODULES for route in module.ROUTES)
