"""From CloudFormation's event to the logic and back."""

import io
import json
import time
from typing import Any

import pytest

from source_credential import handlers, wiring
from source_credential.model import TokenFacts
from source_credential.wiring import Logic
from tests.fakes import ACCOUNT, VERSION_ID, credential_arn, secret_arn
from tests.invocation import Context, Emitted, request
from tests.receiver import Receiver
from tests.slots.world import Step, World, go_on

TOKEN = "made-up-0123456789abcdef"
SECRET = "codebuild/bitbucket"
PROPERTIES = {"ServerType": "BITBUCKET", "AuthType": "BASIC_AUTH", "SecretId": SECRET, "Username": "me"}
GITHUB = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": SECRET}
ARN = credential_arn("BITBUCKET")
SERVICE_TOKEN = "arn:aws:lambda:us-east-1:333333333333:function:provider"


class Entry:
    """Lambda's entry with a world behind it."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        """Put a secret into the world."""
        self.world = world
        self.step: Step = go_on
        self.accounts: list[str] = []
        self._receiver = receiver
        world.secrets.texts[SECRET] = TOKEN

    def logic(self, account_id: str) -> Logic:
        """Return the logic over the world."""
        self.accounts.append(account_id)
        return self.world.logic(self.step)

    def handled(self, kind: str = "Create", context: Context | None = None, **more: Any) -> dict[str, Any]:
        """Run the entry on an event with an id of its own, and return the answer."""
        event = request(self._receiver, kind, **{"RequestId": self.world.new_id(), **more})
        self._receiver.bodies.clear()
        self._receiver.content_types.clear()
        handlers.resource(event, context or Context())
        return self._receiver.answer(event)


@pytest.fixture
def entry(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """Return the entry with a world behind it."""
    made = Entry(world, receiver)
    monkeypatch.setattr(wiring, "logic", made.logic)
    return made


def test_a_credentials_whole_life(entry: Entry) -> None:
    """Create, update in place, replacement and delete, each with its answer."""
    created = entry.handled(ResourceProperties=PROPERTIES)
    assert created["PhysicalResourceId"] == ARN
    assert created["Data"] == {
        "Arn": ARN,
        "ServerType": "BITBUCKET",
        "AuthType": "BASIC_AUTH",
        "SecretArn": secret_arn(SECRET),
        "SecretVersionId": VERSION_ID,
        "TokenLogin": "",
        "TokenExpiresAt": "",
    }
    assert entry.handled("Update", ResourceProperties=PROPERTIES, PhysicalResourceId=ARN)["PhysicalResourceId"] == ARN
    replaced = entry.handled("Update", ResourceProperties=GITHUB, PhysicalResourceId=ARN)
    assert replaced["PhysicalResourceId"] == credential_arn("GITHUB")
    deleted = entry.handled("Delete", ResourceProperties=PROPERTIES, PhysicalResourceId=ARN)
    assert (deleted["Status"], deleted["Data"]) == ("SUCCESS", {})
    assert set(entry.world.codebuild.slots) == {"GITHUB"}


@pytest.mark.parametrize("properties", [None, "text", {}, {"ServerType": ["x"]}, {"AuthType": "OAUTH"}])
def test_a_delete_does_not_mind_properties_that_are_wrong(entry: Entry, properties: Any) -> None:
    """A stack whose Create was refused can go away."""
    entry.handled(ResourceProperties=PROPERTIES)
    assert entry.handled("Delete", ResourceProperties=properties, PhysicalResourceId=ARN)["Status"] == "SUCCESS"
    assert entry.world.codebuild.slots == {}


@pytest.mark.parametrize("properties", [None, "text", {}, {**PROPERTIES, "Token": TOKEN}])
def test_bad_properties_are_refused_and_not_repeated(entry: Entry, log: io.StringIO, properties: Any) -> None:
    """A Create gets the marker, and nobody gets the token: not the log, not the table."""
    answer = entry.handled(ResourceProperties=properties)
    assert answer["Status"] == "FAILED"
    table = entry.world.table
    assert TOKEN not in json.dumps(answer) + repr((table.slots_by_key, table.answers, table.resources)) + log.getvalue()
    assert entry.world.codebuild.calls == []


def test_what_is_doubtful_is_imported_and_warned_of(entry: Entry) -> None:
    """A user name without @."""
    assert entry.handled(ResourceProperties=PROPERTIES)["Status"] == "SUCCESS"
    [warning] = entry.world.warnings
    assert "has no @" in warning


def test_what_became_of_a_request_is_counted(entry: Entry, emitted: Emitted) -> None:
    """Requests, and of those the imports and the failures, one line for each invocation; none holds a token."""
    entry.handled(ResourceProperties=PROPERTIES)
    entry.handled("Update", ResourceProperties={**PROPERTIES, "Token": TOKEN}, PhysicalResourceId=ARN)
    entry.handled("Delete", ResourceProperties=PROPERTIES, PhysicalResourceId=ARN)
    assert emitted.metrics() == [
        {"Requests": [1.0], "Imports": [1.0]},
        {"Requests": [1.0], "Failures": [1.0]},
        {"Requests": [1.0]},
    ]
    assert TOKEN not in emitted.text


def test_what_the_git_provider_told_of_a_token_is_an_attribute(entry: Entry) -> None:
    """With VerifyToken: whose it is and when it ends; its scopes are nobody's business."""
    entry.world.token_check.facts = TokenFacts(
        login="octocat", expires_at="2027-01-01T00:00:00+00:00", scopes=("repo",)
    )
    data = entry.handled(ResourceProperties={**GITHUB, "VerifyToken": "true"})["Data"]
    assert (data["TokenLogin"], data["TokenExpiresAt"]) == ("octocat", "2027-01-01T00:00:00+00:00")
    assert "repo" not in json.dumps(data)
    unasked = entry.handled("Update", ResourceProperties=GITHUB, PhysicalResourceId=ARN)["Data"]
    assert (unasked["TokenLogin"], unasked["TokenExpiresAt"]) == ("", "")


def test_a_token_that_the_git_provider_refuses_fails_the_request(entry: Entry, log: io.StringIO) -> None:
    """Nothing is imported, and the token is not in the answer."""
    entry.world.token_check.refused.add(TOKEN)
    answer = entry.handled(ResourceProperties={**GITHUB, "VerifyToken": "true"})
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "Token: is not valid. Make a new one.")
    assert (entry.world.holder(), entry.world.codebuild.calls) == (None, [])
    assert TOKEN not in json.dumps(answer) + log.getvalue()


def test_an_event_that_comes_again_is_answered_the_same(entry: Entry) -> None:
    """Its RequestId is what makes it the same; the second time nothing is imported."""
    first = entry.handled(ResourceProperties=PROPERTIES, RequestId="the-same")
    assert entry.handled(ResourceProperties=PROPERTIES, RequestId="the-same") == first
    assert entry.world.codebuild.calls.count("import") == 1


@pytest.mark.parametrize(
    ("properties", "account_id"),
    [
        ({**PROPERTIES, "ServiceToken": SERVICE_TOKEN}, "333333333333"),
        ({**PROPERTIES, "ServiceToken": SERVICE_TOKEN.replace("aws", "aws-cn") + ":live"}, "333333333333"),
        ({**PROPERTIES, "ServiceToken": "arn:aws:sns:us-east-1:333333333333:topic"}, ACCOUNT),
        ({**PROPERTIES, "ServiceToken": "provider"}, ACCOUNT),
        ({**PROPERTIES, "ServiceToken": ["x"]}, ACCOUNT),
        (PROPERTIES, ACCOUNT),
        ("text", ACCOUNT),
        (None, ACCOUNT),
    ],
)
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_the_providers_account_is_the_one_cloudformation_calls_it_in(
    entry: Entry, kind: str, properties: Any, account_id: str
) -> None:
    """By ServiceToken, since `sam local invoke` makes the context's ARN up; else by the context's."""
    entry.handled(kind, ResourceProperties=properties)
    assert entry.accounts == [account_id]


def test_what_cloudformation_puts_among_the_properties_is_no_change_of_them(entry: Entry) -> None:
    """The way back from an Update is known as such though the provider has moved, or the timeout was changed."""
    entry.handled(ResourceProperties=PROPERTIES)
    new = {**PROPERTIES, "SecretId": "nothing"}
    failed = entry.handled(
        "Update",
        PhysicalResourceId=ARN,
        ResourceProperties={**new, "ServiceToken": SERVICE_TOKEN, "ServiceTimeout": "60"},
        OldResourceProperties=PROPERTIES,
    )
    assert failed["Status"] == "FAILED"
    entry.world.secrets.texts.clear()
    back = entry.handled(
        "Update",
        PhysicalResourceId=ARN,
        ResourceProperties={**PROPERTIES, "ServiceToken": f"{SERVICE_TOKEN}-2"},
        OldResourceProperties=dict(reversed(new.items())),
    )
    assert (back["Status"], back["PhysicalResourceId"]) == ("SUCCESS", ARN)


@pytest.mark.parametrize("other", [{}, None, "text", {**PROPERTIES, "SecretId": "other"}])
def test_other_properties_have_another_fingerprint(receiver: Receiver, other: Any) -> None:
    """The fingerprint tells them apart, and does not hold them."""
    assert fingerprint(receiver, other) != fingerprint(receiver, PROPERTIES)
    assert SECRET not in fingerprint(receiver, PROPERTIES)


@pytest.mark.parametrize("more", [{"ServiceToken": "y"}, {"ServiceTimeout": "60"}])
def test_what_is_cloudformations_own_is_not_in_the_fingerprint(receiver: Receiver, more: dict[str, str]) -> None:
    """Another provider function, or another time to wait, is no other credential."""
    assert fingerprint(receiver, {**PROPERTIES, **more}) == fingerprint(receiver, PROPERTIES)


@pytest.mark.parametrize("name", ["Token", "More"])
def test_of_what_is_not_in_the_contract_only_the_name_is_in_the_fingerprint(receiver: Receiver, name: str) -> None:
    """Not even the digest of a literal token is kept, but that there was one makes the properties others."""
    one, other = ({**PROPERTIES, name: value} for value in (TOKEN, "another"))
    assert fingerprint(receiver, one) == fingerprint(receiver, other) != fingerprint(receiver, PROPERTIES)


def fingerprint(receiver: Receiver, properties: Any) -> str:
    """Return what the entry tells properties apart by."""
    return handlers._request(request(receiver, ResourceProperties=properties)).wanted


def test_an_update_that_fails_is_not_taken_for_a_way_back(entry: Entry) -> None:
    """Also where only a property that is refused was added to what was last asked for."""
    entry.handled(ResourceProperties=PROPERTIES)
    for more in ({"Token": TOKEN}, {"Secret": "x"}):
        answer = entry.handled("Update", ResourceProperties={**PROPERTIES, **more}, PhysicalResourceId=ARN)
        assert answer["Status"] == "FAILED"


def test_a_request_whose_time_runs_out_comes_to_nothing(entry: Entry, receiver: Receiver) -> None:
    """FAILED is answered while the import hangs; when it goes through at last, it is taken back."""
    comes_to_nothing(entry, receiver, {"import_credential"}, imports=1)


# Every call on the way to the import, the tables' above all; `remember` is the one that notes that the time ran out.
SLOW = [{"recall"}, {"read"}, {"take_turn"}, {"list_credentials"}, {"mark"}, {"mark", "remember"}]


@pytest.mark.parametrize("slow", SLOW, ids=lambda calls: ",".join(sorted(calls)))
def test_no_import_is_begun_once_the_time_has_run_out(entry: Entry, receiver: Receiver, slow: set[str]) -> None:
    """However slow DynamoDB is, and also where it does not even take the note of the failure in time."""
    comes_to_nothing(entry, receiver, slow, imports=0)


def comes_to_nothing(entry: Entry, receiver: Receiver, slow: set[str], *, imports: int) -> None:
    """Let calls hang until FAILED is answered; see that nothing is left, and a duplicate is told the same."""

    def hang(call: str) -> None:
        while call in slow and not receiver.bodies:
            time.sleep(0.01)

    entry.step = hang
    failed = entry.handled(ResourceProperties=GITHUB, RequestId="slow", context=Context(1.0))
    assert failed["Status"] == "FAILED"
    assert failed["Reason"].startswith("Provider: the time of the function ran out")
    assert (entry.world.record().claims, entry.world.codebuild.slots) == ((), {})
    entry.world.agree()
    entry.step = go_on
    assert entry.handled(ResourceProperties=GITHUB, RequestId="slow") == failed
    assert entry.world.codebuild.calls.count("import") == imports
    assert entry.handled(ResourceProperties=GITHUB)["Status"] == "SUCCESS", "the turn was given back"


def test_an_update_whose_time_runs_out_keeps_what_there_was(entry: Entry, receiver: Receiver) -> None:
    """Its new token had gone in already, and the old one is there again when the function ends."""
    entry.world.secrets.texts["codebuild/new"] = "ghp_new"
    entry.handled(ResourceProperties=GITHUB)

    def hang(call: str) -> None:
        while call == "give_back" and not receiver.bodies:
            time.sleep(0.01)

    entry.step = hang
    new = {**GITHUB, "SecretId": "codebuild/new"}
    arn = credential_arn("GITHUB")
    context = Context(1.0)
    failed = entry.handled("Update", context, ResourceProperties=new, PhysicalResourceId=arn)
    assert (failed["Status"], entry.world.token()) == ("FAILED", SECRET)
    entry.world.agree()


def test_a_request_that_has_just_succeeded_is_not_ended(entry: Entry, receiver: Receiver) -> None:
    """Its success is on its way, so there is no reason to fail with."""
    event = request(receiver, ResourceProperties=GITHUB)
    entry.handled(ResourceProperties=GITHUB, RequestId=event["RequestId"])
    assert handlers.abandon(event, Context(), "The time ran out.") is None
    assert entry.world.holder() == "consumer/GitHub"


ABROAD = "222222222222"
ABROADS_STACK = f"arn:aws:cloudformation:us-east-1:{ABROAD}:stack/consumer/1"
SHARED = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:provider"


def test_a_stack_of_another_account_says_by_which_role_to_import(entry: Entry) -> None:
    """A shared provider would put its credential into its own account; the reason names both."""
    properties = {**GITHUB, "ServiceToken": SHARED}
    answer = entry.handled(ResourceProperties=properties, StackId=ABROADS_STACK)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(
        f"RoleArn: is missing: the stack is in account {ABROAD}, and the provider, which would import into its own, is "
        f"in account {ACCOUNT}. Set it to a role of account {ABROAD}"
    )
    assert entry.world.codebuild.calls == []
    with_role = {**properties, "RoleArn": f"arn:aws:iam::{ABROAD}:role/target"}
    assert entry.handled(ResourceProperties=with_role, StackId=ABROADS_STACK)["Status"] == "SUCCESS"
    assert entry.handled(ResourceProperties=properties)["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    "more", [{"ResourceProperties": GITHUB}, {"StackId": "no arn", "ResourceProperties": {**GITHUB}}]
)
def test_where_the_event_does_not_tell_the_accounts_they_are_not_compared(entry: Entry, more: dict[str, Any]) -> None:
    """As when it is made by hand: the function's own ARN may be made up, too."""
    assert entry.handled(**{"StackId": ABROADS_STACK, **more})["Status"] == "SUCCESS"


def test_what_was_imported_for_another_account_before_stays(entry: Entry) -> None:
    """The way back from a failed Update does not fail."""
    created = entry.handled(ResourceProperties=GITHUB, StackId=ABROADS_STACK)
    back = {
        "ResourceProperties": {**GITHUB, "ServiceToken": SHARED},
        "PhysicalResourceId": created["PhysicalResourceId"],
    }
    assert entry.handled("Update", StackId=ABROADS_STACK, **back)["Status"] == "SUCCESS"
