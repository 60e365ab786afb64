"""What each function may do in AWS."""

import botocore.session
import pytest

from local.cloudformation_template import Stack
from tests.template.stack import (
    CONNECTION,
    KMS_KEY,
    PERMISSIONS,
    PERMISSIONS_ONLY,
    REFRESH_PERMISSIONS,
    ROLES,
    SECRET,
    TARGET_ROLE,
    TEMPLATE,
    actions,
    as_list,
    statements,
)

both_roles = pytest.mark.parametrize("role", ROLES.values())


@pytest.mark.parametrize(("role", "permissions"), [("Role", PERMISSIONS), ("RefreshRole", REFRESH_PERMISSIONS)])
def test_a_role_allows_the_actions_that_are_needed_and_no_other(role: str, permissions: dict[str, set[str]]) -> None:
    """A function's role holds exactly the actions listed for it, each allowed, and no managed policy."""
    assert actions(statements(role, KmsKeyArns=KMS_KEY, TargetRoleArns=TARGET_ROLE)) == permissions
    assert "ManagedPolicyArns" not in Stack(TEMPLATE).properties(role)


@pytest.mark.parametrize(("function", "role"), ROLES.items())
def test_each_function_has_its_role_which_only_lambda_assumes(function: str, role: str) -> None:
    """Nobody but the Lambda service can take on a function's role."""
    assert Stack(TEMPLATE).properties(function)["Role"] == f"<{role}.Arn>"
    (statement,) = Stack(TEMPLATE).properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_every_action_is_an_operation_of_its_service() -> None:
    """An action of a role is spelt as the operation of the API that it allows, but for two that allow none.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodeconnections.html
    """
    session = botocore.session.get_session()
    for action in set().union(*PERMISSIONS.values(), *REFRESH_PERMISSIONS.values()):
        service, operation = action.split(":")
        if operation in PERMISSIONS_ONLY:
            assert service in {"codeconnections", "codestar-connections"}
            continue
        assert operation in session.get_service_model(service).operation_names, action


@both_roles
def test_only_codebuild_is_allowed_on_every_resource(role: str) -> None:
    """The one statement that names no resources is the one whose actions know none."""
    found = statements(role, KmsKeyArns=KMS_KEY, TargetRoleArns=TARGET_ROLE)
    assert [sid for sid, statement in found.items() if "*" in as_list(statement["Resource"])] == [
        "PutAndRemoveCredentials"
    ]


@both_roles
def test_the_parameters_open_the_same_for_both_roles(role: str) -> None:
    """What one function may read and assume, the other may too: what was imported can be imported again."""
    parameters = {
        "SecretArns": SECRET,
        "KmsKeyArns": KMS_KEY,
        "ConnectionArns": CONNECTION,
        "TargetRoleArns": TARGET_ROLE,
    }
    for given in ({}, parameters):
        opened = {
            sid: (statement["Resource"], statement.get("Condition"))
            for sid, statement in statements(role, **given).items()
            if sid in {"ReadSecrets", "DecryptSecrets", "HandConnectionsOver", "AssumeTargetRoles"}
        }
        assert opened == {
            sid: (statement["Resource"], statement.get("Condition"))
            for sid, statement in statements("Role", **given).items()
            if sid in opened
        }
        assert len(opened) == (4 if given else 2)


def test_by_default_secrets_under_codebuild_may_be_read() -> None:
    """Without parameters the provider reads the secrets under codebuild/ of its account and region, by no KMS key."""
    found = statements()
    assert as_list(found["ReadSecrets"]["Resource"]) == [
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:codebuild/*"
    ]
    assert "DecryptSecrets" not in found


def test_secret_arns_replace_the_default() -> None:
    """SecretArns names all the secrets that may be read, also those of another account."""
    second = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mine*"
    assert statements(SecretArns=f"{SECRET}, {second}")["ReadSecrets"]["Resource"] == [SECRET, second]


def test_kms_keys_are_used_through_secrets_manager_only() -> None:
    """KmsKeyArns lets the role decrypt with those keys, and only when Secrets Manager asks."""
    statement = statements(KmsKeyArns=KMS_KEY)["DecryptSecrets"]
    assert statement["Resource"] == [KMS_KEY]
    assert statement["Condition"] == {"StringLike": {"kms:ViaService": "secretsmanager.*"}}


def test_by_default_no_role_may_be_assumed() -> None:
    """TargetRoleArns names the roles of other accounts; left empty there is no statement at all."""
    assert "AssumeTargetRoles" not in statements()
    assert statements(TargetRoleArns=TARGET_ROLE)["AssumeTargetRoles"]["Resource"] == [TARGET_ROLE]


def test_connections_default_to_those_of_the_account_and_region() -> None:
    """Without ConnectionArns every connection of the account and region may be used, by either name of the service."""
    assert statements()["HandConnectionsOver"]["Resource"] == [
        "arn:aws:codeconnections:eu-west-1:111122223333:connection/*",
        "arn:aws:codestar-connections:eu-west-1:111122223333:connection/*",
    ]
    assert statements(ConnectionArns=CONNECTION)["HandConnectionsOver"]["Resource"] == [CONNECTION]
