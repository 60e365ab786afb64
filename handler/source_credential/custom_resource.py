"""Lambda's entry for CloudFormation's events."""

from collections.abc import Mapping
from typing import Any

from source_credential.cloudformation import CustomResource, LambdaContext
from source_credential.model import Provisioned
from source_credential.observability import logger

resource = CustomResource()

try:
    # Whatever fails while the function starts is told to CloudFormation, which would otherwise wait for an hour.
    from source_credential import clients, properties

    clients.provisioner()
except Exception as error:  # noqa: BLE001 - as above
    resource.init_failure(error)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle a Create, Update or Delete of Custom::SourceCredential; the answer goes to the event's ResponseURL.

    event: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    Raises what `CustomResource.__call__` raises.
    """
    resource(event, context)


@resource.create
def create(event: Mapping[str, Any], _context: LambdaContext) -> str:
    """Import the credential; return its ARN as the physical id."""
    specification = properties.parse(event.get("ResourceProperties"))
    return _answer(clients.provisioner().create(specification))


@resource.update
def update(event: Mapping[str, Any], _context: LambdaContext) -> str:
    """Import the credential anew; return its ARN. Another ARN than before makes CloudFormation delete the old one."""
    specification = properties.parse(event.get("ResourceProperties"))
    provisioned = clients.provisioner().update(specification, physical_resource_id=str(event.get("PhysicalResourceId")))
    return _answer(provisioned)


@resource.delete
def delete(event: Mapping[str, Any], _context: LambdaContext) -> str:
    """Delete the credential, by id alone: properties that are wrong must not keep a stack from going away."""
    given = event.get("ResourceProperties")
    server_type = given.get("ServerType") if isinstance(given, Mapping) else None
    clients.provisioner().delete(
        physical_resource_id=str(event.get("PhysicalResourceId")),
        server_type=server_type if isinstance(server_type, str) else None,
    )
    return str(event.get("PhysicalResourceId"))


def _answer(provisioned: Provisioned) -> str:
    """Set the attributes for Fn::GetAtt, and return the physical id."""
    for warning in provisioned.warnings:
        logger.warning(warning)
    attributes = {
        "Arn": provisioned.arn,
        "ServerType": provisioned.server_type.value,
        "AuthType": provisioned.auth_type.value,
        "SecretArn": provisioned.secret_arn,
        "SecretVersionId": provisioned.secret_version_id,
    }
    resource.Data = {name: value for name, value in attributes.items() if value is not None}
    return provisioned.arn
