"""A CDK app of two stacks: a secret for a GitHub token; the credential that CodeBuild gets of it, and a project.

The token goes into the secret when the first is deployed and before the second is, so that CloudFormation never has it.
"""

from aws_cdk import App, BootstraplessSynthesizer, CfnOutput, CfnParameter, Stack
from aws_cdk.aws_codebuild import BuildSpec, Project, Source
from aws_cdk.aws_secretsmanager import ISecret, Secret
from constructs import Construct

from source_credential_cdk import AuthType, ServerType, SourceCredential, SourceCredentialProvider


class Secrets(Stack):
    """The secret, with a random value at first."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Make the stack."""
        super().__init__(scope, construct_id, synthesizer=BootstraplessSynthesizer())  # it has no assets
        self.github = Secret(self, "GitHub", description="A personal access token of GitHub.")
        CfnOutput(self, "SecretArn", value=self.github.secret_arn)


class Builds(Stack):
    """The credential, and a project that needs it."""

    def __init__(self, scope: Construct, construct_id: str, *, secret: ISecret) -> None:
        """Make the stack. secret: what holds the token."""
        super().__init__(scope, construct_id, synthesizer=BootstraplessSynthesizer())  # it has no assets
        role_arn, refresh_role_arn = [
            CfnParameter(self, name, description=f"The output {name} of the provider's stack.").value_as_string
            for name in ("RoleArn", "RefreshRoleArn")
        ]
        provider = SourceCredentialProvider.from_export_name()

        credential = SourceCredential(
            self,
            "SourceCredential",
            server_type=ServerType.GITHUB,
            auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
            secret=secret,
            provider=provider.with_roles(role_arn=role_arn, refresh_role_arn=refresh_role_arn),
        )

        project = Project(
            self,
            "Project",
            source=Source.git_hub(owner="example", repo="example"),
            build_spec=BuildSpec.from_object({"version": "0.2", "phases": {"build": {"commands": ["make"]}}}),
        )
        credential.used_by(project)

        CfnOutput(self, "CredentialArn", value=credential.source_credential_arn)
        CfnOutput(self, "SecretVersionId", value=credential.attr_secret_version_id)


app = App()
Builds(app, "builds", secret=Secrets(app, "builds-secrets").github)
app.synth()
