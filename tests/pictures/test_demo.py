"""The recording of the demo is of the demo as it is, and plays what was on the terminal."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest

from local.ministack import PROJECT
from pictures.__main__ import _BEFORE, FOLDER
from pictures.recording import RecordingFailed, record, without_made_up
from pictures.theme import THEMES, file
from tests.pictures.svg import draw, words


def _steps() -> list[str]:
    """Return the words of the demo's steps, out of its source."""
    calls = [
        node
        for node in ast.walk(ast.parse((PROJECT / "local/demo.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "step"
    ]
    return [node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)]  # type: ignore[misc]


@pytest.mark.parametrize("theme", list(THEMES))
def test_the_picture_in_the_docs_is_of_this_demo(theme: str) -> None:
    """If not, `make pictures ONLY=demo` makes it anew. Every step is in it, in its order, and the end is a good one."""
    written = words(file(FOLDER, "demo", theme))
    numbered = re.findall(r"(?<!\S)(\d+)\. (?=[A-Z])", written)
    steps = _steps()
    assert len(steps) >= 15
    assert [step for step in steps if f". {step}" not in written] == []
    assert numbered == [str(number + 1) for number in range(len(steps))]
    assert re.search(r"All as promised, in \d+ s\. The servers have stopped, and their files are gone\.$", written)


def test_the_picture_stands_still_where_the_secret_has_rotated() -> None:
    """Where nothing moves, it shows what this is for; the words by which that screen is found are the demo's."""
    at = next(number for number, step in enumerate(_steps()) if step.startswith(_BEFORE))
    assert any("rotates, and nobody deploys" in step for step in _steps())
    assert at >= 1


def test_a_recording_has_each_line_as_it_stayed_and_when(tmp_path: Path) -> None:
    """On a terminal: with colours, and without the progress that was written over."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, time\n"
        "print(f'\\x1b[1mterminal {sys.stdout.isatty()}\\x1b[0m', flush=True)\n"
        "print('   ... 1 s', end='', flush=True)\n"
        "time.sleep(0.3)\n"
        "print('\\r\\x1b[Kdone …')\n"
        "print(file=sys.stderr)\n"
    )
    first, second, third = record([sys.executable, str(program)])
    assert (first.text, second.text, third.text) == ("\x1b[1mterminal True\x1b[0m", "done …", "")
    assert 0.25 < second.seconds - first.seconds < 20


def test_a_command_that_fails_is_no_recording() -> None:
    """It is said which, and what to do."""
    with pytest.raises(RecordingFailed, match=r"-c raise SystemExit\(3\) ended with 3; run it by itself to see why"):
        record([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SecretVersionId: 57c037c2-a78d-4984-a0e9-0c99451cb10c", "SecretVersionId: …"),
        (
            "--table-name source-credential-provider-Slots-A903133E6A6D8 --key",
            "--table-name source-credential-provider-Slots-… --key",
        ),
        ("logical id GitHub, since 2026-11-26T05:49:45+00:00. Set", "logical id GitHub, since …. Set"),
        ('{"_aws": {"Timestamp": 1795672197792, "Cloud', '{"_aws": {"Timestamp": …, "Cloud'),
        (
            "arn:aws:codebuild:us-east-1:000000000000:token/github",
            "arn:aws:codebuild:us-east-1:000000000000:token/github",
        ),
        ('"expires": "2099-12-31T23:59:59Z"', '"expires": "2099-12-31T23:59:59Z"'),
    ],
)
def test_what_aws_makes_up_at_each_run_is_left_out(text: str, shown: str) -> None:
    """Ids and times; not what means something."""
    assert without_made_up(text) == shown


def _recording(lines: int = 80) -> dict[str, object]:
    told = [[float(number), f"\x1b[1m{number + 1}. Line & <more>\x1b[0m"] for number in range(lines)]
    return {"command": "make story", "lines": told, "before": "60. Line"}


def test_a_drawing_rolls_through_all_lines_and_cuts_what_is_idle(tmp_path: Path) -> None:
    """From the first screen to the last line, in a fraction of the time that it took."""
    done = draw("demo", _recording(), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    text = file(tmp_path, "demo", "dark").read_text(encoding="utf-8")
    written = words(file(tmp_path, "demo", "dark"))
    assert "$ make story 1. Line & <more> 2. Line" in written
    assert written.endswith("80. Line & <more>")
    [still] = re.findall(r"\.roll \{ transform: translateY\((-?[\d.]+)px\); animation: roll ([\d.]+)s", text)
    moves = [float(each) for each in re.findall(r"% \{ transform: translateY\((-?[\d.]+)px\)", text)]
    assert moves[0] == 0
    assert moves[-1] == pytest.approx(-24.4 * (81 - 30))
    assert float(still[0]) == pytest.approx(-24.4 * (59 - 30))
    assert float(still[1]) < 70


def test_a_recording_without_the_line_to_stand_still_at_is_not_drawn(tmp_path: Path) -> None:
    """It is said which words were looked for."""
    done = draw("demo", {**_recording(), "before": "no such words"}, tmp_path)
    assert done.returncode == 1
    assert "no line of the recording has the words: no such words" in done.stderr
    assert json.dumps([each.name for each in tmp_path.iterdir()]) == "[]"
