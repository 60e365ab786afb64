"""What docs/reference.md and docs/errors.md are made of: the contract, and the reasons that the code can give."""
