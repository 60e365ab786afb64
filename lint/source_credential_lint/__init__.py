"""Rules for cfn-lint: what the provider would refuse, and what would surprise, in a Custom::SourceCredential."""
