"""What CodeBuild takes, and what it lists of it: each pair of server type and auth type that needs no person."""

import json
from typing import Any, Final

from acceptance.facts import Chapter, Fact
from acceptance.scene import NotPossible, Scene
from acceptance.slots import Answer

CHAPTER: Final = Chapter("What CodeBuild takes")

_OWNERSHIP: Final = "docs/decisions/0005-ownership.md"
_ROTATION: Final = "docs/decisions/0006-rotation.md"
_SERVER: Final = "docs/decisions/0002-codebuild-server.md"
USERNAME: Final = "someone@example.com"

_PAIRS: Final = (
    ("GITHUB", "PERSONAL_ACCESS_TOKEN"),
    ("GITHUB", "SECRETS_MANAGER"),
    ("GITHUB_ENTERPRISE", "PERSONAL_ACCESS_TOKEN"),
    ("GITHUB_ENTERPRISE", "SECRETS_MANAGER"),
    ("BITBUCKET", "PERSONAL_ACCESS_TOKEN"),
    ("BITBUCKET", "BASIC_AUTH"),
    ("BITBUCKET", "SECRETS_MANAGER"),
)
_IMPORT: Final[dict[tuple[str, str], Fact]] = {
    (server_type, auth_type): CHAPTER.fact(
        f"{server_type}, {auth_type}: a random token goes in, and has this ARN",
        _SERVER,
        "(the text of an error, the shape of an ARN) it does what has been seen of CodeBuild",
        f"arn:PARTITION:codebuild:REGION:ACCOUNT:token/{server_type.lower()}",
    )
    for server_type, auth_type in _PAIRS
}
_TOKEN_LISTED: Final = CHAPTER.fact(
    "What the list has of a token",
    _OWNERSHIP,
    "It has no tags, no conditions and no owners, and it never shows a token.",
    "arn, authType, serverType",
)
_SECRET_LISTED: Final = CHAPTER.fact(
    "What the list has of a secret that CodeBuild reads itself",
    _ROTATION,
    "With `SECRETS_MANAGER` CodeBuild has a secret's ARN.",
    "arn, authType, resource, serverType; resource is the secret's ARN",
)
_ONE_A_SLOT: Final = CHAPTER.fact(
    "Another auth type in the same slot takes the place of the first",
    _OWNERSHIP,
    "CodeBuild has one credential per account, region and server type",
    "one credential, the same ARN, the new auth type",
)


def walk(scene: Scene) -> None:
    """Import each pair into an empty slot, one after the other, and empty it again."""
    secrets: dict[str, str] = {}
    listed: list[dict[str, Any]] = []
    for (server_type, auth_type), fact in _IMPORT.items():
        if server_type not in scene.server_types:
            scene.findings.skip(fact, "the slot is not among those that may be used (SLOTS)")
            continue
        token = scene.token(server_type, auth_type)
        if auth_type == "SECRETS_MANAGER":
            token = secrets[server_type] = _secret_for_codebuild(scene, server_type)
        more = {"username": USERNAME} if auth_type == "BASIC_AUTH" else {}
        answer = scene.slots.put(server_type, auth_type, token, **more)
        scene.findings.see(fact, scene.account.plain(answer.arn) if answer.is_accepted else str(answer))
        if answer.is_accepted:
            listed.append(scene.slots.listed()[server_type])
        scene.slots.empty(server_type)
    _see_listed(scene, listed, secrets)
    _see_one_a_slot(scene, secrets)


def _secret_for_codebuild(scene: Scene, server_type: str) -> str:
    content = {"ServerType": server_type, "AuthType": "PERSONAL_ACCESS_TOKEN"}
    content["Token"] = scene.token(server_type, "PERSONAL_ACCESS_TOKEN")
    return scene.secret(f"{server_type.lower()}-for-codebuild", json.dumps(content))


def _see_listed(scene: Scene, listed: list[dict[str, Any]], secrets: dict[str, str]) -> None:
    """Look at what each credential was listed with; where not all have the same, the report has each."""
    of_tokens, of_secrets = set(), set()
    for info in listed:
        members = ", ".join(sorted(info))
        if info["authType"] != "SECRETS_MANAGER":
            of_tokens.add(members)
        else:
            same = "the secret's ARN" if info.get("resource") == secrets[info["serverType"]] else "another text"
            of_secrets.add(f"{members}; resource is {same}")
    for fact, seen in ((_TOKEN_LISTED, of_tokens), (_SECRET_LISTED, of_secrets)):
        if seen:
            scene.findings.see(fact, "; or ".join(sorted(seen)))


def _see_one_a_slot(scene: Scene, secrets: dict[str, str]) -> None:
    server_type = scene.server_types[0]
    if server_type not in secrets:
        raise NotPossible("the first of the slots takes no token")
    first = scene.slots.put(server_type, "SECRETS_MANAGER", secrets[server_type])
    auth_type = "PERSONAL_ACCESS_TOKEN"
    second = scene.slots.put(server_type, auth_type, scene.token(server_type, auth_type))
    back = scene.slots.put(server_type, "SECRETS_MANAGER", secrets[server_type], shouldOverwrite=True)
    listed = scene.slots.listed()[server_type]
    scene.slots.empty(server_type)
    scene.findings.see(_ONE_A_SLOT, _told(first, second, back, listed))


def _told(first: Answer, second: Answer, back: Answer, listed: dict[str, Any]) -> str:
    refused = [str(answer) for answer in (first, second, back) if not answer.is_accepted]
    if refused:
        return "; ".join(refused)
    same = len({first.arn, second.arn, back.arn, listed["arn"]}) == 1
    told = "the new auth type" if listed["authType"] == "SECRETS_MANAGER" else f"the auth type {listed['authType']}"
    return f"one credential, {'the same ARN' if same else 'another ARN'}, {told}"
