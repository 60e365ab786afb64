"""Resources with the handlers that the tests give them."""

import time
from collections.abc import Callable
from typing import Any

from source_credential.cloudformation.life_cycle import CustomResource
from tests.invocation import ARN
from tests.receiver import Receiver

SECRET = "ghp_neverToBeSeen"


def provider(handler: Callable[[Any, Any], str] = lambda _event, _context: ARN) -> CustomResource:
    """Return a resource all of whose handlers are the one given."""
    resource = CustomResource()
    resource.create(handler)
    resource.update(handler)
    resource.delete(handler)
    return resource


def late(receiver: Receiver) -> Callable[[Any, Any], str]:
    """Return a handler that comes to its end when its request has been answered for it."""

    def handler(_event: Any, _context: Any) -> str:
        while not receiver.bodies:
            time.sleep(0.01)
        return ARN

    return handler
