"""What an import of a connection asks for: one permission at a time. Only where the owner names a connection."""

import json
from itertools import combinations
from typing import Any, Final

from botocore.exceptions import ClientError

from acceptance.facts import Chapter
from acceptance.scene import NotPossible, Scene
from acceptance.slots import Answer

CHAPTER: Final = Chapter("What importing a connection asks for")

_INPUT: Final = "docs/decisions/0007-input.md"
_AUTH_TYPE: Final = "CODECONNECTIONS"
_SECONDS: Final = 120  # until a new role can be assumed
_SETTLES_SECONDS: Final = 20  # until its policy is known everywhere, as a rule
_ACTIONS: Final = ("GetConnection", "PassConnection", "UseConnection")
_SERVER_TYPES: Final = {
    "Bitbucket": "BITBUCKET",
    "GitHub": "GITHUB",
    "GitHubEnterpriseServer": "GITHUB_ENTERPRISE",
    "GitLab": "GITLAB",
    "GitLabSelfManaged": "GITLAB_SELF_MANAGED",
}

_NEEDED: Final = CHAPTER.fact(
    "The fewest permissions, beside codebuild:ImportSourceCredentials, with which a connection is imported",
    _INPUT,
    "So the roles here have them too, on the same connections as `GetConnection` (`ConnectionArns`). That they are "
    "needed is assumed.",
    "PassConnection and UseConnection",
    embedded="its CodeBuild asks for no permissions",
)
_DENIED: Final = CHAPTER.fact(
    "How CodeBuild says that it may not use the connection",
    "handler/source_credential/aws/codebuild.py",
    "denied to connection|not authorized to access connection",
    "an error that says access denied, or not authorized",
    embedded="its CodeBuild asks for no permissions",
)
_ARN: Final = CHAPTER.fact(
    "The ARN of a connection's credential",
    "docs/decisions/0002-codebuild-server.md",
    "(the text of an error, the shape of an ARN) it does what has been seen of CodeBuild",
    "arn:PARTITION:codebuild:REGION:ACCOUNT:token/ and the server type; resource is the connection's ARN",
)


def walk(scene: Scene) -> None:
    """Import the connection as a role with no permission for it, with each one, each two, and all three."""
    if not scene.connection_arn:
        raise NotPossible("no connection was named (CONNECTION_ARN)")
    server_type = connection_server_type(scene)
    role_arn = _role(scene)
    taken: list[str] = []
    refusals: list[str] = []
    for number in range(len(_ACTIONS) + 1):
        for actions in combinations(_ACTIONS, number):
            answer = _import_as(scene, role_arn, actions, server_type)
            named = " and ".join(actions) or "none"
            scene.say(f"   With {named}: {answer if answer.is_accepted else answer.code}")
            (taken if answer.is_accepted else refusals).append(named if answer.is_accepted else str(answer))
            if answer.is_accepted:
                _see_listed(scene, server_type)
            scene.slots.empty(server_type)
        if taken:
            break  # more permissions do not take any away
    told = "; ".join(sorted(set(refusals)))
    scene.findings.see(_NEEDED, "; or ".join(taken) or f"refused with all three: {told}")
    denied = bool(told) and all("denied" in text.lower() or "not authorized" in text.lower() for text in refusals)
    scene.findings.see(_DENIED, scene.account.plain(told) or "never", held=denied)


def connection_server_type(scene: Scene) -> str:
    """Return the slot that a connection goes into. Raises NotPossible."""
    client = scene.account.client(scene.connection_arn.split(":")[2])
    connection = client.get_connection(ConnectionArn=scene.connection_arn)["Connection"]
    if connection.get("ConnectionStatus") != "AVAILABLE":
        raise NotPossible(f"the connection is {connection.get('ConnectionStatus')}, not AVAILABLE")
    if connection["ProviderType"] not in _SERVER_TYPES:
        raise NotPossible(f"CodeBuild has no slot for {connection['ProviderType']}")
    return _SERVER_TYPES[connection["ProviderType"]]


def _role(scene: Scene) -> str:
    """Create a role that this account may assume, with all that a session may then narrow."""
    iam, name = scene.account.client("iam"), scene.names.stack("connection")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    root = f"arn:{scene.account.partition}:iam::{scene.account.id}:root"
    scene.journal.note("role", name=name)
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=_policy({**trust, "Principal": {"AWS": root}}),
        Tags=scene.names.tags,
        MaxSessionDuration=3600,
    )["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(*_statements(scene, _ACTIONS)))
    scene.waiting.pause(scene.seconds_for(_NEEDED, _SETTLES_SECONDS))
    return str(role["Arn"])


def _statements(scene: Scene, actions: tuple[str, ...]) -> list[dict[str, Any]]:
    codebuild = ["codebuild:ImportSourceCredentials", "codebuild:ListSourceCredentials"]
    services = ("codeconnections", "codestar-connections")
    connection = [f"{service}:{action}" for service in services for action in actions]
    allowed = {"Effect": "Allow", "Action": codebuild, "Resource": "*"}
    return [allowed, *([{**allowed, "Action": connection, "Resource": scene.connection_arn}] if connection else [])]


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _import_as(scene: Scene, role_arn: str, actions: tuple[str, ...], server_type: str) -> Answer:
    """Import the connection in a session that has no more than these actions: that takes effect at once."""
    session_policy = _policy(*_statements(scene, actions))

    def assumed() -> dict[str, str] | None:
        try:
            answer = scene.account.client("sts").assume_role(
                RoleArn=role_arn, RoleSessionName="acceptance", Policy=session_policy, DurationSeconds=900
            )
        except ClientError:
            return None  # a new role works after some seconds
        return dict(answer["Credentials"])

    credentials = scene.waiting.until(assumed, "A session of the new role", seconds=_SECONDS, every=3)
    codebuild = scene.account.session_of(credentials).client("codebuild")
    return scene.slots.put(server_type, _AUTH_TYPE, scene.connection_arn, codebuild=codebuild)


def _see_listed(scene: Scene, server_type: str) -> None:
    info = scene.slots.listed()[server_type]
    shape = f"arn:PARTITION:codebuild:REGION:{scene.account.id}:token/{server_type.lower()}"
    is_ours = scene.account.plain(info["arn"]) == shape and info.get("resource") == scene.connection_arn
    seen = _ARN.expected if is_ours else f"{scene.account.plain(info['arn'])}; resource is another"
    scene.findings.see(_ARN, seen)
