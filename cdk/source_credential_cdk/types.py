"""The values that two of the properties have: those of the contract, which a test holds them against."""

from enum import Enum


class ServerType(Enum):
    """The source provider, and so the slot: CodeBuild keeps one credential per account, region and server type."""

    GITHUB = "GITHUB"
    GITHUB_ENTERPRISE = "GITHUB_ENTERPRISE"
    BITBUCKET = "BITBUCKET"
    GITLAB = "GITLAB"
    GITLAB_SELF_MANAGED = "GITLAB_SELF_MANAGED"


class AuthType(Enum):
    """How CodeBuild authenticates to the source provider."""

    PERSONAL_ACCESS_TOKEN = "PERSONAL_ACCESS_TOKEN"  # noqa: S105 - the name of an auth type, not a password
    BASIC_AUTH = "BASIC_AUTH"
    SECRETS_MANAGER = "SECRETS_MANAGER"
    CODECONNECTIONS = "CODECONNECTIONS"
