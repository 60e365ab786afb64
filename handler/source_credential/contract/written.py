"""What is written in a value of a template, functions and all: for the lint and the CDK's construct.

The provider gets no functions, so this does not ship to Lambda: handler/build.py leaves it out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

# CloudFormation puts the parameter's value in place of it, in a custom resource too.
RESOLVED: Final = re.compile(r"\{\{resolve:ssm:[^{}]+\}\}")
# What these functions are given is a name, or part of one.
_BY_NAME: Final = ("Ref", "Fn::GetAtt", "Fn::ImportValue")


def texts(node: Any, gap: str) -> Iterator[str]:  # noqa: ANN401 - a template's values are of any type
    """Yield the texts that are written in a node, without names, and with a gap for what CloudFormation resolves.

    The name of a parameter, a resource or an export is no value, whatever it begins with.
    """
    if isinstance(node, str):
        yield RESOLVED.sub(gap, node)
    elif isinstance(node, Mapping):
        for key, inner in node.items():
            if key not in _BY_NAME:
                yield from texts(inner, gap)
    elif isinstance(node, list):
        for inner in node:
            yield from texts(inner, gap)
