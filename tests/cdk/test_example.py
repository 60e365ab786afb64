"""What the example app synthesises is a template as one would write it by hand."""

import json
import subprocess
from pathlib import Path

import pytest

from local import cdk_app
from local.ministack import PROJECT
from local.provider import TOOLS
from source_credential.contract.properties import parse

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:GitHub38B7EEC4-AbCdEf"


def test_the_lint_finds_nothing(app_templates: dict[str, Path]) -> None:
    """Neither cfn-lint's own rules, nor the project's."""
    rules = ["--append-rules", str(PROJECT / "lint"), "--include-checks", "I95"]
    command = [str(TOOLS / "cfn-lint"), *map(str, app_templates.values()), *rules]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_provider_accepts_it(app_templates: dict[str, Path]) -> None:
    """The properties are what the provider parses, once CloudFormation has put the secret's ARN in."""
    resources = json.loads(app_templates["builds"].read_text(encoding="utf-8"))["Resources"]
    properties = resources["SourceCredential"]["Properties"]
    [export] = properties["SecretId"].values()
    assert export.startswith("builds-secrets:")
    assert parse(properties | {"ServiceToken": "", "SecretId": SECRET_ARN}).secret_id == SECRET_ARN


def test_make_synth_says_where_the_templates_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it runs ends well, and names each template; what cannot be synthesised ends otherwise, and names none."""
    monkeypatch.setattr("sys.argv", ["cdk_app", str(PROJECT / "examples/cdk"), str(tmp_path / "out")])
    assert cdk_app.main() == 0
    names = ["builds-secrets.template.json", "builds.template.json"]
    assert capsys.readouterr().out.splitlines()[-2:] == [str(tmp_path / "out" / name) for name in names]
    (tmp_path / "app.py").write_text("raise SystemExit('there is no stack')", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["cdk_app", str(tmp_path), str(tmp_path / "out")])
    assert cdk_app.main() == 1
    assert capsys.readouterr().out == "there is no stack\n"


def test_the_cdks_command_line_finds_the_app() -> None:
    """cdk.json says how the app is run, as `make synth` runs it."""
    assert json.loads((PROJECT / "examples/cdk/cdk.json").read_text(encoding="utf-8"))["app"] == "python3 app.py"
