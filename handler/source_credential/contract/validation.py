"""What is wrong with properties, by fastjsonschema: for the provider's answer, and for the CDK's construct before."""

from collections.abc import Mapping
from typing import Any, Final

from fastjsonschema.exceptions import JsonSchemaValuesException

from source_credential.contract.problems import Problem, SchemaError, explained
from source_credential.contract.schema import SCHEMA

# fast_fail off: every problem in one answer. A deploy per typo is how an afternoon goes. handler/build.py reads this.
VALIDATOR_OPTIONS: Final[dict[str, Any]] = {"use_default": False, "fast_fail": False}

try:
    # The artifact has the validator ready made, by handler/build.py and of the same schema.
    from source_credential.contract.validator import validate as _validate  # type: ignore[import-not-found]
except ModuleNotFoundError:
    import fastjsonschema

    _validate = fastjsonschema.compile(SCHEMA, **VALIDATOR_OPTIONS)


def problems(properties: Mapping[str, object]) -> list[Problem]:
    """Return one problem per property, in the schema's order. No value is repeated."""
    try:
        _validate(properties)
    except JsonSchemaValuesException as failure:
        return explained(
            SchemaError(str(error.rule), error.definition, error.path[-1], error.value) for error in failure.errors
        )
    return []
