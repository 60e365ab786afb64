"""The libraries that ship, and the three clients, without a line of the provider's own: what it could cost at least."""

import boto3
import crhelper  # noqa: F401 - it is loaded, and that is measured
from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="Benchmark", service="benchmark")
clients = [boto3.client(service) for service in ("codebuild", "dynamodb", "secretsmanager")]


def handler(event, context):
    """Do nothing."""
