"""No test reaches an AWS account: the credentials are nobody's, and set before anything of the product is imported."""

import os

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SAM_LOCAL", "AWS_ENDPOINT_URL", "POWERTOOLS_LOG_LEVEL"):
    os.environ.pop(name, None)
