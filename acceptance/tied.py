"""Runs a command that ends when whoever started it has ended, however that was: standard input is the tie.

python -m acceptance.tied sam deploy ...

Without it, a `sam deploy` whose run was killed would go on, and create what nobody removes.
"""

import os
import signal
import subprocess
import sys
import threading
from typing import Final

_ENDS_SECONDS: Final = 10


def main() -> int:
    """Run the command until it ends, or standard input does; return its status."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_input, args=(process,), daemon=True).start()
    return process.wait()


def _end_with_input(process: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(_ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                continue


if __name__ == "__main__":
    sys.exit(main())
