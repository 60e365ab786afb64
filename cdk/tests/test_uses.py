"""What uses a credential: projects, and apps that have not made it."""

from typing import Any

import pytest
from aws_cdk import CfnParameter, Stack
from aws_cdk.assertions import Match, Template
from aws_cdk.aws_codebuild import BuildSpec, Project, Source
from aws_cdk.aws_kms import Key
from aws_cdk.aws_secretsmanager import Secret

from source_credential_cdk import AuthType, ISourceCredential, ServerType, SourceCredential

CREDENTIAL_ARN = "arn:aws:codebuild:eu-central-1:444455556666:token/github"
CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/11111111-2222-3333-4444-555555555555"
READ = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]


def project(stack: Stack) -> Project:
    """Return a project whose source is on GitHub, with a webhook, which CodeBuild makes by the credential."""
    source = Source.git_hub(owner="example", repo="example", webhook=True)
    return Project(stack, "Project", source=source, build_spec=BuildSpec.from_object({"version": "0.2"}))


def allowed(stack: Stack) -> list[dict[str, Any]]:
    """Return what the project's role may do, beside what each project's may."""
    [policy] = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    statements: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return [each for each in statements if not str(each["Action"][0]).startswith(("logs:", "codebuild:"))]


def test_a_project_waits_for_the_credential(stack: Stack) -> None:
    """Its role is given nothing where CodeBuild has the token itself."""
    credential = SourceCredential(
        stack,
        "GitHub",
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        secret=Secret(stack, "Secret", encryption_key=Key(stack, "Key")),
    )
    credential.used_by(project(stack))
    Template.from_stack(stack).has_resource("AWS::CodeBuild::Project", {"DependsOn": ["GitHub"]})
    assert allowed(stack) == []


def test_a_secret_that_codebuild_reads_is_read_by_the_projects_role(stack: Stack) -> None:
    """The secret's key lets it decrypt, so the key waits for the role; nothing waits for itself."""
    secret = Secret(stack, "Secret", encryption_key=Key(stack, "Key"))
    credential = SourceCredential(
        stack, "GitHub", server_type=ServerType.GITHUB, auth_type=AuthType.SECRETS_MANAGER, secret=secret
    )
    credential.used_by(project(stack))
    assert allowed(stack) == [{"Action": READ, "Effect": "Allow", "Resource": {"Ref": "SecretA720EF05"}}]
    role = {"Fn::GetAtt": ["ProjectRole4CCB274E", "Arn"]}
    decrypt = Match.object_like({"Action": "kms:Decrypt", "Effect": "Allow", "Principal": {"AWS": role}})
    Template.from_stack(stack).has_resource_properties(
        "AWS::KMS::Key", {"KeyPolicy": {"Statement": Match.array_with([decrypt])}}
    )


def test_a_connection_is_used_by_the_projects_role(stack: Stack) -> None:
    """As CodeBuild's guide has it, for both names of the service."""
    credential = SourceCredential(
        stack,
        "GitHub",
        server_type=ServerType.GITHUB,
        auth_type=AuthType.CODECONNECTIONS,
        connection_arn=CONNECTION,
    )
    credential.used_by(project(stack))
    [statement] = allowed(stack)
    assert statement["Resource"] == CONNECTION
    assert sorted(statement["Action"]) == [
        "codeconnections:GetConnection",
        "codeconnections:GetConnectionToken",
        "codestar-connections:GetConnection",
        "codestar-connections:GetConnectionToken",
    ]


def test_a_project_that_is_there_already_is_no_obstacle(stack: Stack) -> None:
    """It has nothing that could wait."""
    credential = SourceCredential(
        stack,
        "GitHub",
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        secret="codebuild/github",
    )
    credential.used_by(Project.from_project_name(stack, "Project", "builds"))
    Template.from_stack(stack).resource_count_is("Custom::SourceCredential", 1)


def test_a_credential_that_is_there_already(stack: Stack) -> None:
    """By its ARN, of which the account and region are known too; it adds nothing to the template."""
    found: ISourceCredential = SourceCredential.from_source_credential_arn(stack, "GitHub", CREDENTIAL_ARN)
    assert found.source_credential_arn == CREDENTIAL_ARN
    assert (found.env.account, found.env.region) == ("444455556666", "eu-central-1")
    token = CfnParameter(stack, "Arn").value_as_string
    assert SourceCredential.from_source_credential_arn(stack, "Other", token).source_credential_arn == token
    assert "Resources" not in Template.from_stack(stack).to_json()


@pytest.mark.parametrize("text", ["github", "ghp_madeUpForTheTests00000000000000000000", "arn:aws:iam::1:role/x"])
def test_what_is_no_credentials_arn_is_refused_and_not_repeated(stack: Stack, text: str) -> None:
    """What it looks like is told."""
    with pytest.raises(ValueError, match="must be the ARN of a source credential") as refused:
        SourceCredential.from_source_credential_arn(stack, "GitHub", text)
    assert text not in str(refused.value).replace("token/github", "")
