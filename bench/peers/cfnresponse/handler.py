"""A provider without a library of custom resources: the answer is sent as AWS's own module `cfnresponse` sends it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
"""

import json

import boto3
import urllib3

http = urllib3.PoolManager()
secrets = boto3.client("secretsmanager")
codebuild = boto3.client("codebuild")
table = boto3.client("dynamodb")


def send(event, status, physical_resource_id, reason):
    """Send the answer."""
    answer = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": physical_resource_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {},
    }
    http.request("PUT", event["ResponseURL"], headers={"content-type": ""}, body=json.dumps(answer))


def handler(event, context):
    """Handle an event."""
    physical_resource_id = event.get("PhysicalResourceId", "none")
    try:
        if event["RequestType"] == "Delete":
            codebuild.delete_source_credentials(arn=physical_resource_id)
        else:
            properties = event["ResourceProperties"]
            token = secrets.get_secret_value(SecretId=properties["SecretId"])["SecretString"].strip()
            physical_resource_id = codebuild.import_source_credentials(
                serverType=properties["ServerType"], authType=properties["AuthType"], token=token
            )["arn"]
    except Exception as error:
        send(event, "FAILED", physical_resource_id, str(error))
    else:
        send(event, "SUCCESS", physical_resource_id, "")
