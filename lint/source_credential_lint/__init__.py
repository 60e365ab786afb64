"""Rules for cfn-lint: what the provider would refuse, and what would surprise, in templates with Custom::SourceCredential."""
