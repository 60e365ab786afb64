"""What the build makes: the same bytes everywhere, with what the function reads, and a list of its packages."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

import build
import bytecode
from local.emulator import PYTHON
from local.ministack import PROJECT
from local.provider import UV
from source_credential.contract.schema import SCHEMA
from source_credential.contract.validation import VALIDATOR_OPTIONS

READ_OF_ALL_SERVICES = {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
VALUES: list[Any] = [
    *("", "x", "x" * 3000, "true", "GITHUB", "BASIC_AUTH", "eu-west-1", "https://git.example.com", " "),
    *("ghp_aTokenThatMustNotBeRepeated00000000000", "0123456789abcdef0123456789abcdef01234567"),
    *("{{resolve:secretsmanager:a}}", {"Ref": "x"}, ["x"], None, 1, True),
]


def built(folder: Path, python: str) -> Path:
    """Build with a Python into a new folder and return it."""
    folder.mkdir(parents=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(
        ["make", "build-RefreshFunction", f"ARTIFACTS_DIR={folder}", f"PYTHON={python}"],  # noqa: S607 - the machine's own
        cwd=PROJECT / "handler",
        env={**inherited, "BYTECODE_PULL_SECONDS": "0"},
        capture_output=True,
        check=True,
    )
    return folder


def pythons() -> list[str]:
    """Return Pythons that have pip: the project's own, and others that the machine has, one of a series."""
    found = [str(UV / "python")]
    for minor in range(9, 15):
        for python in [] if minor == sys.version_info[1] else bytecode._pythons(f"3.{minor}"):
            told = bytecode._output([python, "-c", "import pip, sys; print(*sys.version_info[:2], sep='.')"])
            if told == f"3.{minor}":
                found.append(python)
                break
    return found


def listing(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Return what is in a folder: modes, times and contents by name."""
    return {
        path.relative_to(folder).as_posix(): (
            oct(path.lstat().st_mode),
            path.lstat().st_mtime_ns,
            "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in [folder, *folder.rglob("*")]
    }


def test_two_builds_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    """Names, modes, times and contents, in another folder, at another time, and by each Python that is here."""
    own = pythons()[0]
    first = listing(built(tmp_path / "one", own))
    assert {mode for mode, _, _ in first.values()} == {"0o40755", "0o100644"}
    modules = {name for name in first if name.endswith(".py")}
    compiled = {str(Path(importlib.util.source_from_cache(name))) for name in first if name.endswith(".pyc")}
    assert compiled in (modules, set())  # the latter where there is no Python of the runtime's series
    for number, python in enumerate([own, *pythons()[1:]]):
        assert listing(built(tmp_path / f"another/{number}", python)) == first


def test_nothing_in_it_tells_how_it_was_built(artifact: Path) -> None:
    """Neither the tool that installed it nor a folder of this machine."""
    told = {path.name for path in artifact.glob("*.dist-info/*")}
    assert not told & {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    assert not [path for path in artifact.rglob("*") if path.is_file() and str(PROJECT).encode() in path.read_bytes()]


def test_every_package_keeps_its_licence(artifact: Path) -> None:
    """As a file."""
    for folder in artifact.glob("*.dist-info"):
        assert [path for path in folder.rglob("*") if path.name.upper().startswith(("LICENSE", "NOTICE"))], folder


def test_the_models_are_those_of_the_services_that_the_code_names(artifact: Path) -> None:
    """No other service's; of each what botocore reads, and what it reads of all of them."""
    data = artifact / "botocore/data"
    assert {path.name for path in data.iterdir()} == {*build.services_called(), *READ_OF_ALL_SERVICES}
    kinds = {path.name.split(".")[0] for path in data.glob("*/*/*")}
    assert kinds == {"service-2", "endpoint-rule-set-1", "paginators-1"}
    assert not (artifact / "boto3/data").exists()


def run(artifact: Path, code: str, *arguments: str) -> str:
    """Run code beside the artifact and nothing else, and return what it prints."""
    environment = {"PYTHONPATH": str(artifact), "AWS_DEFAULT_REGION": "eu-west-1", "PATH": os.environ["PATH"]}
    command = [str(PYTHON), "-B", "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_client_of_every_service_can_be_made_and_its_lists_paged(artifact: Path) -> None:
    """By the artifact's own botocore and models, as the code makes them; and the regions are known."""
    code = """if True:
        import sys, boto3
        for name in sys.argv[1:]:
            client = boto3.client(name)
            for method in client.meta.method_to_api_mapping:
                if client.can_paginate(method):
                    client.get_paginator(method)
            print(name, name != "dynamodb" or client.can_paginate("query"))
        print("regions", "eu-west-1" in boto3.Session().get_available_regions("codebuild"))
    """
    services = build.services_called()
    assert run(artifact, code, *services).splitlines() == [f"{name} True" for name in [*services, "regions"]]


@pytest.fixture(scope="module")
def shipped(artifact: Path) -> Callable[[object], object]:
    """Return the validator of the artifact."""
    specification = importlib.util.spec_from_file_location("validator", build.validator(artifact))
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    validate: Callable[[object], object] = module.validate
    return validate


def properties() -> Iterator[dict[str, Any]]:
    """Yield the events' properties, and these with each property missing, wrong, or joined by another."""
    for path in sorted((PROJECT / "events/cloudformation").glob("*.json")):
        given = json.loads(path.read_text(encoding="utf-8"))["ResourceProperties"]
        yield given
        for name in [*SCHEMA["properties"], "SecertId", "0123456789abcdef0123456789abcdef01234567"]:
            yield {other: value for other, value in given.items() if other != name}
            yield from ({**given, name: value} for value in VALUES)


def problems(validate: Callable[[object], object], given: object) -> list[tuple[object, ...]]:
    """Return all that a validator says."""
    try:
        validate(given)
    except fastjsonschema.JsonSchemaValuesException as failure:
        return [(error.message, error.name, error.rule, error.definition, error.value) for error in failure.errors]
    return []


def test_the_validator_that_ships_says_what_the_schema_says(shipped: Callable[[object], object]) -> None:
    """The same problems of the same properties, in the same order, and none of the same ones."""
    compiled = fastjsonschema.compile(SCHEMA, **VALIDATOR_OPTIONS)
    seen = [(problems(shipped, given), problems(compiled, given)) for given in properties()]
    assert [one for one, other in seen if one != other] == []
    assert {bool(one) for one, _ in seen} == {True, False}


def test_the_validator_that_ships_is_what_the_schema_gives_now(artifact: Path) -> None:
    """And what loads it takes it, with nothing of fastjsonschema but the exceptions."""
    code = fastjsonschema.compile_to_code(SCHEMA, **VALIDATOR_OPTIONS)
    expected = code.replace("from fastjsonschema import", "from fastjsonschema.exceptions import")
    assert build.validator(artifact).read_text(encoding="utf-8") == expected
    loaded = run(
        artifact,
        "import sys, source_credential.contract.validation as v; print(v._validate.__module__, "
        "*sorted(name for name in sys.modules if name.startswith('fastjsonschema')))",
    )
    assert loaded.split() == ["source_credential.contract.validator", "fastjsonschema", "fastjsonschema.exceptions"]


def test_the_bill_of_materials_names_exactly_what_ships(artifact: Path, tmp_path: Path) -> None:
    """Each package with its version and licence; the same bytes each time, whatever the place and the time."""
    written: list[bytes] = []
    for name in ("one.json", "other.json"):
        subprocess.run(
            ["make", "--silent", "sbom", f"ARTIFACT={artifact}", f"SBOM={tmp_path / name}"],  # noqa: S607 - as above
            cwd=PROJECT,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(len(written))},
            capture_output=True,
            check=True,
        )
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    components = json.loads(written[0])["components"]
    shipped = {(found.name, found.version) for found in distributions(path=[str(artifact)])}
    assert {(component["name"], component["version"]) for component in components} == shipped
    assert len(shipped) == len(list(artifact.glob("*.dist-info")))
    assert all(component["licenses"] for component in components)
    assert str(PROJECT).encode() not in written[0]
    assert str(artifact).encode() not in written[0]
