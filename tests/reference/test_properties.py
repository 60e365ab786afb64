"""The reference says of each property what the handler does with it."""

from dataclasses import replace

import pytest

from reference import properties, syntax
from reference.contract import Contract, holds
from source_credential.contract.properties import parse
from source_credential.errors import InvalidRequest
from source_credential.model import Slot, Specification

CONTRACT = Contract()
AUTH_TYPES = CONTRACT.properties["AuthType"].allowed_values
CHOICES = [(server, auth) for auth in AUTH_TYPES for server in CONTRACT.server_types(auth)]
OTHER_CHOICES = [
    (server, auth)
    for auth in AUTH_TYPES
    for server in CONTRACT.properties["ServerType"].allowed_values
    if (server, auth) not in CHOICES
]
SET_BY_CLOUDFORMATION = {"ServiceToken", "ServiceTimeout"}


def least(server_type: str, auth_type: str) -> dict[str, object]:
    """Return what the reference says is needed for a choice, with its examples."""
    chosen = {"ServerType": server_type, "AuthType": auth_type}
    needed = [each for each in CONTRACT.usable if CONTRACT.is_needed(each.name, chosen)]
    return {each.name: chosen.get(each.name, each.example) for each in needed if each.name not in SET_BY_CLOUDFORMATION}


def is_refused(given: dict[str, object]) -> bool:
    """Tell whether the handler refuses properties."""
    try:
        parse(given)
    except InvalidRequest:
        return True
    return False


@pytest.mark.parametrize(("server_type", "auth_type"), CHOICES)
def test_what_is_needed_is_needed_and_no_more(server_type: str, auth_type: str) -> None:
    """The handler takes what the page says is needed, and not without any of it."""
    given = least(server_type, auth_type)
    assert not is_refused(given)
    for name in given:
        assert is_refused({other: value for other, value in given.items() if other != name}), name


@pytest.mark.parametrize(("server_type", "auth_type"), OTHER_CHOICES)
def test_no_other_server_types_work_with_an_auth_type(server_type: str, auth_type: str) -> None:
    """What is not under "works with" is refused."""
    assert is_refused({**least("GITHUB", auth_type), "ServerType": server_type})


@pytest.mark.parametrize(("server_type", "auth_type"), CHOICES)
def test_what_is_not_allowed_is_refused_and_what_is_not_is_taken(server_type: str, auth_type: str) -> None:
    """For each property, with the example that the page has."""
    given = least(server_type, auth_type)
    told = {name: str(value) for name, value in given.items()}
    for each in CONTRACT.properties.values():
        if each.name not in {*given, *SET_BY_CLOUDFORMATION}:
            expected = each.is_refused or any(holds(condition, told) for condition in each.refused_when)
            assert is_refused({**given, each.name: each.example}) is expected, each.name


def test_a_condition_of_two_properties_is_told() -> None:
    """ServerUrl is needed with GITHUB_ENTERPRISE and VerifyToken, and not with one of them alone."""
    given = {**least("GITHUB_ENTERPRISE", "PERSONAL_ACCESS_TOKEN"), "VerifyToken": "true"}
    assert is_refused(given)
    assert CONTRACT.is_needed("ServerUrl", {name: str(value) for name, value in given.items()})
    assert not is_refused({**given, "ServerUrl": CONTRACT.properties["ServerUrl"].example})


def test_a_default_is_what_is_done_without_the_property() -> None:
    """Given or left out, the specification follows and reads the same."""
    left_out = parse(least("GITHUB", "PERSONAL_ACCESS_TOKEN"))
    for each in CONTRACT.usable:
        if each.default is not None and each.name not in SET_BY_CLOUDFORMATION:
            given = parse({**least("GITHUB", "PERSONAL_ACCESS_TOKEN"), each.name: each.default})
            assert given.followed_label == left_out.followed_label
            assert replace(given, secret_version_stage=None) == left_out, each.name


def slot_of(specification: Specification) -> Slot:
    """Return where a specification imports to, from a provider in us-east-1."""
    role = specification.role_arn
    return Slot(
        account_id=role.split(":")[4] if role else "000000000000",
        region=specification.region or "us-east-1",
        server_type=specification.server_type,
    )


def test_what_leads_to_another_slot_is_a_replacement_and_nothing_else() -> None:
    """The ARN is that of the slot, and another ARN is what CloudFormation replaces for."""
    before = least("GITHUB", "PERSONAL_ACCESS_TOKEN")
    others: dict[str, object] = {
        "ServerType": "GITHUB_ENTERPRISE",
        "AuthType": "SECRETS_MANAGER",
        "SecretId": "another",
    }
    replaced = set()
    for each in CONTRACT.usable:
        after = {**before, each.name: others.get(each.name, each.example)}
        if not is_refused(after) and slot_of(parse(after)) != slot_of(parse(before)):
            replaced.add(each.name)
    assert replaced == {each.name for each in CONTRACT.usable if each.update.startswith("Replacement")}


def test_every_property_has_its_section_and_its_place_in_the_syntax() -> None:
    """None is missing, and the token is in no syntax."""
    sections = properties.sections(CONTRACT)
    for name in CONTRACT.properties:
        assert f"### {name}\n" in sections
    for text in (syntax.as_json(CONTRACT), syntax.as_yaml(CONTRACT), properties.table(CONTRACT)):
        assert all(each.name in text for each in CONTRACT.usable)
        assert '"Token"' not in text
        assert "Token: String\n" not in text.replace("ServiceToken", "").replace("VerifyToken", "")


def test_a_section_says_all_that_the_schema_knows() -> None:
    """Description, required, type, values, limits, default, update and option, in AWS's order."""
    schema = {
        "description": "x",
        "required": ["Kind"],
        "properties": {
            "Kind": {"enum": ["A_B", "C_D"], "description": "The Kind. More.", "x-update": "Replacement"},
            "Name": {
                "type": "string",
                "pattern": "^a|b$",
                "minLength": 1,
                "maxLength": 9,
                "default": "ab",
                "description": "With A_B.",
                "x-cli-option": "--name",
            },
            "Other": {"type": ["string", "integer"], "description": "No more than Name."},
        },
        "allOf": [
            {
                "if": {"required": ["Kind"], "properties": {"Kind": {"const": "A_B"}}},
                "then": {"required": ["Name"], "properties": {"Other": {"not": {}}}},
            },
            {"if": {"required": ["Other"]}, "then": {"properties": {"Name": {"not": {}}}}},
        ],
    }
    lines = properties.sections(Contract(schema)).splitlines()
    name = lines[lines.index("### Name") : lines.index("### Other")]
    assert name == [
        "### Name",
        "",
        "With `A_B`.",
        "",
        "*Required*: Conditional: when `Kind` is `A_B` \\",
        "*Not allowed*: when `Other` is given \\",
        "*Type*: String \\",
        "*Pattern*: `^a|b$` \\",
        "*Minimum*: `1` \\",
        "*Maximum*: `9` \\",
        "*Default*: `ab` \\",
        "*Update requires*: [No interruption] \\",
        "*CLI option*: `--name`",
        "",
    ]
    assert "*Not allowed*: when `Name` is given, or when `Kind` is `A_B` \\" in lines or (
        "*Not allowed*: when `Kind` is `A_B`, or when `Name` is given \\" in lines
    )
    assert "*Allowed values*: `A_B` \\| `C_D` \\" in lines
    assert "*Update requires*: [Replacement] \\" in lines
