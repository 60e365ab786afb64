"""Makes of what pip has installed what ships: `python build.py ARTIFACT SERIES`, run by the Makefile beside it.

Runs on Python 3.9 and newer, and needs nothing besides. docs/decisions/0004-build.md says why it does what it does.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import bytecode

_HANDLER = Path(__file__).resolve().parent

# What never runs. botocore's models have a function of their own.
_UNUSED = (
    "bin",
    "boto3/data",  # of boto3's resources, of which there are none here
    "boto3/examples",
    "crhelper/tests",
    "source_credential/contract/written.py",  # of templates: for the lint and the CDK's construct
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.js",  # a page for people
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.css",
    "**/*.pyi",  # for type checkers, as the next one
    "**/py.typed",
    "**/__pycache__",
    "*.dist-info/RECORD",  # this and the rest say how it was installed here, and with what
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
)
# What botocore reads of a service, but for waiters and examples, which are not used.
_MODELS = ("service-2.", "endpoint-rule-set-1.", "paginators-1.")

# No zip can hold what is older than 1980, and it tells local time: a day later it is 1980 everywhere.
_TIME = 315619200


def main(artifact: Path, series: str) -> None:
    """Finish an artifact: with bytecode where there is a Python of the runtime's series."""
    shutil.copytree(_HANDLER / "source_credential", artifact / "source_credential", dirs_exist_ok=True)
    prune(artifact)
    if sys.version_info >= (3, 10):  # what the generator needs; an older one leaves it to the runtime's Python
        generate(artifact)
    if not bytecode.made(artifact, series):
        bytecode.remove(artifact)
        if not validator(artifact).exists():
            print("The validator is made at each start: making it here needs Python 3.10 or newer.")
    normalise(artifact)


def prune(artifact: Path) -> None:
    """Remove what never runs, and what tells how the build was done. Licences stay, and no file is changed."""
    for pattern in _UNUSED:
        for path in sorted(artifact.glob(pattern)):
            remove(path)
    data = artifact / "botocore/data"
    services = set(services_called())
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        if folder.name in services:
            _prune_models(folder)
        else:
            remove(folder)


def _prune_models(service: Path) -> None:
    """Leave the version of the service's interface that botocore takes, the newest, and of it what is read."""
    newest = max(path.parent for path in service.glob("*/service-2.*"))
    for path in [*service.iterdir(), *newest.iterdir()]:
        if path != newest and not (path.parent == newest and path.name.startswith(_MODELS)):
            remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def services_called() -> list[str]:
    """Return the services that the code makes clients of, as it names them itself."""
    return [str(name) for name in constants(_HANDLER / "source_credential/aws/services.py").values()]


def constants(module: Path) -> dict[str, Any]:
    """Return the literal constants of a module by their names, without importing it."""
    found: dict[str, Any] = {}
    for statement in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            try:
                found[statement.target.id] = ast.literal_eval(statement.value)
            except ValueError:  # it is computed
                continue
    return found


def validator(artifact: Path) -> Path:
    """Return where the generated validator is."""
    return artifact / "source_credential/contract/validator.py"


def generate(artifact: Path) -> None:
    """Write the validator that fastjsonschema makes of the schema, and leave of fastjsonschema what this one needs.

    That is the exceptions. Without its `__init__` the folder is a namespace package, and loads nothing else.
    """
    contract = artifact / "source_credential/contract"
    options = constants(contract / "validation.py")["VALIDATOR_OPTIONS"]
    schema = json.loads((contract / "source_credential.schema.json").read_text(encoding="utf-8"))
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(artifact))
    import fastjsonschema  # noqa: PLC0415 - the artifact's own

    code = fastjsonschema.compile_to_code(schema, **options)
    code = code.replace("\nfrom fastjsonschema import ", "\nfrom fastjsonschema.exceptions import ")
    validator(artifact).write_bytes(code.encode())
    for path in sorted((artifact / "fastjsonschema").iterdir()):
        if path.name != "exceptions.py":
            remove(path)


def normalise(artifact: Path) -> None:
    """Give everything the modes and the time that it has on every machine; folders last, for a file changes them."""
    for path in sorted([artifact, *artifact.rglob("*")], reverse=True):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_TIME, _TIME))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
