"""The construct's own tests, which run in the environment that has the CDK."""

from local import cdk_app


def test_the_constructs_own_tests_pass() -> None:
    """Those of cdk/tests, on the CDK that requirements/cdk.txt has."""
    done = cdk_app.run(["-m", "pytest", "-q", "cdk/tests"])
    assert done.returncode == 0, done.stdout
