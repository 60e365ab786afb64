"""Stacks to put credentials into, and what becomes of them. Run by the environment that has the CDK: .tools/cdk."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

TYPE = "Custom::SourceCredential"


@pytest.fixture
def stack() -> Stack:
    """Return a stack whose account and region only the deployment knows."""
    return Stack(App(), "consumer")


@pytest.fixture
def stack_of_an_account() -> Stack:
    """Return a stack of an account and region that are known."""
    return Stack(App(), "consumer", env=Environment(account="111122223333", region="eu-west-1"))


@pytest.fixture
def resource() -> Callable[[Stack], dict[str, Any]]:
    """Return what gives the one credential of a stack, as it stands in the template."""

    def of(stack: Stack) -> dict[str, Any]:
        [found] = Template.from_stack(stack).find_resources(TYPE).values()
        return dict(found)

    return of


@pytest.fixture
def refusal() -> Callable[[Stack], str]:
    """Return what gives the text with which the synthesis of a stack fails."""

    def of(stack: Stack) -> str:
        with pytest.raises(RuntimeError) as failure:
            Template.from_stack(stack)
        return str(failure.value)

    return of
