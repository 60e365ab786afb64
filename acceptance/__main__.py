"""The command line of `make acceptance` and `make acceptance-clean`.

python -m acceptance run --account 111122223333 --region eu-north-1
python -m acceptance clean --account 111122223333 --region eu-north-1 --release GITHUB
"""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from acceptance.account import Refused
from acceptance.journal import FOLDER
from acceptance.preconditions import DEFAULT_SLOTS
from acceptance.run import Ended, Wanted, clean, run
from acceptance.used_slots import Release
from acceptance.waiting import stop_when_asked

_EXPLANATION: Final = """\
`make acceptance` finds out, in an AWS account of yours, if AWS does what docs/ says. It is off unless you ask for it:

  AWS_PROFILE=sandbox make acceptance ACCOUNT=111122223333 REGION=eu-north-1

ACCOUNT must be the account that your credentials are of; REGION one in which CodeBuild has no source credential for
GITHUB, GITHUB_ENTERPRISE and BITBUCKET (SLOTS=GITHUB,... for less). It puts random tokens there, which open nothing,
deploys the provider and a few stacks under a random name, rotates secrets, and removes all of it, also on failure and
on Ctrl-C. It takes up to an hour and costs less than a dollar. What it finds is a report without account ids and
tokens. CONNECTION_ARN=... names a connection of yours, to find out what its import asks for.

docs/acceptance.md has the rest: permissions, what a killed run leaves, how the report reads.
"""


def main() -> int:
    """Run one command; return how it ended."""
    arguments = _parser().parse_args()
    if arguments.command == "explain":
        print(_EXPLANATION, end="")
        return 0
    wanted = Wanted(
        account_id=arguments.account,
        region=arguments.region,
        server_types=_names(arguments.slots) or DEFAULT_SLOTS,
        connection_arn=arguments.connection,
        chapters=_names(arguments.chapters),
        build=arguments.build,
        root=arguments.root,
    )
    try:
        with stop_when_asked(_say) as asked_to_stop:
            if arguments.command == "clean":
                release = Release(_names(arguments.release), _names(arguments.keep))
                return clean(wanted, release, _say, prefix=arguments.prefix)
            return run(wanted, asked_to_stop, _say)
    except Refused as reason:
        print(f"Nothing was done. {reason}", file=sys.stderr)
        return Ended.REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Acceptance on a real AWS account.")
    parser.add_argument("command", choices=["explain", "run", "clean"])
    parser.add_argument("--account", default="", help="the id of the account, which the credentials must be of")
    parser.add_argument("--region", default="", help="the region to work in")
    parser.add_argument("--slots", default="", help="the server types to use, comma separated, the first for the life")
    parser.add_argument("--connection", default="", help="the ARN of a connection to import")
    parser.add_argument("--chapters", default="", help="the chapters to walk, comma separated; all when empty")
    parser.add_argument("--build", default="", help="a folder that `sam build` has filled, rather than to build")
    parser.add_argument("--release", default="", help="clean: slots in which a token may be deleted, comma separated")
    parser.add_argument("--keep", default="", help="clean: slots that hold a token of yours by now, comma separated")
    parser.add_argument("--prefix", default="", help="clean: the prefix of a run whose journal is not here")
    parser.add_argument("--root", type=Path, default=FOLDER, help="where journals and reports are kept")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _say(text: str) -> None:
    with suppress(OSError):  # a terminal that is gone, or a pipe that nobody reads, keeps nothing from being removed
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
