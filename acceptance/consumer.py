"""Templates of stacks that use the provider."""

from typing import Any

from acceptance.scene import Scene
from acceptance.stacks import Template

_TIMEOUT = 300

Properties = dict[str, Any]


def template_of(scene: Scene, resources: dict[str, Properties]) -> Template:
    """Return a template of source credentials, by logical id, with the ARN of each as an output.

    The provider is found by its export, as in the examples.
    """
    token = {"Fn::ImportValue": scene.names.export}
    return {
        "Resources": {
            logical_id: {
                "Type": "Custom::SourceCredential",
                "Properties": {"ServiceToken": token, "ServiceTimeout": _TIMEOUT, **properties},
            }
            for logical_id, properties in resources.items()
        },
        "Outputs": {logical_id: {"Value": {"Fn::GetAtt": [logical_id, "Arn"]}} for logical_id in resources},
    }


def personal(scene: Scene, server_type: str, secret: str, **more: str) -> Properties:
    """Return a personal access token's properties. secret: its short name, as in `Names.secret`."""
    return {
        "ServerType": server_type,
        "AuthType": "PERSONAL_ACCESS_TOKEN",
        "SecretId": scene.names.secret(secret),
        **more,
    }
