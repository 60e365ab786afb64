"""ResourceProperties -> Specification, by the contract in `source_credential.schema.json`."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final, NamedTuple

from fastjsonschema.exceptions import JsonSchemaValueException, JsonSchemaValuesException

from source_credential.errors import InvalidRequest
from source_credential.model import AuthType, ServerType, Specification

SCHEMA: Final[dict[str, Any]] = json.loads(
    (files("source_credential.contract") / "source_credential.schema.json").read_text(encoding="utf-8")
)

# fast_fail off: every problem in one answer. A deploy per typo is how an afternoon goes. handler/build.py reads this.
VALIDATOR_OPTIONS: Final[dict[str, Any]] = {"use_default": False, "fast_fail": False}

try:
    # The artifact has the validator ready made, by handler/build.py and of the same schema.
    from source_credential.contract.validator import validate as _validate  # type: ignore[import-not-found]
except ModuleNotFoundError:
    import fastjsonschema

    _validate = fastjsonschema.compile(SCHEMA, **VALIDATOR_OPTIONS)

# A stack event is read in a narrow column: what is beyond a dozen problems is counted, not listed.
_PROBLEMS_SHOWN = 12

# What CloudFormation itself puts among the properties says nothing of the credential.
_CLOUDFORMATIONS_OWN: Final = frozenset({"ServiceToken", "ServiceTimeout"})
_OF_THE_CREDENTIAL: Final = SCHEMA["properties"].keys() - {"Token"}

# What is not shaped like a property's name is not repeated: it could be anything, a token included.
_PROPERTY_NAME = re.compile(r"[A-Za-z]{1,32}")
_BEGINNING_OF_A_TOKEN = re.compile(SCHEMA["definitions"]["notToken"]["not"]["pattern"])
_OF_EVERY_PROPERTY: Final = [SCHEMA["definitions"][name] for name in ("notToken", "notOldToken", "notReference")]


class _Problem(NamedTuple):
    name: str
    problem: str
    remedy: str


def parse(properties: object) -> Specification:
    """Return what the properties ask for, with defaults filled in.

    properties: ResourceProperties as CloudFormation delivers them, every scalar a string.
    Raises InvalidRequest, which names every problem at once and repeats no value.
    """
    if not isinstance(properties, dict):
        raise InvalidRequest("ResourceProperties", "must be an object", "Check who sent the event.")
    problems = _problems(properties)
    if problems:
        raise _refusal(problems)
    text = {name: str(value) for name, value in properties.items()}
    return Specification(
        server_type=ServerType(text["ServerType"]),
        auth_type=AuthType(text["AuthType"]),
        secret_id=text.get("SecretId"),
        secret_key=text.get("SecretKey"),
        secret_version_stage=text.get("SecretVersionStage"),
        secret_version_id=text.get("SecretVersionId"),
        username=text.get("Username"),
        username_key=text.get("UsernameKey"),
        connection_arn=text.get("ConnectionArn"),
        should_overwrite=_boolean(properties, "ShouldOverwrite", default=None),
        region=text.get("Region"),
        role_arn=text.get("RoleArn"),
        follow_rotation=_boolean(properties, "FollowRotation", default=True) is not False,
        verify_token=_boolean(properties, "VerifyToken", default=False) is True,
        server_url=text.get("ServerUrl"),
    )


def fingerprint(properties: object) -> str:
    """Return what tells one set of properties from another, without keeping them.

    Of what is not in the contract, a literal token above all, only the name is taken.
    """
    told: object = None
    if isinstance(properties, Mapping):
        told = {
            str(name): value if name in _OF_THE_CREDENTIAL else None
            for name, value in properties.items()
            if name not in _CLOUDFORMATIONS_OWN
        }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _boolean(properties: Mapping[str, object], name: str, *, default: bool | None) -> bool | None:
    """Return a property that is true or false, in whatever case: CloudFormation delivers a string."""
    return str(properties[name]).lower() == "true" if name in properties else default


def _problems(properties: Mapping[str, object]) -> list[_Problem]:
    """Return one problem per property."""
    try:
        _validate(properties)
    except JsonSchemaValuesException as failure:
        by_name: dict[str, _Problem] = {}
        for error in sorted(failure.errors, key=_rank):
            for problem in _explain(error):
                by_name.setdefault(problem.name, problem)
        order = [*SCHEMA["properties"], *by_name]
        return sorted(by_name.values(), key=lambda problem: order.index(problem.name))
    return []


def _rank(error: JsonSchemaValueException) -> int:
    """Return which of a property's problems is told: what no property may hold, its own rules, those across."""
    if error.definition in _OF_EVERY_PROPERTY:
        return 0
    own: dict[str, Any] = SCHEMA["properties"].get(error.path[-1], {})
    rules = [
        SCHEMA["definitions"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in own.get("allOf", [])
    ]
    return 1 if error.definition in (own, *rules) else 2


def _explain(error: JsonSchemaValueException) -> Iterator[_Problem]:
    """Yield what an error means in the words of a template: the schema's own texts first."""
    definition: dict[str, Any] = error.definition
    remedy = definition.get("x-remedy", "")
    name = _shown(error.path[-1])
    if error.rule == "required":
        for missing in definition["required"]:
            if missing not in error.value:
                yield _Problem(missing, f"is missing: {definition.get('x-required', 'every resource needs it')}", "")
    elif error.rule == "additionalProperties":
        for given in error.value:
            if given not in SCHEMA["properties"]:
                yield _unknown(str(given))
    elif error.rule == "enum" and "x-problem" not in definition:
        yield _Problem(name, f"must be one of {', '.join(definition['enum'])}", remedy)
    else:
        yield _Problem(name, definition.get("x-problem") or _general_problem(error, definition), remedy)


def _general_problem(error: JsonSchemaValueException, definition: Mapping[str, Any]) -> str:
    if error.rule == "type":
        expected = definition["type"]
        return f"must be of type {expected if isinstance(expected, str) else ' or '.join(expected)}"
    return f"must be {definition['minLength']} to {definition['maxLength']} characters long"


def _shown(name: str) -> str:
    """Return a property's name for a reader, unless it is not shaped like one."""
    is_shaped = _PROPERTY_NAME.fullmatch(name) and not _BEGINNING_OF_A_TOKEN.match(name)
    return name if is_shaped else "A property"


def _unknown(name: str) -> _Problem:
    """Return the problem of a property that is not in the contract, with the known one nearest to it."""
    if _shown(name) != name:
        return _Problem(_shown(name), "has a name that Custom::SourceCredential does not know", "Remove it.")
    from difflib import get_close_matches  # a template that is right does not need it

    by_lower_case = {known.lower(): known for known in SCHEMA["properties"] if known != "Token"}
    [nearest] = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0)
    return _Problem(
        name,
        "is not a property of Custom::SourceCredential",
        f"The nearest one it has is {by_lower_case[nearest]}.",
    )


def _refusal(problems: list[_Problem]) -> InvalidRequest:
    """Return the exception that tells of one problem plainly, and of several as a numbered list."""
    if len(problems) == 1:
        [only] = problems
        return InvalidRequest(only.name, only.problem, only.remedy or "Correct the template and deploy again.")
    shown = [
        f"({number}) {name}: {problem}.{' ' if remedy else ''}{remedy}"
        for number, (name, problem, remedy) in enumerate(problems[:_PROBLEMS_SHOWN], start=1)
    ]
    unshown = len(problems) - len(shown)
    rest = [f"And {unshown} more."] if unshown else []
    return InvalidRequest("Properties", f"{len(problems)} problems", " ".join([*shown, *rest]))
