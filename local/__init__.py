"""The embedded AWS: what a developer needs to watch the provider at work without an AWS account."""
