"""CodeBuild's slots, of which only empty ones are ever used: nobody's credential is touched."""

from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from acceptance.account import Account
from acceptance.journal import Journal

SERVER_TYPES: Final = ("GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB", "GITLAB_SELF_MANAGED")
AUTH_TYPES: Final = ("PERSONAL_ACCESS_TOKEN", "BASIC_AUTH", "OAUTH", "SECRETS_MANAGER", "CODECONNECTIONS")


class SlotTaken(Exception):
    """A slot that was to be used holds a credential of somebody else. It is left alone."""


class Answer(NamedTuple):
    """What CodeBuild has answered: an ARN, or an error's code and text."""

    code: str
    message: str = ""
    arn: str = ""

    @property
    def is_accepted(self) -> bool:
        """Tell whether it did what it was asked."""
        return not self.code

    def __str__(self) -> str:
        """Return it as the report has it."""
        return "accepted" if self.is_accepted else f"{self.code}: {self.message}"


class Slots:
    """The slots of one account and region."""

    def __init__(self, account: Account, journal: Journal) -> None:
        """Hold none yet."""
        self._codebuild = account.client("codebuild")
        self._journal = journal
        self._own: set[str] = set()  # what was imported here
        self._noted: set[str] = set()  # and what the provider may have imported, until it is seen empty

    @property
    def own(self) -> tuple[str, ...]:
        """Return the server types whose slots hold what was imported here."""
        return tuple(sorted(self._own))

    def listed(self) -> dict[str, dict[str, Any]]:
        """Return what ListSourceCredentials says, by server type."""
        infos = self._codebuild.list_source_credentials()["sourceCredentialsInfos"]
        return {info["serverType"]: dict(info) for info in infos}

    def require_empty(self, *server_types: str) -> None:
        """Look once more, just before something is imported. Raises SlotTaken."""
        taken = sorted(set(server_types) & self.listed().keys())
        if taken:
            raise SlotTaken(f"{', '.join(taken)} holds a credential by now, which is left alone.")

    def note(self, server_type: str, auth_type: str) -> None:
        """Note what is about to be imported, by whomever. Raises SlotTaken, unless the slot is empty or our own."""
        if server_type not in self._own:
            self.require_empty(server_type)
        self._noted.add(server_type)
        self._journal.note("credential", server_type=server_type, auth_type=auth_type)

    def put(
        self,
        server_type: str,
        auth_type: str,
        token: str,
        *,
        codebuild: Any = None,  # noqa: ANN401 - boto3's clients have no common type
        **more: str | bool,
    ) -> Answer:
        """Import a credential, and return what came of it.

        codebuild: a client to do it with, rather than our own. more: parameters of ImportSourceCredentials. The first
        import into a slot never overwrites, so that nothing is lost that came after the look. Raises SlotTaken.
        """
        self.note(server_type, auth_type)
        if server_type not in self._own:
            more["shouldOverwrite"] = False
        try:
            arn = (codebuild or self._codebuild).import_source_credentials(
                serverType=server_type, authType=auth_type, token=token, **more
            )["arn"]
        except ClientError as error:
            return _refusal(error)
        self._journal.note("imported", server_type=server_type, arn=arn)
        self._own.add(server_type)
        return Answer("", arn=arn)

    def delete(self, arn: str) -> Answer:
        """Delete the credential of an ARN."""
        try:
            return Answer("", arn=self._codebuild.delete_source_credentials(arn=arn)["arn"])
        except ClientError as error:
            return _refusal(error)

    def empty(self, server_type: str) -> None:
        """Empty a slot of our own; one that is not is left alone."""
        info = self.listed().get(server_type)
        if info is not None and server_type in self._own:
            self._codebuild.delete_source_credentials(arn=info["arn"])
        self._own.discard(server_type)

    def empty_own(self) -> None:
        """Empty all slots of our own, and note which are empty: what comes into these is not of this run."""
        for server_type in self.own:
            self.empty(server_type)
        for server_type in sorted(self._noted - self.listed().keys()):
            self._journal.note("vacated", server_type=server_type)
            self._noted.discard(server_type)


def _refusal(error: ClientError) -> Answer:
    details = error.response["Error"]
    return Answer(str(details["Code"]), str(details.get("Message", "")))
