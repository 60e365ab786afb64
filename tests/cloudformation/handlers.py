"""Resources with the handlers that the tests give them."""

from collections.abc import Callable
from typing import Any

from source_credential.cloudformation.life_cycle import CustomResource
from tests.invocation import ARN

SECRET = "ghp_neverToBeSeen"


def provider(handler: Callable[[Any, Any], str] = lambda _event, _context: ARN) -> CustomResource:
    """Return a resource all of whose handlers are the one given."""
    resource = CustomResource()
    resource.create(handler)
    resource.update(handler)
    resource.delete(handler)
    return resource


def raising(error: Exception) -> Callable[[Any, Any], str]:
    """Return a handler that raises."""

    def handler(_event: Any, _context: Any) -> str:
        raise error

    return handler
