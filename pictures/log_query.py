"""The dashboard's query of the log, run over the log of a run: the part of CloudWatch Logs Insights that it uses.

The embedded AWS runs such queries too, but knows neither `or` nor `coalesce` (MiniStack 1.5.33).
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_FIELD: Final = re.compile(r"(?:coalesce\((?P<first>@?\w+), (?P<second>@?\w+)\) as (?P<name>\w+)|(?P<field>@?\w+))")
_CONDITION: Final = re.compile(r"(?P<field>@?\w+) (?P<how>=|like) '(?P<text>[^']*)'")

Record = Mapping[str, Any]


class UnknownQuery(ValueError):
    """The query has something that is not known here; the text says what."""


def rows(query: str, log: Sequence[Record], begin: float) -> tuple[list[str], list[list[str]]]:
    """Return the columns, and the rows that the query finds in the log.

    log: events as CloudWatch Logs has them. begin: when the week began, in seconds since the epoch: what came before is
    left out, and a time is told as its day and hour. Raises UnknownQuery.
    """
    commands = [command.strip() for command in query.split("|")][1:]
    kinds = [command.partition(" ")[0] for command in commands]
    if kinds != ["fields", "filter", "sort", "limit"] or commands[2] != "sort @timestamp desc":
        raise UnknownQuery(f"not fields, filter, sort @timestamp desc and limit: {query}")
    fields = [_matched(_FIELD, each.strip()) for each in re.split(r",(?![^(]*\))", commands[0].removeprefix("fields "))]
    conditions = [_matched(_CONDITION, each) for each in commands[1].removeprefix("filter ").split(" or ")]
    newest_first = sorted(log, key=lambda event: event["timestamp"], reverse=True)
    records = [_record(event, begin) for event in newest_first if event["timestamp"] >= 1000 * begin]
    found = [record for record in records if any(_holds(condition, record) for condition in conditions)]
    limit = int(commands[3].removeprefix("limit "))
    columns = [field["name"] or field["field"] for field in fields]
    return columns, [[_value(field, record) for field in fields] for record in found[:limit]]


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise UnknownQuery(f"not known: {text}")
    return found


def _record(event: Record, begin: float) -> Record:
    """Return an event with the members of its line, when that is JSON; Insights finds these by itself."""
    hour = int(event["timestamp"] / 1000 - begin)
    try:
        members = json.loads(event["message"])
    except ValueError:
        members = {}
    when = f"day {hour // 24 + 1}, {hour % 24:02}:00"
    return {**(members if isinstance(members, dict) else {}), "@timestamp": when, "@message": event["message"]}


def _holds(condition: re.Match[str], record: Record) -> bool:
    value = str(record.get(condition["field"], ""))
    return condition["text"] in value if condition["how"] == "like" else condition["text"] == value


def _value(field: re.Match[str], record: Record) -> str:
    names = [field["first"], field["second"]] if field["name"] else [field["field"]]
    return next((str(record[name]) for name in names if name in record), "")
