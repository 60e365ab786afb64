"""Provider of the CloudFormation custom resource `Custom::SourceCredential`."""
