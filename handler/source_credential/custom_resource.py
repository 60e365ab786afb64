"""Lambda's entry for CloudFormation's events."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from source_credential.cloudformation.life_cycle import CustomResource, LambdaContext
from source_credential.model import Owner, Provisioned, Request
from source_credential.observability import logger

if TYPE_CHECKING:
    from source_credential.slots.provisioner import Provisioner

resource = CustomResource()

try:
    # Whatever fails while the function starts is told to CloudFormation, which would otherwise wait for an hour.
    from source_credential import wiring
    from source_credential.contract import properties

    wiring.warm_up()
except Exception as error:  # noqa: BLE001 - as above
    resource.init_failure(error)

_FUNCTION_ARN = re.compile(r"arn:[\w-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:")


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle a Create, Update or Delete of Custom::SourceCredential; the answer goes to the event's ResponseURL.

    event: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    Raises what `CustomResource.__call__` raises.
    """
    resource(event, context)


@resource.create
def create(event: Mapping[str, Any], context: LambdaContext) -> str:
    """Import the credential; return its ARN as the physical id."""
    return _answer(_provisioner(event, context).create(_request(event), event.get("ResourceProperties")))


@resource.update
def update(event: Mapping[str, Any], context: LambdaContext) -> str:
    """Import the credential anew; return its ARN. Another ARN than before makes CloudFormation delete the old one."""
    return _answer(_provisioner(event, context).update(_request(event), event.get("ResourceProperties")))


@resource.delete
def delete(event: Mapping[str, Any], context: LambdaContext) -> str:
    """Delete the credential, if it is this resource's. Wrong properties do not keep a stack from going away."""
    return _answer(_provisioner(event, context).delete(_request(event)))


@resource.abandon
def abandon(event: Mapping[str, Any], context: LambdaContext, reason: str) -> str | None:
    """End the request when its time runs out; return the reason to fail with, None when it has just succeeded."""
    return _provisioner(event, context).abandon(_request(event), reason)


def _provisioner(event: Mapping[str, Any], context: LambdaContext) -> "Provisioner":
    """Return the provisioner of the provider's own account: arn:aws:lambda:REGION:ACCOUNT:function:NAME.

    ServiceToken is what CloudFormation called the function by, so it tells the account also where the context's ARN is
    made up, as it is under `sam local invoke`.
    """
    given = event.get("ResourceProperties")
    called_by = str(given.get("ServiceToken", "")) if isinstance(given, Mapping) else ""
    arn = called_by if _FUNCTION_ARN.match(called_by) else context.invoked_function_arn
    return wiring.provisioner(arn.split(":")[4])


def _request(event: Mapping[str, Any]) -> Request:
    return Request(
        owner=Owner(stack_id=event["StackId"], logical_resource_id=event["LogicalResourceId"]),
        request_id=event["RequestId"],
        request_type=event["RequestType"],
        physical_resource_id=str(event.get("PhysicalResourceId", "")),
        wanted=properties.fingerprint(event.get("ResourceProperties")),
        had=properties.fingerprint(event.get("OldResourceProperties")),
    )


def _answer(provisioned: Provisioned) -> str:
    """Set the attributes for Fn::GetAtt, and return the physical id."""
    for warning in provisioned.warnings:
        logger.warning(warning)
    resource.Data = dict(provisioned.attributes)
    return provisioned.physical_resource_id
