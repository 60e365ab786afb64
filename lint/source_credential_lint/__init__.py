"""Rules for cfn-lint: what the provider would refuse, and what would surprise, in a Custom::SourceCredential.

`cfn-lint -a source_credential_lint template.yaml` makes a rule of each class that is named here.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("source_credential") is None:  # in a clone, where nothing is installed, the handler is beside this
    sys.path.append(str(Path(__file__).resolve().parents[2] / "handler"))

from source_credential_lint._rules import (
    DefaultRefused,
    DynamicReference,
    FollowsPinnedVersion,
    NoServiceTimeout,
    Properties,
    SameSlot,
    SecretNamedByNoEcho,
    TokenInTemplate,
    UnknownAttribute,
)

__all__ = [
    "DefaultRefused",
    "DynamicReference",
    "FollowsPinnedVersion",
    "NoServiceTimeout",
    "Properties",
    "SameSlot",
    "SecretNamedByNoEcho",
    "TokenInTemplate",
    "UnknownAttribute",
]
