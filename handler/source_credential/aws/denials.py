"""What AWS's denials say: which action, by which kind of policy, and so what to do. AWS's own text stays behind.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html has the forms of the message. Not every
service names the kind of policy; of several that deny, one is named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from source_credential.errors import AccessDenied

_CODES: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
_ACTION: Final = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
_POLICY: Final = re.compile(r"(explicit deny in|because no) (?:an? |the )?([A-Za-z -]+?(?:policy|boundary))\b")
_EXPLICIT: Final = "explicit deny"

# What allows it, where a permission of the role is not what is missing.
_REMEDIES: Final = {
    "service control policy": "Ask who administers the organisation: nothing in this account can allow it.",
    "resource control policy": "Ask who administers the organisation: nothing in this account can allow it.",
    "permissions boundary": "Allow it in the policy that is the role's permissions boundary.",
    "session policy": "Allow it in the policy that the role's session was made with.",
    "resource-based policy": "Change the policy of the resource itself, a secret's or a key's.",
    "role trust policy": "Change the role's trust policy.",
    "VPC endpoint policy": "Change the policy of the VPC endpoint that the call went through.",
    "identity-based policy": "Change the policy of the role that denies it.",
    "": "Look for it in the role's policies and boundary, the resource's own policy, and the organisation's.",
}
# Where a permission of the role is all that may be missing.
_OF_THE_ROLE: Final = ("", "identity-based policy", "role trust policy")

OF_THE_TEMPLATE: Final = "Deploy the provider's own stack again: its template allows this action."
LET_CONNECT: Final = "Add the connection to the parameter ConnectionArns of the provider's stack."
LET_READ: Final = (
    "Add the secret to the parameter SecretArns of the provider's stack; a secret of another account also needs a "
    "resource policy that lets the provider's role read it."
)
LET_DECRYPT: Final = (
    "Add the key to the parameter KmsKeyArns of the provider's stack, and check that the key policy lets the role use "
    "it."
)
# How the provider's own role gets what AWS asks for besides, by service.
OF_THE_PROVIDER: Final[Mapping[str, str]] = {
    "codeconnections": LET_CONNECT,
    "codestar-connections": LET_CONNECT,
    "kms": LET_DECRYPT,
    "secretsmanager": LET_READ,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a call, for what is told when it may not.

    who: the role. remedy: how it is allowed to. remedies: the same for what AWS asks for besides, by service. region:
    where the call goes, if the account may not have enabled that one. unreachable: what to do when nobody is there.
    """

    remedy: str
    who: str = "the provider's role"
    remedies: Mapping[str, str] = field(default_factory=lambda: OF_THE_PROVIDER)
    region: str | None = None
    unreachable: str = "Deploy again; if it goes on, check that the provider function can reach the service's endpoint."


def is_code_of_denial(code: str) -> bool:
    """Tell whether an error's code says no more than that something is denied."""
    return code in _CODES


def is_worded_as_denial(message: str) -> bool:
    """Tell whether AWS's text names an action that is denied, whatever the code: it may be another service's."""
    return _ACTION.search(message) is not None


def denied(what: str, action: str, caller: Caller, *, code: str, message: str) -> AccessDenied:
    """Return what a denial is told as.

    what: the thing the call is about. action: the call's own, for messages that name none. message: AWS's; only the
    action and the kind of policy are taken from it, both of a known shape.
    """
    named, by_policy = _ACTION.search(message), _POLICY.search(message)
    action = named[1] if named else action
    policy = by_policy[2].lower().replace("sessions", "session").replace("vpc", "VPC") if by_policy else ""
    policy = policy if policy in _REMEDIES else ""
    is_explicit = _EXPLICIT in message
    how = ""
    if is_explicit:
        how = (
            f": an explicit deny in a {policy}".replace("a identity", "an identity") if policy else ": an explicit deny"
        )
    elif policy:
        how = f": no {policy} allows it"
    is_of_the_role = policy in _OF_THE_ROLE and not is_explicit
    remedy = caller.remedies.get(action.partition(":")[0], caller.remedy) if is_of_the_role else _REMEDIES[policy]
    return AccessDenied(what, f"{caller.who} may not use {action}{how}", remedy, aws_code=code)
