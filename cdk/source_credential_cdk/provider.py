"""Where the provider is that a credential is asked of, and by which roles it reads secrets."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from aws_cdk import Fn, Stack
from aws_cdk.aws_iam import IRole, Role
from aws_cdk.aws_ssm import StringParameter
from constructs import Construct

# The defaults of template.yaml's parameters ExportName and ProviderArnParameterName.
_EXPORT_NAME: Final = "SourceCredentialProvider"
_PARAMETER_NAME: Final = "/source-credential/provider-arn"


@dataclass(frozen=True, slots=True)
class SourceCredentialProvider:
    """A deployed provider: how its function's ARN comes into a template, and its roles where these are known.

    service_token: gives the ARN, usually a token of the CDK's, for a construct of the stack that is to have it.
    """

    service_token: Callable[[Construct], str]
    role_arns: tuple[str, ...] = ()

    @staticmethod
    def from_export_name(export_name: str = _EXPORT_NAME) -> "SourceCredentialProvider":
        """Return the provider of this account and region whose stack exports its ARN under the name.

        CloudFormation keeps the provider's stack from being deleted as long as a stack imports the name.
        """
        return SourceCredentialProvider(lambda _: Fn.import_value(export_name))

    @staticmethod
    def from_parameter_name(parameter_name: str = _PARAMETER_NAME) -> "SourceCredentialProvider":
        """Return the provider whose ARN is in the SSM parameter; CloudFormation reads it at each deployment."""
        return SourceCredentialProvider(lambda scope: StringParameter.value_for_string_parameter(scope, parameter_name))

    @staticmethod
    def from_function_arn(function_arn: str) -> "SourceCredentialProvider":
        """Return the provider whose function has the ARN, such as one of another account."""
        return SourceCredentialProvider(lambda _: function_arn)

    def with_roles(self, *, role_arn: str, refresh_role_arn: str) -> "SourceCredentialProvider":
        """Return the same provider with its roles known, so that a credential lets them read its secret.

        role_arn, refresh_role_arn: the outputs RoleArn and RefreshRoleArn of the provider's stack. The first role reads
        the secret for a stack, the second when it rotates.
        """
        return replace(self, role_arns=(role_arn, refresh_role_arn))

    def roles(self, scope: Construct) -> list[IRole]:
        """Return the roles that are known, as children of a construct of the stack that gives them permissions."""
        stack = Stack.of(scope)
        while stack.nested_stack_parent is not None:
            stack = stack.nested_stack_parent
        # The CDK names a role's policy without the stack, so that two stacks would overwrite each other's:
        # https://docs.aws.amazon.com/cdk/v2/guide/featureflags.html, importedRoleStackSafeDefaultPolicyName.
        policy_name = f"{stack.stack_name}-{scope.node.addr[-8:]}"
        return [
            Role.from_role_arn(scope, f"ProviderRole{number}", role_arn, default_policy_name=policy_name)
            for number, role_arn in enumerate(self.role_arns, start=1)
        ]
