"""Acceptance on a real AWS account: does AWS do what docs/ says it does? docs/acceptance.md tells its owner."""
