"""What the provider would refuse is told when an app is synthesised: by the provider's own contract, in its words.

Some values only the deployment knows: parameters, attributes of resources, conditions. Only what is wrong whatever
these come to is told.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import fastjsonschema
import jsii
from constructs import IValidation
from fastjsonschema.exceptions import JsonSchemaValuesException

from source_credential.contract.problems import Problem, SchemaError, explained
from source_credential.contract.schema import SCHEMA

# The properties whose keyword is not their name in snake case, since it may be another construct.
_KEYWORDS: Final = {"SecretId": "secret", "RoleArn": "role", "ServiceToken": "provider"}

# CloudFormation puts the parameter's value in place of it, in a custom resource too.
_RESOLVED: Final = re.compile(r"\{\{resolve:ssm:[^{}]+\}\}")
# What these functions are given is a name, or part of one.
_BY_NAME: Final = ("Ref", "Fn::GetAtt", "Fn::ImportValue")

_OF_EVERY_TEXT: Final = frozenset(
    SCHEMA["definitions"][name]["x-problem"] for name in ("notToken", "notOldToken", "notReference")
)

_validate = fastjsonschema.compile(SCHEMA, use_default=False, fast_fail=False)


@jsii.implements(IValidation)
class ContractCheck:
    """Checks the properties of one resource, when the CDK asks for it."""

    def __init__(self, properties: Callable[[], Mapping[str, Any]]) -> None:
        """properties: gives them as they will stand in the template, by their names there."""
        self._properties = properties

    def validate(self) -> list[str]:
        """Return what is wrong, a line a property, of which no value is repeated."""
        return [
            f"{keyword(name)} ({name}): {problem}.{' ' if remedy else ''}{remedy}"
            for name, problem, remedy in problems_in_template(self._properties())
        ]


def keyword(name: str) -> str:
    """Return the keyword of the construct that sets a property."""
    return _KEYWORDS.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def problems_in_template(properties: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with properties as they stand in a template, with functions for what is not known yet.

    A problem is told if it is there with the functions in their place and without them, since a function may come to
    AWS::NoValue. What no property may hold is looked for in the texts inside the functions, too.
    """
    known = {name: value for name, value in properties.items() if _is_known(value)}
    remain = _problems(properties)
    certain = [problem for problem in _problems(known) if problem in remain]
    hidden = [
        problem
        for name in properties.keys() - known.keys()
        for text in _texts(properties[name])
        for problem in _problems({name: text})
        if problem.problem in _OF_EVERY_TEXT
    ]
    return certain + sorted(set(hidden))


def _problems(properties: Mapping[str, Any]) -> list[Problem]:
    try:
        _validate(properties)
    except JsonSchemaValuesException as failure:
        return explained(
            SchemaError(str(error.rule), error.definition, error.path[-1], error.value) for error in failure.errors
        )
    return []


def _is_known(value: object) -> bool:
    return not isinstance(value, dict) and not (isinstance(value, str) and _RESOLVED.search(value))


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a function's arguments, without what CloudFormation resolves in it, and without names."""
    if isinstance(value, str):
        yield _RESOLVED.sub(" ", value)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in _BY_NAME:
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
