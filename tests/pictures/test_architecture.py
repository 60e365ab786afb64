"""The picture of the architecture is of the template, all of it and nothing else."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pictures.__main__ import FOLDER
from pictures.architecture import BOXES, FRAMES, LINES, Line, Untrue, picture, shown
from pictures.parts import Arrow, parts
from pictures.theme import THEMES, file
from tests.pictures.svg import draw, source, words
from tests.template.stack import TEMPLATE


def test_its_arrows_are_those_of_the_template() -> None:
    """Each one that is drawn is there, and each one that is there is drawn."""
    assert shown() == parts(TEMPLATE)
    assert len(picture(TEMPLATE)["lines"]) == len(LINES)


@pytest.mark.parametrize("theme", list(THEMES))
def test_the_picture_in_the_docs_is_of_this_template(theme: str) -> None:
    """If not, `make pictures ONLY=architecture` makes it anew. Each box is in it by its name."""
    path, made = file(FOLDER, "architecture", theme), picture(TEMPLATE)
    assert source(path) == made["source"]
    written = words(path)
    assert [box for box in made["boxes"] if box["title"] not in written or box["note"] not in written] == []


def _without_dead_letters(template: dict[str, Any]) -> None:
    del template["Resources"]["SourceCredentialFunction"]["Properties"]["DeadLetterQueue"]
    statements = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    [kept] = [each for each in statements if each.get("Sid") == "KeepUndeliveredAnswers"]
    statements.remove(kept)


def _with_a_topic_of_its_own(template: dict[str, Any]) -> None:
    template["Resources"]["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {}}
    template["Resources"]["CheckRule"]["Properties"]["Targets"].append({"Id": "Topic", "Arn": {"Ref": "Topic"}})


def _with_another_service(template: dict[str, Any]) -> None:
    statements = template["Resources"]["RefreshRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statements.append({"Sid": "More", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})


def _without_the_check(template: dict[str, Any]) -> None:
    del template["Resources"]["CheckRule"]


def _without_an_alarms_topic(template: dict[str, Any]) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            resource["Properties"]["AlarmActions"] = []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_dead_letters, "the picture has SourceCredentialFunction -> DeadLetterQueue, the template has not"),
        (_with_a_topic_of_its_own, "the template has CheckRule -> Topic, the picture has not"),
        (_with_another_service, "the template has RefreshFunction -> s3, the picture has not"),
        (_without_the_check, "no arrow goes to or from the box CheckRule"),
        (_without_an_alarms_topic, "the picture has alarms -> sns, the template has not"),
    ],
)
def test_another_template_is_told_from_this_one(change: Any, said: str) -> None:
    """What differs is named, and where to mend it; nothing is drawn."""
    template = deepcopy(TEMPLATE)
    change(template)
    with pytest.raises(Untrue, match=r"^Mend BOXES, FRAMES and LINES in pictures/architecture\.py: ") as raised:
        picture(template)
    assert said in str(raised.value)


def test_an_arrow_at_a_frame_is_one_of_each_of_its_parts() -> None:
    """So the frames hold what the template says of all their parts, or of none."""
    drawn = shown([Line("rules", "RefreshQueue"), Line("alarms", "sns")])
    assert drawn == {
        Arrow("SecretChangedRule", "RefreshQueue"),
        Arrow("CheckRule", "RefreshQueue"),
        Arrow("alarms", "sns"),
    }


def test_a_frame_goes_around_its_boxes_and_no_others() -> None:
    """A box lies in a frame just when it is one of its parts."""
    for frame in FRAMES:
        for box in BOXES:
            left, top = box.x - box.width / 2, box.y - box.height / 2
            is_in = (
                frame.x <= left
                and left + box.width <= frame.x + frame.width
                and frame.y <= top
                and top + box.height <= frame.y + frame.height
            )
            twice = sum(each.part == box.part for each in BOXES) > 1
            assert is_in == (box.part in frame.parts) or twice, (frame.name, box.part)


def test_the_same_picture_is_the_same_file(tmp_path: Path) -> None:
    """Light and dark differ; two drawings do not."""
    made = picture(TEMPLATE)
    drawn = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        done = draw("architecture", made, tmp_path / name)
        assert done.returncode == 0, done.stderr
        drawn.append([file(tmp_path / name, "architecture", theme).read_bytes() for theme in THEMES])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[0][1]
