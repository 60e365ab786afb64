"""A provider as one writes it on cfn-handler: its README's example with its defaults, and three clients."""

import boto3
from cfn_handler import CustomResource

resource = CustomResource()

secrets = boto3.client("secretsmanager")
codebuild = boto3.client("codebuild")
table = boto3.client("dynamodb")


@resource.create
def on_create(event, context):
    """Import the token."""
    properties = event["ResourceProperties"]
    token = secrets.get_secret_value(SecretId=properties["SecretId"])["SecretString"].strip()
    answer = codebuild.import_source_credentials(
        serverType=properties["ServerType"], authType=properties["AuthType"], token=token
    )
    resource.physical_resource_id = answer["arn"]
    return {"Arn": answer["arn"]}


@resource.update
def on_update(event, context):
    """Import the token anew."""
    return on_create(event, context)


@resource.delete
def on_delete(event, context):
    """Delete the credential."""
    codebuild.delete_source_credentials(arn=event["PhysicalResourceId"])


def handler(event, context):
    """Handle an event."""
    return resource(event, context)
