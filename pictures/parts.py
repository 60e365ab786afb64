"""What the template is made of, as a graph: its resources, the services they use, and what goes from where to where.

Read out of template.yaml. What no template says is added by hand: how CloudFormation and the Git providers come in.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from local.cloudformation_template import Stack

# Everything that a parameter may add is there: keys, other accounts, a topic for the alarms.
_PARAMETERS: Final = {
    "KmsKeyArns": "arn:aws:kms:eu-west-1:111122223333:key/1",
    "TargetRoleArns": "arn:aws:iam::444455556666:role/target",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:alarms",
}
# Permissions, and the ARN's second address: parts of the resource that they are for.
_NO_PARTS: Final = ("AWS::IAM::Role", "AWS::SQS::QueuePolicy", "AWS::SSM::Parameter")
_ALARMS: Final = "alarms"
_ONE_SERVICE: Final = {"codestar-connections": "codeconnections"}  # the older name

Types = Mapping[str, str]  # of resources, by their logical ids


class Arrow(NamedTuple):
    """What goes from one part to another: an event, a message, a call, a number."""

    source: str
    target: str


def parts(template: dict[str, Any]) -> set[Arrow]:
    """Return all arrows. A part is a logical id, a service by its name in IAM, or `alarms` for all of them.

    template: as `local.cloudformation_template.load` returns it.
    """
    stack = Stack(template, _PARAMETERS)
    types = {name: resource["Type"] for name, resource in template["Resources"].items()}
    found = set[Arrow]()
    for name, kind in types.items():
        if kind not in _NO_PARTS:
            found |= set(_READ.get(kind, _of_other)(stack, types, name))
    functions = [name for name, kind in types.items() if kind == "AWS::Serverless::Function"]
    found |= {Arrow("stack", "cloudformation")}
    found |= {Arrow("cloudformation", "SourceCredentialFunction"), Arrow("SourceCredentialFunction", "cloudformation")}
    found |= {Arrow(name, "git-provider") for name in functions}
    return {arrow for arrow in found if arrow.source != arrow.target}


def _of_function(stack: Stack, types: Types, name: str) -> Iterator[Arrow]:
    properties = stack.properties(name)
    for source in _named(types, properties.pop("Events", {})):
        yield Arrow(source, name)
    role = stack.properties(properties["Role"].strip("<>").partition(".")[0])
    for target in _named(types, properties) | _named(types, role["Policies"]) | _services(role):
        yield Arrow(name, target)


def _of_alarm(stack: Stack, types: Types, name: str) -> Iterator[Arrow]:
    properties = stack.properties(name)
    for watched in _named(types, properties) or {"LogGroup"}:  # a metric of ours is in the log
        yield Arrow(watched, _ALARMS)
    for topic in properties["AlarmActions"]:
        yield Arrow(_ALARMS, topic.split(":")[2])


def _of_dashboard(stack: Stack, types: Types, name: str) -> Iterator[Arrow]:
    for shown in _named(types, stack.properties(name)) | {"LogGroup"}:  # the same
        yield Arrow(_ALARMS if types[shown] == "AWS::CloudWatch::Alarm" else shown, name)


def _of_rule(stack: Stack, types: Types, name: str) -> Iterator[Arrow]:
    properties = stack.properties(name)
    for source in properties.get("EventPattern", {}).get("source", ["aws.schedule"]):
        yield Arrow(source.removeprefix("aws."), name)
    yield from _of_other(stack, types, name)


def _of_other(stack: Stack, types: Types, name: str) -> Iterator[Arrow]:
    for target in _named(types, stack.properties(name)):
        yield Arrow(name, target)


_READ: Final[Mapping[str, Callable[[Stack, Types, str], Iterator[Arrow]]]] = {
    "AWS::Serverless::Function": _of_function,
    "AWS::CloudWatch::Alarm": _of_alarm,
    "AWS::CloudWatch::Dashboard": _of_dashboard,
    "AWS::Events::Rule": _of_rule,
}


def _named(types: Types, value: object) -> set[str]:
    """Return the resources that a value names, other than those that are no parts."""
    named = re.findall(r"<(\w+)(?=[.>])", json.dumps(value))
    return {name for name in named if name in types and types[name] not in _NO_PARTS}


def _services(role: dict[str, Any]) -> set[str]:
    """Return the services outside the stack that a role's permissions are for."""
    found = set()
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        if "<" not in json.dumps(statement["Resource"]):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            found |= {action.partition(":")[0] for action in actions}
    return {_ONE_SERVICE.get(service, service) for service in found}
