"""What CodeBuild refuses, and how it says so: codes and texts of its errors."""

from typing import Any, Final

from acceptance.chapters.imports import USERNAME
from acceptance.facts import Chapter, Fact
from acceptance.scene import Scene
from acceptance.slots import Answer

CHAPTER: Final = Chapter("What CodeBuild refuses")

_SERVER: Final = "local/codebuild_server.py"
_ADAPTER: Final = "handler/source_credential/aws/codebuild.py"
_INVALID: Final = "InvalidInputException"
_PERSONAL: Final = "PERSONAL_ACCESS_TOKEN"
NO_ARN: Final = "nothing-that-is-an-arn"

_OCCUPIED: Final = CHAPTER.fact(
    "Import with shouldOverwrite false into a slot that is occupied",
    _SERVER,
    'f"Access token with server type {server_type} already exists. " "Delete its source credential and try again.",',
    "ResourceAlreadyExistsException, with the words already exists",
)
_DELETE_TWICE: Final = CHAPTER.fact(
    "Delete a credential a second time",
    _ADAPTER,
    "Delete the credential; one that is gone already is a success.",
    "ResourceNotFoundException",
)
_DELETE_OTHER: Final = CHAPTER.fact(
    "Delete an ARN that is nobody's",
    _SERVER,
    'raise AwsError("ResourceNotFoundException", "Source credentials do not exist")',
    "ResourceNotFoundException",
)
_DELETE_NO_ARN: Final = CHAPTER.fact(
    "Delete what is no ARN",
    _SERVER,
    'raise AwsError("InvalidInputException", "Invalid source credentials ARN")',
    _INVALID,
)
_NO_SECRET: Final = CHAPTER.fact(
    "Import SECRETS_MANAGER with the ARN of a secret that is not there",
    _SERVER,
    "if reference and not reference.fullmatch(token):",
    "accepted",
)

# What is tried by server type, auth type, and what goes with it; None takes a random token.
_WRONG: Final[tuple[tuple[str, str, str | None, dict[str, Any], Fact], ...]] = (
    (
        *("GITHUB", "BASIC_AUTH", None, {"username": USERNAME}),
        CHAPTER.fact(
            "Import GITHUB with BASIC_AUTH",
            _SERVER,
            "Auth type {auth_type} is not valid for server type {server_type}",
            _INVALID,
        ),
    ),
    (
        *("BITBUCKET", "BASIC_AUTH", None, {}),
        CHAPTER.fact(
            "Import BASIC_AUTH without a user name",
            _SERVER,
            "A username goes with BASIC_AUTH, and with it only",
            _INVALID,
        ),
    ),
    (
        *("GITHUB", _PERSONAL, None, {"username": USERNAME}),
        CHAPTER.fact(
            "Import a personal access token with a user name",
            _SERVER,
            "A username goes with BASIC_AUTH, and with it only",
            _INVALID,
        ),
    ),
    (
        *("GITHUB", "OAUTH", None, {}),
        CHAPTER.fact("Import OAUTH", _SERVER, "Importing {auth_type} is not supported", _INVALID),
    ),
    (
        *("GITHUB", "SECRETS_MANAGER", NO_ARN, {}),
        CHAPTER.fact(
            "Import SECRETS_MANAGER with what is no ARN",
            _SERVER,
            "The token for auth type {auth_type} must be an ARN",
            _INVALID,
        ),
    ),
    (
        *("GITHUB", "CODECONNECTIONS", NO_ARN, {}),
        CHAPTER.fact(
            "Import CODECONNECTIONS with what is no ARN",
            _SERVER,
            "The token for auth type {auth_type} must be an ARN",
            _INVALID,
        ),
    ),
    (
        *("GITLAB", _PERSONAL, None, {}),
        CHAPTER.fact(
            "Import GITLAB with a personal access token",
            _SERVER,
            "Auth type {auth_type} is not valid for server type {server_type}",
            _INVALID,
        ),
    ),
)


def walk(scene: Scene) -> None:
    """Try what is wrong, in slots that are empty; what is taken all the same is taken out again."""
    _see_overwriting_and_deleting(scene)
    for server_type, auth_type, given, more, fact in _WRONG:
        if server_type not in scene.server_types:
            scene.findings.skip(fact, "the slot is not among those that may be used (SLOTS)")
            continue
        token = given or scene.token(server_type, auth_type)
        _see(scene, fact, scene.slots.put(server_type, auth_type, token, **more))
        scene.slots.empty(server_type)
    server_type, account = scene.server_types[0], scene.account
    secret = (
        f"arn:{account.partition}:secretsmanager:{account.region}:{account.id}:secret:{scene.names.secret('nothing')}"
    )
    _see(scene, _NO_SECRET, scene.slots.put(server_type, "SECRETS_MANAGER", f"{secret}-AbCdEf"))
    scene.slots.empty(server_type)


def _see(scene: Scene, fact: Fact, answer: Answer) -> None:
    """Have the text in the report, but compare the code alone."""
    scene.findings.see(fact, scene.account.plain(str(answer)), held=(answer.code or str(answer)) == fact.expected)


def _see_overwriting_and_deleting(scene: Scene) -> None:
    server_type = scene.server_types[0]
    put = scene.slots.put(server_type, _PERSONAL, scene.token(server_type, _PERSONAL))
    refused = scene.slots.put(server_type, _PERSONAL, scene.token(server_type, _PERSONAL), shouldOverwrite=False)
    told = refused.code == "ResourceAlreadyExistsException" and "already exists" in refused.message
    scene.findings.see(_OCCUPIED, str(refused), held=told)
    _see(scene, _DELETE_OTHER, scene.slots.delete(f"{put.arn}{scene.names.prefix[-10:]}"))
    _see(scene, _DELETE_NO_ARN, scene.slots.delete(NO_ARN))
    scene.slots.delete(put.arn)
    _see(scene, _DELETE_TWICE, scene.slots.delete(put.arn))
    scene.slots.empty(server_type)
