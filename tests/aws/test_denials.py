"""What is told of a denial: AWS's action and kind of policy, and the remedy for that one; never AWS's text."""

import pytest

from source_credential.aws.denials import Caller, denied, is_code_of_denial, is_worded_as_denial

USER = "arn:aws:sts::111122223333:assumed-role/SourceCredential/someone"
CALLER = Caller(remedy="Allow it.", remedies={"codeconnections": "Name the connection."})
MISSING = "Allow it."
ANYWHERE = "Look for it in the role's policies and boundary, the resource's own policy, and the organisation's."
ORGANISATION = "Ask who administers the organisation: nothing in this account can allow it."
SERVICE_CONTROL_POLICY = "arn:aws:organizations::987654321098:policy/o-a/service_control_policy/p-b"


def message(how: str, action: str = "codebuild:ImportSourceCredentials") -> str:
    """Return a denial as AWS words it."""
    return f"User: {USER} is not authorized to perform: {action} on resource: arn:aws:x:::y {how}"


@pytest.mark.parametrize(
    ("how", "told", "remedy"),
    [
        ("", "", MISSING),
        ("because no identity-based policy allows the X action", ": no identity-based policy allows it", MISSING),
        (
            "with an explicit deny in an identity-based policy",
            ": an explicit deny in an identity-based policy",
            "Change the policy of the role that denies it.",
        ),
        (
            "with an explicit deny in a service control policy",
            ": an explicit deny in a service control policy",
            ORGANISATION,
        ),
        (
            f"with an explicit deny in a service control policy: {SERVICE_CONTROL_POLICY}",
            ": an explicit deny in a service control policy",
            ORGANISATION,
        ),
        (
            "because no service control policy allows the X action",
            ": no service control policy allows it",
            ORGANISATION,
        ),
        (
            "with an explicit deny in a resource control policy",
            ": an explicit deny in a resource control policy",
            ORGANISATION,
        ),
        (
            "because no permissions boundary allows the X action",
            ": no permissions boundary allows it",
            "Allow it in the policy that is the role's permissions boundary.",
        ),
        (
            "with an explicit deny in a permissions boundary",
            ": an explicit deny in a permissions boundary",
            "Allow it in the policy that is the role's permissions boundary.",
        ),
        (
            "with an explicit deny in a sessions policy",
            ": an explicit deny in a session policy",
            "Allow it in the policy that the role's session was made with.",
        ),
        (
            "with an explicit deny in a resource-based policy",
            ": an explicit deny in a resource-based policy",
            "Change the policy of the resource itself, a secret's or a key's.",
        ),
        (
            "because no resource-based policy allows the X action",
            ": no resource-based policy allows it",
            "Change the policy of the resource itself, a secret's or a key's.",
        ),
        (
            "with an explicit deny in a VPC endpoint policy",
            ": an explicit deny in a VPC endpoint policy",
            "Change the policy of the VPC endpoint that the call went through.",
        ),
        (
            "with an explicit deny in the role trust policy",
            ": an explicit deny in a role trust policy",
            "Change the role's trust policy.",
        ),
        ("because no role trust policy allows the X action", ": no role trust policy allows it", MISSING),
        ("with an explicit deny in a policy of tomorrow", ": an explicit deny", ANYWHERE),
        ("with an explicit deny", ": an explicit deny", ANYWHERE),
    ],
)
def test_the_kind_of_policy_is_told_with_the_remedy_for_it(how: str, told: str, remedy: str) -> None:
    """An explicit deny is told from a missing permission; a kind that is not known is left out."""
    failure = denied("Thing", "codebuild:Other", CALLER, code="AccessDeniedException", message=message(how))
    assert str(failure) == (
        f"Thing: the provider's role may not use codebuild:ImportSourceCredentials{told} (AccessDeniedException). "
        f"{remedy}"
    )
    assert USER not in str(failure)


@pytest.mark.parametrize("action", ["codeconnections:PassConnection", "codeconnections:UseConnection"])
def test_an_action_of_another_service_has_its_own_remedy(action: str) -> None:
    """What AWS asks for behind a call is named, in place of the call's own action."""
    how = "because no identity-based policy allows the action"
    failure = denied("Thing", "codebuild:X", CALLER, code="AccessDenied", message=message(how, action))
    assert f"may not use {action}: no identity-based policy allows it" in str(failure)
    assert str(failure).endswith("Name the connection.")
    of_organisation = message("with an explicit deny in a service control policy", action)
    failure = denied("Thing", "codebuild:X", CALLER, code="AccessDenied", message=of_organisation)
    assert str(failure).endswith(ORGANISATION)


@pytest.mark.parametrize(
    ("action", "parameter"),
    [
        ("codestar-connections:UseConnection", "ConnectionArns"),
        ("secretsmanager:GetSecretValue", "SecretArns"),
        ("kms:Decrypt", "KmsKeyArns"),
    ],
)
def test_the_providers_own_role_is_opened_by_a_parameter(action: str, parameter: str) -> None:
    """Of the provider's stack, whoever asks for the action behind a call."""
    failure = denied("Thing", "codebuild:X", Caller(remedy="x"), code="AccessDenied", message=message("", action))
    assert f"the parameter {parameter} of the provider's stack" in str(failure)


def test_another_role_than_the_providers_is_named() -> None:
    """It is the other account's owner who can allow it."""
    caller = Caller(who="role arn:aws:iam::222222222222:role/target", remedy="Allow it there.")
    failure = denied("Thing", "codebuild:X", caller, code="AccessDenied", message="")
    assert str(failure) == (
        "Thing: role arn:aws:iam::222222222222:role/target may not use codebuild:X (AccessDenied). Allow it there."
    )


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"])
def test_a_denial_is_known_by_its_code(code: str) -> None:
    """Whatever the text says."""
    assert is_code_of_denial(code)
    assert not is_code_of_denial("InvalidInputException")


def test_a_denial_is_known_by_its_words() -> None:
    """They name an action; other texts with the same words do not."""
    assert is_worded_as_denial(message(""))
    assert not is_worded_as_denial("User is not authorized on kms-token")
    assert not is_worded_as_denial("User is not authorized to access connection arn:...")
