"""What is done about CloudFormation's events: a Create, an Update, a Delete, and a request whose time runs out."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from source_credential import wiring
from source_credential.cloudformation.life_cycle import CustomResource
from source_credential.contract import properties
from source_credential.errors import Refused, SourceCredentialError
from source_credential.lambda_context import LambdaContext
from source_credential.model import Owner, Request, Specification
from source_credential.records import Answer
from source_credential.slots.turn import Run
from source_credential.wiring import Logic

resource = CustomResource()

wiring.warm_up()

_FUNCTION_ARN: Final = re.compile(r"arn:[\w-]+:lambda:[a-z0-9-]+:([0-9]{12}):function:")


@resource.create
def create(event: Mapping[str, Any], context: LambdaContext) -> str:
    """Import the credential; return its ARN as the physical id."""

    def work(logic: Logic, request: Request, run: Run) -> Answer:
        return logic.provisioner.create(request, properties.parse(event.get("ResourceProperties")), run)

    return _answered(event, context, work)


@resource.update
def update(event: Mapping[str, Any], context: LambdaContext) -> str:
    """Import the credential anew; return its ARN. Another ARN than before makes CloudFormation delete the old one."""

    def work(logic: Logic, request: Request, run: Run) -> Answer:
        asked = properties.parse(event.get("ResourceProperties"))
        return logic.provisioner.update(request, asked, _parsed(event.get("OldResourceProperties")), run)

    return _answered(event, context, work)


@resource.delete
def delete(event: Mapping[str, Any], context: LambdaContext) -> str:
    """Delete the credential, if it is this resource's. Wrong properties do not keep a stack from going away."""

    def work(logic: Logic, request: Request, run: Run) -> Answer:
        specification = _parsed(event.get("ResourceProperties"))
        slot = logic.preparation.target(specification).slot if specification else None
        return logic.deleter.delete(request, slot, run)

    return _answered(event, context, work)


@resource.abandon
def abandon(event: Mapping[str, Any], context: LambdaContext, reason: str) -> str | None:
    """End the request when its time runs out; return the reason to fail with, None when it has just succeeded."""
    run = _runs.get(event["RequestId"])  # it may end at any moment
    if run is not None:
        run.stop()
    answer = _logic(event, context).memory.fail(_request(event), reason)
    return None if answer.succeeded else answer.reason


# The runs that are at work, by RequestId, so that they can be stopped. A function handles one event at a time.
_runs: dict[str, Run] = {}

Work = Callable[[Logic, Request, Run], Answer]


def _answered(event: Mapping[str, Any], context: LambdaContext, work: Work) -> str:
    """Return the physical id of what the request came to, with its attributes in `resource.Data`. Raises Refused."""
    logic, request = _logic(event, context), _request(event)
    run = _runs[request.request_id] = Run(lambda: context.get_remaining_time_in_millis() / 1000)
    try:
        answer = logic.memory.answer(request, lambda: work(logic, request, run))
    finally:
        del _runs[request.request_id]
    if not answer.succeeded:
        raise Refused(answer.reason)
    resource.Data = dict(answer.attributes)
    return answer.physical_resource_id


def _parsed(given: object) -> Specification | None:
    """Return what properties ask for; None when they make no sense."""
    try:
        return properties.parse(given)
    except SourceCredentialError:
        return None


def _logic(event: Mapping[str, Any], context: LambdaContext) -> Logic:
    """Return the logic of the provider's own account: arn:aws:lambda:REGION:ACCOUNT:function:NAME.

    ServiceToken is what CloudFormation called the function by, so it tells the account also where the context's ARN is
    made up, as it is under `sam local invoke`.
    """
    return wiring.logic(_called_account(event) or context.invoked_function_arn.split(":")[4])


def _called_account(event: Mapping[str, Any]) -> str | None:
    given = event.get("ResourceProperties")
    called = _FUNCTION_ARN.match(str(given.get("ServiceToken"))) if isinstance(given, Mapping) else None
    return called[1] if called else None


def _request(event: Mapping[str, Any]) -> Request:
    return Request(
        owner=Owner(stack_id=event["StackId"], logical_resource_id=event["LogicalResourceId"]),
        request_id=event["RequestId"],
        request_type=event["RequestType"],
        physical_resource_id=str(event.get("PhysicalResourceId", "")),
        wanted=properties.fingerprint(event.get("ResourceProperties")),
        provider_account=_called_account(event),
    )
