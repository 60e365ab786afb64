"""The dashboard of the template with the numbers of a week: each widget with all that is to be drawn.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local import provider
from local.cloudformation_template import Stack
from local.embedded_aws import EmbeddedAws
from local.ministack import REGION
from pictures.digest import digest
from pictures.log_query import rows
from pictures.numbers import Queues, hand_over, of_functions, own
from pictures.series import Metric, NoNumbers, metric, series, state
from pictures.week import HOURS, Week, log

Template = Mapping[str, Any]


def body(template: Template) -> dict[str, Any]:
    """Return the dashboard's body as the provider's stack on the embedded AWS has it."""
    read: dict[str, Any] = json.loads(_stack(template).properties("Dashboard")["DashboardBody"])
    return read


def source(template: Template) -> str:
    """Return what tells this dashboard from another one: of its body, and of the alarms that it shows."""
    shown = body(template)
    return digest([shown, [_stack(template).properties(name) for name in _alarms(shown["widgets"])]])


def metrics(widgets: Sequence[Mapping[str, Any]]) -> set[Metric]:
    """Return each metric that widgets name."""
    return {metric(row) for widget in widgets for row in widget["properties"].get("metrics", [])}


def live(template: Template) -> dict[str, Any]:
    """Let the provider live a week on the embedded AWS, and return the dashboard then, as the drawing takes it.

    It takes four minutes. Raises NoNumbers, UnknownQuery, DidNotStart, CommandFailed.
    """
    with tempfile.TemporaryDirectory(prefix="source-credential-pictures-") as folder, EmbeddedAws() as aws:
        provider.build(Path(folder), provider.build_environment())
        # The Git provider that plays GitHub Enterprise runs on this machine.
        provider.deploy(aws, Path(folder), parameters={"AllowPrivateServerUrls": "true"})
        queues = Queues(aws)
        begin = Week(aws).live(queues.count)
        written = log(aws)
        numbers = list(own(written))
        hand_over(aws, [*numbers, *of_functions(written), *queues.numbers])
        named = {name for _, name, _ in metrics(body(template)["widgets"])}
        if unnamed := {number.name for number in numbers} - named:
            raise NoNumbers(f"the run has written what the dashboard does not show: {', '.join(sorted(unnamed))}")
        return picture(template, aws, begin, written)


def picture(template: Template, aws: EmbeddedAws, begin: float, written: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the drawing takes. begin: when the week began, in seconds since the epoch. written: the log.

    Raises NoNumbers, and UnknownQuery.
    """
    widgets = []
    for widget in body(template)["widgets"]:
        properties = widget["properties"]
        shown = {name: widget[name] for name in ("type", "x", "y", "width", "height")}
        shown |= {name: value for name, value in properties.items() if name in ("title", "markdown", "yAxis")}
        match widget["type"]:
            case "alarm":
                alarms = {name: _stack(template).properties(name) for name in _alarms([widget])}
                shown["alarms"] = [[name, state(alarm, aws, begin)] for name, alarm in alarms.items()]
            case "metric":
                shown["annotations"] = properties.get("annotations", {}).get("horizontal", [])
                shown["series"] = [
                    line for row in properties["metrics"] for line in series(row, properties, aws, begin)
                ]
            case "log":
                shown["columns"], shown["rows"] = rows(properties["query"], written, begin)
        widgets.append(shown)
    return {"hours": HOURS, "widgets": widgets, "source": source(template)}


def _stack(template: Template) -> Stack:
    return Stack(template, where={"AWS::StackName": provider.STACK_NAME, "AWS::Region": REGION})


def _alarms(widgets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the logical ids of the alarms that widgets show."""
    shown = [arn for widget in widgets for arn in widget["properties"].get("alarms", [])]
    return [arn.strip("<>").removesuffix(".Arn") for arn in shown]
