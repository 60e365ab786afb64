"""What docs/cdk.md shows is right."""

import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_codebuild import BuildSpec, Project
from aws_cdk.aws_secretsmanager import Secret

from source_credential_cdk import AuthType, ServerType, SourceCredential

PAGE = (Path(__file__).parents[2] / "docs/cdk.md").read_text(encoding="utf-8")


def test_each_piece_of_python_on_the_page_runs() -> None:
    """One after the other, each in a stack of its own, and what it makes is synthesised."""
    names: dict[str, Any] = {"Secret": Secret}
    credentials = 0
    for piece in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        stack = Stack(App(), "builds", env=Environment(account="111122223333", region="eu-west-1"))
        project = Project(stack, "Project", build_spec=BuildSpec.from_object({"version": "0.2"}))
        exec(piece, names | {"stack": stack, "project": project}, names)  # noqa: S102 - the page is our own
        credentials += len(Template.from_stack(stack).find_resources("Custom::SourceCredential"))
    assert credentials == 2


def test_the_errors_on_the_page_are_those_that_are_shown() -> None:
    """A line that ends in an ellipsis is one that begins so."""
    [shown] = re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)
    app = App()
    SourceCredential(
        Stack(app, "builds"),
        "GitHub",
        server_type=ServerType.GITLAB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
    )
    with pytest.raises(RuntimeError) as failure:
        app.synth()
    for line in shown.splitlines():
        assert line.removesuffix(" ...") in str(failure.value)
