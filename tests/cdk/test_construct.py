"""The construct's own tests, which run in the environment that has the CDK."""

from tempfile import TemporaryDirectory

from local import cdk_app


def test_the_constructs_own_tests_pass() -> None:
    """Those of cdk/tests, on the CDK that requirements/cdk.txt has, which leaves a folder of each app behind."""
    with TemporaryDirectory() as folder:
        done = cdk_app.run(["-m", "pytest", "-q", "cdk/tests"], variables={"TMPDIR": folder})
    assert done.returncode == 0, done.stdout
