"""The release in the Serverless Application Repository: docs/releasing.md's commands, typed on the embedded AWS."""

import base64
import hashlib
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.model import OperationModel
from botocore.session import get_session

from local import provider
from local.embedded_aws import EmbeddedAws
from local.ministack import PROJECT
from local.servers import Handler, HttpServer
from release import dist
from release.version import TEMPLATE, Refused, in_template
from tests.end_to_end.conftest import Cloud

PAGE = PROJECT / "docs/releasing.md"
SOURCE_URL = "https://github.com/OWNER/source-credential"
FUNCTIONS = ("SourceCredentialFunction", "RefreshFunction")
# What whoever deploys has to acknowledge beside CAPABILITY_IAM:
# https://docs.aws.amazon.com/serverlessrepo/latest/devguide/acknowledging-application-capabilities.html
RESOURCE_POLICIES = {
    *("AWS::Lambda::LayerVersionPermission", "AWS::Lambda::Permission", "AWS::Events::EventBusPolicy"),
    *("AWS::IAM::Policy", "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::S3::BucketPolicy"),
    *("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"),
}


class ApplicationRepository(HttpServer):
    """What stands in for the Serverless Application Repository: it keeps what is to be created, and says that it is."""

    def __init__(self) -> None:
        """Keep the requests."""
        self.created: list[dict[str, Any]] = []
        created = self.created

        class Creating(Handler):
            def do_POST(self) -> None:
                created.append(json.loads(self.body()))
                answer = json.dumps(
                    {"applicationId": "arn:aws:serverlessrepo:us-east-1:000000000000:applications/x"}
                ).encode()
                self.send_response(HTTPStatus.CREATED if self.path == "/applications" else HTTPStatus.NOT_FOUND)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        super().__init__(Creating)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Start an embedded AWS."""
    with EmbeddedAws() as running:
        yield running


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the provider as a release does; without bytecode where there is no Python of the runtime's series."""
    folder = tmp_path_factory.mktemp("built")
    os.environ.setdefault("BYTECODE_PULL_SECONDS", "0")  # no test waits for an image
    try:
        return dist.build(PROJECT, folder)
    except Refused as refused:
        assert "no bytecode" in str(refused)  # noqa: PT017 - the build itself has to succeed
        return folder / "SourceCredentialFunction"


@pytest.fixture(scope="module")
def unpacked(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what is in the release's archive, and nothing else."""
    folder = tmp_path_factory.mktemp("release")
    dist.assemble(PROJECT, artifact, folder / "dist")
    with zipfile.ZipFile(folder / f"dist/source-credential-{in_template(PROJECT)}.zip") as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.fixture(scope="module")
def published(unpacked: Path, aws: EmbeddedAws) -> dict[str, Any]:
    """Type what the page says, there; return what the repository was asked to create."""
    [commands] = re.findall(r"```sh\n(sam package.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with ApplicationRepository() as repository:
        environment = {
            **provider.command_environment(aws),
            "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY": repository.url,
            "BUCKET": provider.make_bucket(aws),
            "SOURCE_URL": SOURCE_URL,
        }
        done = subprocess.run(
            ["bash", "-euc", commands],  # noqa: S607 - the machine's own
            cwd=unpacked,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    [created] = repository.created
    return created


def packaged(unpacked: Path) -> dict[str, Any]:
    """Return the template that `sam package` has made, whose functions are written in full."""
    loaded: dict[str, Any] = yaml.safe_load((unpacked / "packaged.yaml").read_text(encoding="utf-8"))
    return loaded


def uploaded(aws: EmbeddedAws, uri: str) -> bytes:
    """Return what is at an address of S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content: bytes = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


@pytest.mark.usefixtures("published")
def test_what_is_packaged_is_in_s3_and_names_nothing_of_this_machine(unpacked: Path, aws: EmbeddedAws) -> None:
    """The code of both functions, licence and readme, as the release has them."""
    template = packaged(unpacked)
    codes = [template["Resources"][name]["Properties"]["CodeUri"] for name in FUNCTIONS]
    assert codes[0] == codes[1]
    assert uploaded(aws, codes[0]) == (unpacked / "function.zip").read_bytes()
    about = template["Metadata"]["AWS::ServerlessRepo::Application"]
    assert uploaded(aws, about["LicenseUrl"]) == (PROJECT / "LICENSE").read_bytes()
    assert uploaded(aws, about["ReadmeUrl"]) == (PROJECT / "README.md").read_bytes()
    text = (unpacked / "packaged.yaml").read_text(encoding="utf-8")
    assert [name for name in (str(unpacked), str(PROJECT), "function.zip", "handler/") if name in text] == []


@pytest.mark.usefixtures("published")
def test_what_is_packaged_can_be_deployed(unpacked: Path, aws: EmbeddedAws, tmp_path: Path) -> None:
    """From a folder that has nothing but the template; it is the release's code, by its checksum, and it runs."""
    (tmp_path / TEMPLATE).write_text((unpacked / "packaged.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    provider.deploy(aws, tmp_path)
    cloud = Cloud(aws)
    assert cloud.status(provider.STACK_NAME) == "CREATE_COMPLETE"
    arn = cloud.outputs(provider.STACK_NAME)["ServiceToken"]
    code = hashlib.sha256((unpacked / "function.zip").read_bytes()).digest()
    configuration = aws.client("lambda").get_function_configuration(FunctionName=arn)
    assert configuration["CodeSha256"] == base64.b64encode(code).decode()
    cloud.put_secret("codebuild/github", f"ghp_{'1' * 36}")
    properties = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/github"}
    assert cloud.deploy("consumer", {"GitHub": properties}) == "CREATE_COMPLETE"
    assert len(aws.codebuild.credentials()) == 1


@pytest.fixture(scope="module")
def operation() -> OperationModel:
    """Return what botocore knows of the call that makes an application."""
    return get_session().get_service_model("serverlessrepo").operation_model("CreateApplication")


def test_what_is_published_is_what_the_repository_takes(published: dict[str, Any], operation: OperationModel) -> None:
    """Every member is within the lengths and of the pattern that the API's documentation gives."""
    shape = operation.input_shape
    members = {member.serialization["name"]: member for member in shape.members.values()}  # type: ignore[union-attr]
    assert set(published) <= set(members)
    checked = 0
    for name, given in published.items():
        told = members[name].documentation
        for value in given if isinstance(given, list) else [given]:
            for pattern in re.findall(r'Pattern:? "([^"]+)"', told):
                assert re.fullmatch(pattern.replace("\\\\", "\\"), value), name
                checked += 1
            for least, most in re.findall(r"Minimum length=([0-9]+)\. ?Maximum length=([0-9]+)", told):
                assert int(least) <= len(value) <= int(most), name
                checked += 1
        for most in re.findall(r"Maximum number of labels: ([0-9]+)", told):
            assert len(given) <= int(most)
    assert checked >= len(("author", "description", "name")) * 2 - 1 + len(published["labels"]) * 2


def test_what_is_published_says_what_it_is(published: dict[str, Any]) -> None:
    """All that a reader of the repository sees, and what sharing publicly needs: licence, version and source."""
    template = yaml.safe_load(published["templateBody"])
    version = str(in_template(PROJECT))
    assert published["licenseUrl"].startswith("s3://")
    assert published["readmeUrl"].startswith("s3://")
    assert published["name"] == "source-credential"
    assert published["spdxLicenseId"] == "Apache-2.0"
    assert published["semanticVersion"] == version
    assert published["homePageUrl"] == SOURCE_URL
    assert published["sourceCodeUrl"] == f"{SOURCE_URL}/tree/v{version}"
    assert template["Resources"].keys() == packaged_resources()


def packaged_resources() -> set[str]:
    """Return the logical ids of the template's resources, as its text has them."""
    text = (PROJECT / TEMPLATE).read_text(encoding="utf-8")
    resources = text.partition("\nResources:\n")[2].partition("\nOutputs:\n")[0]
    return set(re.findall(r"^  (\w+):$", resources, re.MULTILINE))


def test_what_is_uploaded_is_within_the_repositorys_limits(unpacked: Path) -> None:
    """5 MB of readme, and of licence, as the documentation of CreateApplication has it."""
    for name in ("README.md", "LICENSE"):
        assert (unpacked / name).stat().st_size < 5 * 1024 * 1024


def test_the_page_says_what_is_to_be_acknowledged() -> None:
    """No resource is there whose capability it does not name."""
    text = (PROJECT / TEMPLATE).read_text(encoding="utf-8")
    types = set(re.findall(r"^    Type: (AWS::\S+)$", text, re.MULTILINE))
    assert types & RESOURCE_POLICIES == {"AWS::SQS::QueuePolicy"}
    assert not [kind for kind in types if kind == "AWS::Serverless::Application"]  # CAPABILITY_AUTO_EXPAND
    page = PAGE.read_text(encoding="utf-8")
    assert "two `AWS::SQS::QueuePolicy`" in page
    assert text.count("Type: AWS::SQS::QueuePolicy") == 2
    assert "RoleName:" not in text  # else CAPABILITY_NAMED_IAM
