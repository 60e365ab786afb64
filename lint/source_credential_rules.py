"""What `cfn-lint -a lint/` loads, from a clone in which nothing is installed.

cfn-lint imports each file below the folder by its bare name, unless that begins with an underscore, and makes a rule of
each class it finds there. So this is the only one that it sees, and the package's own begin with an underscore.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from source_credential_lint import *  # noqa: F403 - found by the line above; the package names its rules
