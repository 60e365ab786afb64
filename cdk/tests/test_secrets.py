"""A secret that is a construct: which ARN is named, what waits for what, and who may read it."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template
from aws_cdk.aws_iam import AccountPrincipal, AccountRootPrincipal, PolicyStatement, Role
from aws_cdk.aws_kms import Key
from aws_cdk.aws_secretsmanager import ISecret, Secret

from source_credential_cdk import AuthType, ServerType, SourceCredential, SourceCredentialProvider

Resource = Callable[[Stack], dict[str, Any]]

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:codebuild/github"
ROLES = {
    "role_arn": "arn:aws:iam::111122223333:role/source-credential-Role-A",
    "refresh_role_arn": "arn:aws:iam::111122223333:role/source-credential-RefreshRole-B",
}
KNOWN = SourceCredentialProvider.from_export_name().with_roles(**ROLES)
READ = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]


def credential(scope: Stack, secret: ISecret, **given: Any) -> SourceCredential:
    """Make a credential of the secret."""
    kind: Any = {"server_type": ServerType.GITHUB, "auth_type": AuthType.PERSONAL_ACCESS_TOKEN}
    return SourceCredential(scope, "GitHub", **kind, secret=secret, **given)


@pytest.mark.parametrize(
    ("imported", "secret_id"),
    [
        (lambda stack: Secret.from_secret_complete_arn(stack, "Secret", f"{ARN}-AbCdEf"), f"{ARN}-AbCdEf"),
        (lambda stack: Secret.from_secret_partial_arn(stack, "Secret", ARN), ARN),
        (lambda stack: Secret.from_secret_name_v2(stack, "Secret", "codebuild/github"), Match.any_value()),
    ],
    ids=["complete ARN", "partial ARN", "name"],
)
def test_a_secret_that_is_there_is_named_by_its_arn(
    stack_of_an_account: Stack, resource: Resource, imported: Callable[[Stack], ISecret], secret_id: Any
) -> None:
    """A name alone would be looked for in the provider's account, and this is a secret of the stack's."""
    credential(stack_of_an_account, imported(stack_of_an_account))
    found = resource(stack_of_an_account)
    if isinstance(secret_id, str):
        assert found["Properties"]["SecretId"] == secret_id
    else:
        joined = "".join(part for part in found["Properties"]["SecretId"]["Fn::Join"][1] if isinstance(part, str))
        assert joined == "arn::secretsmanager:eu-west-1:111122223333:secret:codebuild/github"
    assert "DependsOn" not in found


def test_a_secret_of_the_app_is_made_first(stack: Stack, resource: Resource) -> None:
    """So are its policy and whatever else belongs to it."""
    secret = Secret(stack, "Secret")
    secret.add_to_resource_policy(_statement(principals=[AccountRootPrincipal()], resources=["*"]))
    credential(stack, secret)
    found = resource(stack)
    assert found["Properties"]["SecretId"] == {"Ref": "SecretA720EF05"}
    assert found["DependsOn"] == ["SecretPolicy06C9821C", "SecretA720EF05"]


def test_roles_of_the_same_account_get_a_policy_before_the_credential_is_made(
    stack_of_an_account: Stack, resource: Resource
) -> None:
    """Both roles may read the secret, and neither anything else."""
    credential(stack_of_an_account, Secret(stack_of_an_account, "Secret"), provider=KNOWN)
    template = Template.from_stack(stack_of_an_account)
    policies = template.find_resources("AWS::IAM::Policy")
    granted = {
        policy["Properties"]["Roles"][0]: policy["Properties"]["PolicyDocument"]["Statement"]
        for policy in policies.values()
    }
    statement = {"Action": READ, "Effect": "Allow", "Resource": {"Ref": "SecretA720EF05"}}
    assert granted == {"source-credential-Role-A": [statement], "source-credential-RefreshRole-B": [statement]}
    assert set(resource(stack_of_an_account)["DependsOn"]) == {*policies, "SecretA720EF05"}
    template.resource_count_is("AWS::SecretsManager::ResourcePolicy", 0)


def test_two_stacks_do_not_overwrite_each_others_policies() -> None:
    """A role's policies have names of the whole account: the same app under another name has others."""
    assert _policy_names("one").isdisjoint(_policy_names("two"))


def test_roles_of_another_account_are_let_in_by_the_secret_and_its_key(
    stack_of_an_account: Stack, resource: Resource
) -> None:
    """The secret gets a resource policy, and its key one, since a role of another account cannot be changed here."""
    secret = Secret(stack_of_an_account, "Secret", encryption_key=Key(stack_of_an_account, "Key"))
    there = {name: arn.replace("111122223333", "444455556666") for name, arn in ROLES.items()}
    provider = SourceCredentialProvider.from_function_arn("arn:aws:lambda:eu-west-1:444455556666:function:provider")
    credential(stack_of_an_account, secret, provider=provider.with_roles(**there))
    template = Template.from_stack(stack_of_an_account)
    template.resource_count_is("AWS::IAM::Policy", 0)
    principals = [{"AWS": arn} for arn in there.values()]
    template.has_resource_properties(
        "AWS::SecretsManager::ResourcePolicy",
        {
            "ResourcePolicy": {
                "Statement": [
                    Match.object_like({"Action": READ, "Effect": "Allow", "Principal": principal})
                    for principal in principals
                ]
            }
        },
    )
    template.has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [Match.object_like({"Action": "kms:Decrypt", "Principal": principal}) for principal in principals]
                )
            }
        },
    )
    assert "SecretPolicy06C9821C" in resource(stack_of_an_account)["DependsOn"]


def test_without_the_roles_nothing_is_granted(stack: Stack) -> None:
    """Then the provider's parameter SecretArns decides what it may read."""
    credential(stack, Secret(stack, "Secret"))
    Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 0)


def test_a_role_of_the_app_is_made_first(stack: Stack, resource: Resource) -> None:
    """With its policies: the provider assumes it when the credential is made."""
    role = Role(stack, "Target", assumed_by=AccountPrincipal("444455556666"))
    role.add_to_policy(_statement(resources=["*"]))
    credential(stack, Secret.from_secret_name_v2(stack, "Secret", "codebuild/github"), role=role)
    found = resource(stack)
    assert found["Properties"]["RoleArn"] == {"Fn::GetAtt": ["Target3191CF44", "Arn"]}
    assert len(found["DependsOn"]) == 2


def _policy_names(stack_name: str) -> set[str]:
    stack = Stack(App(), "consumer", stack_name=stack_name)
    credential(stack, Secret(stack, "Secret"), provider=KNOWN)
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    return {policy["Properties"]["PolicyName"] for policy in policies}


def _statement(**given: Any) -> PolicyStatement:
    return PolicyStatement(actions=["secretsmanager:GetSecretValue"], **given)
