"""How the provider is found."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import NestedStack, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_secretsmanager import Secret

from source_credential_cdk import AuthType, ServerType, SourceCredential, SourceCredentialProvider

Resource = Callable[[Stack], dict[str, Any]]

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:provider"
GITHUB: Any = {
    "server_type": ServerType.GITHUB,
    "auth_type": AuthType.PERSONAL_ACCESS_TOKEN,
    "secret": "codebuild/github",
}
PROVIDERS_TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@pytest.mark.parametrize(
    ("provider", "service_token"),
    [
        (None, {"Fn::ImportValue": "SourceCredentialProvider"}),
        (SourceCredentialProvider.from_export_name(), {"Fn::ImportValue": "SourceCredentialProvider"}),
        (SourceCredentialProvider.from_export_name("Second"), {"Fn::ImportValue": "Second"}),
        (SourceCredentialProvider.from_function_arn(FUNCTION_ARN), FUNCTION_ARN),
    ],
    ids=["default", "export", "another export", "ARN"],
)
def test_the_service_token(
    stack: Stack, resource: Resource, provider: SourceCredentialProvider | None, service_token: object
) -> None:
    """The export of the provider's stack unless another way is given."""
    SourceCredential(stack, "GitHub", **GITHUB, provider=provider)
    assert resource(stack)["Properties"]["ServiceToken"] == service_token


def test_the_arn_in_a_parameter(stack: Stack) -> None:
    """CloudFormation reads it; two credentials of a stack share one parameter of its template."""
    provider = SourceCredentialProvider.from_parameter_name()
    SourceCredential(stack, "One", **GITHUB, provider=provider)
    SourceCredential(stack, "Two", **GITHUB, provider=provider)
    template = Template.from_stack(stack)
    [(name, parameter)] = template.find_parameters("*", {"Default": "/source-credential/provider-arn"}).items()
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
    template.all_resources_properties("Custom::SourceCredential", {"ServiceToken": {"Ref": name}})


def test_the_defaults_are_the_providers() -> None:
    """A provider that was deployed with its defaults is found by these."""
    template = PROVIDERS_TEMPLATE.read_text(encoding="utf-8")
    for parameter, default in (
        ("ExportName", "SourceCredentialProvider"),
        ("ProviderArnParameterName", "/source-credential/provider-arn"),
    ):
        assert re.search(rf"^  {parameter}:\n    Type: String\n    Default: {default}$", template, re.MULTILINE)


def test_in_a_nested_stack_the_roles_policies_have_a_name_too(stack: Stack) -> None:
    """A nested stack's name is only known when it is deployed; that of the stack around it is taken."""
    nested = NestedStack(stack, "Nested")
    provider = SourceCredentialProvider.from_export_name().with_roles(
        role_arn="arn:aws:iam::111122223333:role/Role", refresh_role_arn="arn:aws:iam::111122223333:role/RefreshRole"
    )
    SourceCredential(nested, "GitHub", **GITHUB | {"secret": Secret(nested, "Secret")}, provider=provider)
    policies = Template.from_stack(nested).find_resources("AWS::IAM::Policy").values()
    names = [policy["Properties"]["PolicyName"] for policy in policies]
    assert len(names) == 2
    assert all("consumer" in name for name in names)
