"""What the provider would refuse is told when an app is synthesised: by the provider's own contract, in its words.

Some values only the deployment knows: parameters, attributes of resources, conditions. Only what is wrong whatever
these come to is told.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import jsii
from constructs import IValidation

from source_credential.contract.problems import Problem
from source_credential.contract.schema import SCHEMA
from source_credential.contract.validation import problems
from source_credential.contract.written import RESOLVED, texts

# The properties whose keyword is not their name in snake case, since it may be another construct.
_KEYWORDS: Final = {"SecretId": "secret", "RoleArn": "role", "ServiceToken": "provider"}

_OF_EVERY_TEXT: Final = frozenset(
    SCHEMA["definitions"][name]["x-problem"] for name in ("notToken", "notOldToken", "notReference")
)

# In place of what CloudFormation resolves.
_GAP: Final = " "


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
    remain = problems(properties)
    certain = [problem for problem in problems(known) if problem in remain]
    hidden = [
        problem
        for name in properties.keys() - known.keys()
        for text in texts(properties[name], _GAP)
        for problem in problems({name: text})
        if problem.problem in _OF_EVERY_TEXT
    ]
    return certain + sorted(set(hidden))


def _is_known(value: object) -> bool:
    return not isinstance(value, dict) and not (isinstance(value, str) and RESOLVED.search(value))
