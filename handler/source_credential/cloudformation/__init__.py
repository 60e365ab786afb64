"""CloudFormation's protocol: the life of a request, its answer, and the answer's delivery."""
