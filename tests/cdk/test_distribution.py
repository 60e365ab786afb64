"""What consumers install has all that the construct needs."""

import subprocess
import zipfile
from pathlib import Path

from local import cdk_app
from local.ministack import PROJECT

PACKAGING = PROJECT / ".tools/packaging/bin/python"


def test_the_wheel_synthesises_the_example(tmp_path: Path) -> None:
    """With the wheel's files alone on Python's path, beside the CDK and the contract's validator."""
    build = [str(PACKAGING), "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(build, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    variables = {"PYTHONPATH": str(tmp_path / "installed"), "CDK_OUTDIR": str(tmp_path / "cdk.out")}
    done = cdk_app.run(["app.py"], folder=PROJECT / "examples/cdk", variables=variables)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "cdk.out/builds.template.json").exists()
