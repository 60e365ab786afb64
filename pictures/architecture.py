"""What the picture of the architecture shows, and where: all that pictures/parts.py reads, and nothing else.

Lengths are in hundredths of the picture's width, downwards from its upper left corner.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

from pictures.digest import digest
from pictures.parts import Arrow, parts

WIDTH: Final = 100.0
HEIGHT: Final = 69.0
_COLUMNS: Final = (9.0, 29.5, 50.0, 70.0, 90.5)
_ROWS: Final = (9.0, 20.5, 32.0, 43.5, 58.0)
_BOX: Final = (16.0, 7.0)

_LEGEND: Final = (
    "Filled: this application makes it. Dashed: it is there without it. "
    "An arrow at a frame stands for one at each box in it."
)


class Untrue(ValueError):
    """The picture and the template are not of one mind; the text says about what."""


class Box(NamedTuple):
    """A part, with its place; `part` as pictures/parts.py names it. One that is drawn twice has two boxes."""

    part: str
    x: float
    y: float
    title: str
    note: str
    width: float = _BOX[0]
    height: float = _BOX[1]


class Frame(NamedTuple):
    """Parts that share their arrows: one that begins or ends here stands for one of each of them."""

    name: str
    parts: tuple[str, ...]
    title: str
    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    """An arrow as it is drawn. The sides say where it begins and ends; `shift` moves both along these."""

    source: str
    target: str
    sides: str = "right left"
    label: str = ""
    shift: float = 0
    via: tuple[tuple[float, float], ...] = ()
    label_at: tuple[float, float] | None = None


def _box(part: str, column: int, row: int, title: str, note: str) -> Box:
    return Box(part, _COLUMNS[column], _ROWS[row], title, note)


_USED: Final = (
    ("codebuild", "CodeBuild", "Import, List, Delete"),
    ("Slots", "DynamoDB table", "who holds which slot"),
    ("secretsmanager", "Secrets Manager", "GetSecretValue"),
    ("codeconnections", "Connections", "GetConnection"),
    ("kms", "KMS", "your keys, if you say so"),
    ("sts", "STS", "roles of other accounts"),
    ("git-provider", "Git provider", "VerifyToken: does it live?"),
)
_FUNCTIONS: Final = ("SourceCredentialFunction", "RefreshFunction")
_QUEUES: Final = ("DeadLetterQueue", "RefreshQueue", "RefreshDeadLetterQueue")

BOXES: Final = (
    _box("stack", 0, 0, "Your stack", "Custom::SourceCredential"),
    _box("cloudformation", 1, 0, "CloudFormation", ""),
    _box("SourceCredentialFunction", 3, 0, "Provider function", "Lambda"),
    _box("DeadLetterQueue", 2, 1, "Dead-letter queue", "SQS: answers not taken"),
    _box("secretsmanager", 0, 2, "Secrets Manager", "a secret has changed"),
    _box("SecretChangedRule", 1, 2, "EventBridge rule", "Secret Label Updated"),
    _box("RefreshQueue", 2, 2, "Refresh queue", "SQS: a message a slot"),
    _box("RefreshFunction", 3, 2, "Refresh function", "Lambda"),
    _box("schedule", 0, 3, "Once a day", "or as CheckSchedule says"),
    _box("CheckRule", 1, 3, "EventBridge rule", "check all slots"),
    _box("RefreshDeadLetterQueue", 2, 3, "Dead-letter queue", "SQS: given up"),
    _box("sns", 0, 4, "Your SNS topic", "AlarmTopicArn"),
    _box("alarms", 1, 4, "{alarms} alarms", "CloudWatch"),
    _box("Dashboard", 2, 4, "Dashboard", "CloudWatch"),
    _box("LogGroup", 3, 4, "Log group", "and the metrics in it"),
    *(Box(name, _COLUMNS[4], 9.0 + 8.1 * row, title, note, 15.5, 6.6) for row, (name, title, note) in enumerate(_USED)),
)
FRAMES: Final = (
    Frame("rules", ("SecretChangedRule", "CheckRule"), "", 20.4, 27.2, 18.2, 21.0),
    Frame("watched", (*_FUNCTIONS, *_QUEUES), "", 40.5, 2.6, 39.9, 46.2),
    Frame("functions", _FUNCTIONS, "", 61.0, 4.2, 18.0, 32.6),
    Frame("used", tuple(name for name, _, _ in _USED), "", 82.0, 4.2, 17.0, 57.4),
)
LINES: Final = (
    Line("stack", "cloudformation"),
    Line("cloudformation", "SourceCredentialFunction", label="event", shift=-1.4, label_at=(49.5, 6.4)),
    Line(
        *("SourceCredentialFunction", "cloudformation", "left right"),
        label="one answer: ARN or reason",
        shift=1.4,
        label_at=(49.5, 12.0),
    ),
    Line("SourceCredentialFunction", "DeadLetterQueue", "bottom right", via=((70.0, 20.5),)),
    Line("secretsmanager", "SecretChangedRule"),
    Line("schedule", "CheckRule"),
    Line("rules", "RefreshQueue", shift=0),
    Line("rules", "RefreshDeadLetterQueue"),
    Line("RefreshQueue", "RefreshFunction", shift=-1.4),
    Line("RefreshFunction", "RefreshQueue", "left right", shift=1.4),
    Line("RefreshQueue", "RefreshDeadLetterQueue", "bottom top"),
    Line("functions", "used", "right left"),
    Line("functions", "LogGroup", "bottom top"),
    Line("watched", "alarms", "bottom top", label="metrics", via=((44.0, 51.4), (29.5, 51.4)), label_at=(35.6, 50.4)),
    Line("watched", "Dashboard", "bottom top"),
    Line("LogGroup", "Dashboard", "left right"),
    Line("LogGroup", "alarms", "bottom bottom", via=((70.0, 64.0), (29.5, 64.0))),
    Line("alarms", "Dashboard"),
    Line("alarms", "sns", "left right"),
)


def shown(lines: Iterable[Line] = LINES, frames: Sequence[Frame] = FRAMES) -> set[Arrow]:
    """Return what the drawn arrows say, each that begins or ends at a frame once for each of its parts."""
    members = {frame.name: frame.parts for frame in frames}
    return {
        Arrow(*pair)
        for line in lines
        for pair in product(members.get(line.source, (line.source,)), members.get(line.target, (line.target,)))
    }


def picture(template: dict[str, Any]) -> dict[str, Any]:
    """Return the picture of a template as the drawing takes it. Raises Untrue when it is of another one."""
    true, drawn = parts(template), shown()
    boxes = {box.part for box in BOXES}
    wrong = [
        *(f"the template has {' -> '.join(arrow)}, the picture has not" for arrow in sorted(true - drawn)),
        *(f"the picture has {' -> '.join(arrow)}, the template has not" for arrow in sorted(drawn - true)),
        *(
            f"no arrow goes to or from the box {part}"
            for part in sorted(boxes - {part for arrow in true for part in arrow})
        ),
        *(f"{part} has no box" for part in sorted({part for arrow in drawn for part in arrow} - boxes)),
    ]
    if wrong:
        raise Untrue(f"Mend BOXES, FRAMES and LINES in pictures/architecture.py: {'; '.join(wrong)}")
    resources = template["Resources"]
    alarms = sum(resource["Type"] == "AWS::CloudWatch::Alarm" for resource in resources.values())
    content = {
        "size": [WIDTH, HEIGHT],
        "legend": [1.0, 66.8, _LEGEND],
        "boxes": [
            {**box._asdict(), "title": box.title.format(alarms=alarms), "own": box.part in {*resources, "alarms"}}
            for box in BOXES
        ],
        "frames": [frame._asdict() for frame in FRAMES],
        "lines": [line._asdict() for line in LINES],
    }
    return {**content, "source": digest(content)}
