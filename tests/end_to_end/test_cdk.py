"""The example app of the CDK, deployed: a secret of its own, which the provider reads because the app lets it."""

import re
from pathlib import Path

from local import provider
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.test_rotation import until
from tests.end_to_end.test_stacks import ARN, FIRST, SECOND, sha256


def test_the_whole_life_of_the_example(cloud: Cloud, app_templates: dict[str, Path]) -> None:
    """The secret's token is imported, followed, left alone by a deployment that changes nothing, and removed.

    The secret's name does not begin with codebuild/: only the policies that the app gives the roles let them read it.
    """
    secrets = cloud.client("secretsmanager")
    bodies = {name: path.read_text(encoding="utf-8") for name, path in app_templates.items()}
    # Ref gives a secret's name on MiniStack 1.5.33 and its ARN on AWS, where the attribute Id is the same.
    with_arns = re.sub(r'"Ref": "(\w+)"', r'"Fn::GetAtt": ["\1", "Id"]', bodies["builds-secrets"])
    assert deploy(cloud, "builds-secrets", with_arns, {}) == "CREATE_COMPLETE"
    secret = cloud.outputs("builds-secrets")["SecretArn"]
    version = secrets.put_secret_value(SecretId=secret, SecretString=FIRST)["VersionId"]
    of_provider = cloud.outputs(provider.STACK_NAME)
    roles = {name: of_provider[name] for name in ("RoleArn", "RefreshRoleArn")}

    assert deploy(cloud, "builds", bodies["builds"], roles) == "CREATE_COMPLETE", cloud.reasons("builds")
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    assert cloud.outputs("builds") == {"CredentialArn": f"{ARN}github", "SecretVersionId": version}

    secrets.put_secret_value(SecretId=secret, SecretString=SECOND)
    until(lambda: cloud.slots() == {"GITHUB": sha256(SECOND)})

    cloud.aws.codebuild.calls.clear()
    deploy(cloud, "builds", bodies["builds"], roles)
    assert cloud.aws.codebuild.calls == []

    cloud.delete("builds")
    assert cloud.slots() == {}
    cloud.delete("builds-secrets")


def deploy(cloud: Cloud, stack: str, body: str, parameters: dict[str, str]) -> str:
    """Create the stack, or update it where there is something to update; return its status."""
    cloudformation = cloud.client("cloudformation")
    send = cloudformation.update_stack if cloud.exists(stack) else cloudformation.create_stack
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    try:
        send(StackName=stack, TemplateBody=body, Parameters=given, Capabilities=["CAPABILITY_IAM"])
    except cloudformation.exceptions.ClientError as error:
        assert "No updates are to be performed" in str(error)  # noqa: PT017 - what else it raises is no answer
    return cloud.status(stack)
