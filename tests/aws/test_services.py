"""The services that are named in one place, of which the build reads whose models ship."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import build
from local.ministack import PROJECT
from source_credential.aws import services
from source_credential.contract.schema import SCHEMA

CODE = PROJECT / "handler/source_credential"
NAMED = {name: value for name, value in vars(services).items() if name.isupper()}
_MAKES_CLIENTS = {"client", "_client", "_own_client", "get_available_regions"}
_PASSED_ON = {"service"}  # a parameter, so that its caller names the service


def service_arguments(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what is given as a service where clients are made, and where a loop goes through services."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in _MAKES_CLIENTS:
                yield node.args[0]
        if isinstance(node, ast.For) and getattr(node.target, "id", "") in _PASSED_ON:
            assert isinstance(node.iter, ast.Tuple)
            yield from node.iter.elts


@pytest.mark.parametrize("path", sorted(CODE.rglob("*.py")), ids=lambda path: str(path.relative_to(CODE)))
def test_every_client_is_of_a_service_that_is_named_there(path: Path) -> None:
    """By its constant, or by a parameter that one was given for; never by a name of its own."""
    for given in service_arguments(ast.parse(path.read_text(encoding="utf-8"))):
        assert isinstance(given, ast.Name), ast.unparse(given)
        assert given.id in NAMED.keys() | _PASSED_ON


def test_the_services_that_a_connections_arn_may_name_are_named_there() -> None:
    """It says which one is asked."""
    found = re.search(r":\(([a-z|-]+)\):", SCHEMA["properties"]["ConnectionArn"]["pattern"])
    assert found
    assert set(found[1].split("|")) == {services.CODECONNECTIONS, services.CODESTAR_CONNECTIONS}


def test_the_build_reads_the_names_that_the_code_uses() -> None:
    """Without importing the code: its Python may be older than the code's."""
    assert sorted(build.services_called()) == sorted(NAMED.values())
