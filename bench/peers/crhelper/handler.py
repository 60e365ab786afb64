"""A provider as one writes it on crhelper: its README's example with its defaults, and the three clients it needs."""

import logging

import boto3
from crhelper import CfnResource

logger = logging.getLogger(__name__)
helper = CfnResource()

try:
    secrets = boto3.client("secretsmanager")
    codebuild = boto3.client("codebuild")
    table = boto3.client("dynamodb")
except Exception as error:
    helper.init_failure(error)


@helper.create
def create(event, context):
    """Import the token."""
    properties = event["ResourceProperties"]
    token = secrets.get_secret_value(SecretId=properties["SecretId"])["SecretString"].strip()
    answer = codebuild.import_source_credentials(
        serverType=properties["ServerType"], authType=properties["AuthType"], token=token
    )
    return answer["arn"]


@helper.update
def update(event, context):
    """Import the token anew."""
    return create(event, context)


@helper.delete
def delete(event, context):
    """Delete the credential."""
    codebuild.delete_source_credentials(arn=event["PhysicalResourceId"])


def handler(event, context):
    """Handle an event."""
    helper(event, context)
