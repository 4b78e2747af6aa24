"""Mutants of group D, plans: parts that are not the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from custify_connector.certification.mutating import Broken, Plugin, mutant
from custify_connector.contract import hookimpl


def with_plan(healthy: Plugin, change: Callable[[list[Any], int], list[Any]]) -> Broken:
    """Break a plan: `change` is given the healthy one, and how many parts were asked for."""

    @hookimpl
    def plan_source(credential: Mapping[str, Any], source: Mapping[str, Any], parts: int) -> list[Any]:
        return change(healthy.plan_source(credential=credential, source=source, parts=parts), parts)

    return Broken(healthy, plan_source=plan_source)


@mutant("D19")
def the_last_part_is_left_out(healthy: Plugin) -> object:
    """The cuts are counted, and not what lies between them."""
    return with_plan(healthy, lambda plan, _: plan[:-1])


@mutant("D19")
def a_part_is_given_twice(healthy: Plugin) -> object:
    """Two parts share a border, and all that lies on one side of it."""
    return with_plan(healthy, lambda plan, _: [*plan[:-1], plan[0]] if len(plan) > 1 else plan * 2)


@mutant("D19")
def there_are_more_parts_than_asked_for(healthy: Plugin) -> object:
    """The number of parts is taken for a hint."""
    return with_plan(healthy, lambda plan, parts: [*plan, *[{**plan[-1], "limit": 0}] * parts])
