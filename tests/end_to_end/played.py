"""What has put a credential into CodeBuild before us, and is not on the embedded AWS: played by the calls it makes.

- AWS::CodeBuild::SourceCredential. Create: ImportSourceCredentials, which must not overwrite, since it fails with
  `Access token with server type GITHUB already exists. Delete its source credential and try again.`; Delete:
  DeleteSourceCredentials of the ARN. AWS does not document the calls; these are the ones that CodeBuild has for that.
- A custom resource as people write it: it overwrites, and deletes the ARN it was given.
- Terraform: its AWS provider imports with the API's default, which is to overwrite, and deletes the ARN:
  https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/codebuild/source_credential.go
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from tests.end_to_end.conftest import Cloud

NATIVE, OLD = "PlayedNative", "OldProvider"  # the exports of the functions that play them

# On the page, and here. MiniStack resolves a reference to a secret in a custom resource, as AWS does in the native one.
NATIVE_HERE: Final[Mapping[str, str]] = {
    "Type: AWS::CodeBuild::SourceCredential": "Type: Custom::PlayedNative",
    "      Token: ": f"      ServiceToken: !ImportValue {NATIVE}\n      Token: ",
}

_FUNCTION = """
import json, urllib.request, boto3

def handler(event, context):
    codebuild, asked = boto3.client("codebuild"), event["ResourceProperties"]
    arn, status, reason = event.get("PhysicalResourceId", "none"), "SUCCESS", ""
    try:
        if event["RequestType"] == "Delete":
            if arn != "none":
                codebuild.delete_source_credentials(arn=arn)
        else:
            token = asked.get("Token") or boto3.client("secretsmanager").get_secret_value(
                SecretId=asked["SecretName"])["SecretString"]
            arn = codebuild.import_source_credentials(
                token=token,
                serverType=asked.get("ServerType", "GITHUB"),
                authType=asked.get("AuthType", "PERSONAL_ACCESS_TOKEN"),
                shouldOverwrite=OVERWRITES or event["RequestType"] == "Update",
            )["arn"]
    except Exception as error:
        status, reason = "FAILED", str(error)
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({**answer, "Status": status, "Reason": reason, "PhysicalResourceId": arn}).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT"))
"""


@contextmanager
def playing(cloud: Cloud, export: str, *, overwrites: bool) -> Iterator[None]:
    """Deploy a function that plays a resource, and export it; overwrites: whether its Create does."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    calls = ["codebuild:*SourceCredentials", "secretsmanager:GetSecretValue"]
    policy = {"Statement": [{"Effect": "Allow", "Action": calls, "Resource": "*"}]}
    role = {
        "AssumeRolePolicyDocument": {"Statement": [trust]},
        "Policies": [{"PolicyName": "Credentials", "PolicyDocument": policy}],
    }
    function = {
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": _FUNCTION.replace("OVERWRITES", str(overwrites))},
    }
    template = {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        },
        "Outputs": {"Function": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}, "Export": {"Name": export}}},
    }
    stack = f"plays-{export.lower()}"
    cloud.client("cloudformation").create_stack(
        StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    assert cloud.status(stack) == "CREATE_COMPLETE", cloud.reasons(stack)
    try:
        yield
    finally:
        cloud.delete(stack)
