"""The template as the tests read it: what it makes, and each function's role and permissions."""

from typing import Any

from local.cloudformation_template import Stack, load
from local.ministack import PROJECT

TEMPLATE = load(PROJECT / "template.yaml")

SECRET = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:other-account-??????"
KMS_KEY = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/aEXAMPLE-8aad-4d5d-8878-dfcab0bc441f"
TARGET_ROLE = "arn:aws:iam::444455556666:role/source-credential-target"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"

# The functions, and each one's role and permissions by Sid.
ROLES = {"SourceCredentialFunction": "Role", "RefreshFunction": "RefreshRole"}

# Permissions that no operation has the name of: for handing a connection to a service, and for what it does with it.
PERMISSIONS_ONLY = ("PassConnection", "UseConnection")

BOTH = {
    "PutAndRemoveCredentials": {
        "codebuild:DeleteSourceCredentials",
        "codebuild:ImportSourceCredentials",
        "codebuild:ListSourceCredentials",
    },
    "ReadSecrets": {"secretsmanager:GetSecretValue"},
    "DecryptSecrets": {"kms:Decrypt"},
    "HandConnectionsOver": {
        f"{service}:{action}"
        for service in ("codeconnections", "codestar-connections")
        for action in ("GetConnection", *PERMISSIONS_ONLY)
    },
    "AssumeTargetRoles": {"sts:AssumeRole"},
    "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
}

PERMISSIONS = {
    **BOTH,
    "KeepTheTable": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    },
    "KeepUndeliveredAnswers": {"sqs:SendMessage"},
}

REFRESH_PERMISSIONS = {
    **BOTH,
    "KeepTheTable": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
    },
    "FindFollowers": {"dynamodb:Query"},
    "WorkTheQueue": {
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    },
}


def statements(role: str = "Role", **parameters: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a function's role by Sid, for these parameters of the template."""
    return by_sid(Stack(TEMPLATE, parameters).properties(role))


def by_sid(role: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the statements of a role's one policy by Sid, none of which stands there twice."""
    (policy,) = role["Policies"]
    found = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    assert len(found) == len(policy["PolicyDocument"]["Statement"])
    return found


def actions(found: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """Return the actions of statements by Sid; nothing is denied."""
    assert {statement["Effect"] for statement in found.values()} == {"Allow"}
    return {sid: set(as_list(statement["Action"])) for sid, statement in found.items()}


def as_list(value: Any) -> list[str]:
    """Return what IAM lets be a string or a list as a list."""
    return value if isinstance(value, list) else [value]
