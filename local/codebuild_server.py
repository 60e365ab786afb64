"""CodeBuild's source credentials, on this machine: the three calls that no emulator has.

AWS JSON 1.1, requests and answers checked against botocore's own service model. One slot per account, region and server
type, as https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ImportSourceCredentials.html has it. A token is
never kept, printed or returned: what is kept of it is its SHA-256. Connections are served too (GetConnection), and
`PUT /_local/answers/NAME` takes what CloudFormation would get, for `sam local invoke`.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore.exceptions import CapacityNotAvailableError
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.retries.bucket import Clock, TokenBucket
from botocore.validate import ParamValidator

from local.servers import Handler, HttpServer

ACCOUNT_ID: Final = "000000000000"

_PAIRS: Final = {
    "PERSONAL_ACCESS_TOKEN": {"GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET"},
    "BASIC_AUTH": {"BITBUCKET"},
    "SECRETS_MANAGER": {"GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET"},
    "CODECONNECTIONS": {"GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB", "GITLAB_SELF_MANAGED"},
}
_REFERENCES: Final = {
    "SECRETS_MANAGER": re.compile(r"arn:aws[\w-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+"),
    "CODECONNECTIONS": re.compile(
        r"arn:aws[\w-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/.+"
    ),
}
_CREDENTIAL_SCOPE: Final = re.compile(
    r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[a-z0-9-]+)/(?P<service>[a-z-]+)/aws4_request"
)
_TARGETS: Final = {
    "CodeBuild_20161006": "codebuild",
    "com.amazonaws.codeconnections.CodeConnections_20231201": "codeconnections",
    "com.amazonaws.codestar.connections.CodeStar_connections_20191201": "codestar-connections",
}


class AwsError(Exception):
    """An error as AWS answers it: a code, a message, a status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep the three."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, kw_only=True)
class StoredCredential:
    """What a slot holds. `resource` is the ARN of a secret or connection; of a token there is only `token_sha256`."""

    arn: str
    region: str
    server_type: str
    auth_type: str
    token_sha256: str
    username: str | None
    resource: str | None


@dataclass
class _Fault:
    operation: str
    error: AwsError
    times: int


class Held:
    """A call that is held where it arrives, without an effect yet, until it is let go."""

    def __init__(self) -> None:
        """Wait for it."""
        self.arrived = threading.Event()
        self._let_go = threading.Event()

    def hold(self) -> None:
        """Hold the call that has arrived."""
        self.arrived.set()
        self._let_go.wait()

    def let_go(self) -> None:
        """Let it have its effect, though its caller may be gone by now."""
        self._let_go.set()


class SourceCredentialSlots:
    """The slots of one account. Safe to use from several threads."""

    def __init__(self, *, account_limit: int | None = None) -> None:
        """Start empty. account_limit: how many credentials a region may hold before AccountLimitExceededException."""
        self._account_limit = account_limit
        self._slots: dict[tuple[str, str], StoredCredential] = {}
        self._lock = threading.Lock()

    def credentials(self) -> list[StoredCredential]:
        """Return what the slots hold, in all regions."""
        with self._lock:
            return list(self._slots.values())

    def clear(self) -> None:
        """Empty all slots."""
        with self._lock:
            self._slots.clear()

    def import_source_credentials(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Fill a slot. Raises AwsError as CodeBuild does."""
        server_type, auth_type, token = request["serverType"], request["authType"], request["token"]
        if auth_type not in _PAIRS:
            raise AwsError("InvalidInputException", f"Importing {auth_type} is not supported")
        if server_type not in _PAIRS[auth_type]:
            raise AwsError("InvalidInputException", f"Auth type {auth_type} is not valid for server type {server_type}")
        if (auth_type == "BASIC_AUTH") != ("username" in request):
            raise AwsError("InvalidInputException", "A username goes with BASIC_AUTH, and with it only")
        reference = _REFERENCES.get(auth_type)
        if reference and not reference.fullmatch(token):
            raise AwsError("InvalidInputException", f"The token for auth type {auth_type} must be an ARN")
        with self._lock:
            slot = (region, server_type)
            if slot in self._slots and not request.get("shouldOverwrite", True):
                raise AwsError(
                    "ResourceAlreadyExistsException",
                    f"Access token with server type {server_type} already exists. "
                    "Delete its source credential and try again.",
                )
            held = sum(1 for held_region, _ in self._slots if held_region == region)
            if self._account_limit is not None and slot not in self._slots and held >= self._account_limit:
                raise AwsError("AccountLimitExceededException", "The account limit for source credentials is exceeded")
            arn = f"arn:aws:codebuild:{region}:{ACCOUNT_ID}:token/{server_type.lower()}"
            self._slots[slot] = StoredCredential(
                arn=arn,
                region=region,
                server_type=server_type,
                auth_type=auth_type,
                token_sha256=hashlib.sha256(token.encode()).hexdigest(),
                username=request.get("username"),
                resource=token if reference else None,
            )
        return {"arn": arn}

    def delete_source_credentials(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Empty a slot. Raises AwsError as CodeBuild does."""
        arn = request["arn"]
        if not re.fullmatch(r"arn:aws[\w-]*:codebuild:[a-z0-9-]+:\d{12}:token/\w+", arn):
            raise AwsError("InvalidInputException", "Invalid source credentials ARN")
        with self._lock:
            for slot, credential in self._slots.items():
                if slot[0] == region and credential.arn == arn:
                    del self._slots[slot]
                    return {"arn": arn}
        raise AwsError("ResourceNotFoundException", "Source credentials do not exist")

    def list_source_credentials(self, region: str, _request: dict[str, Any]) -> dict[str, Any]:
        """List the slots of a region."""
        return {
            "sourceCredentialsInfos": [
                {
                    "arn": credential.arn,
                    "serverType": credential.server_type,
                    "authType": credential.auth_type,
                    **({"resource": credential.resource} if credential.resource else {}),
                }
                for credential in self.credentials()
                if credential.region == region
            ]
        }


class CodeBuildServer(HttpServer):
    """The server. Its url is for AWS_ENDPOINT_URL_CODEBUILD."""

    def __init__(  # noqa: PLR0913 - what may be otherwise than by default
        self,
        *,
        port: int = 0,
        account_limit: int | None = None,
        on_answer: Callable[[str, object], None] | None = None,
        seconds: float = 0,
        rate: float | None = None,
        certificate: Path | None = None,
    ) -> None:
        """Bind the port; 0 takes a free one. certificate: what to serve HTTPS with.

        on_answer: called with name and body of each answer to CloudFormation. seconds: how long a call takes. rate: how
        many calls a second are let through, after what the second before has left; those above it are throttled.
        """
        self.slots = SourceCredentialSlots(account_limit=account_limit)
        self.connections: dict[str, tuple[str, str]] = {}
        self.calls: list[str] = []
        self.answers: dict[str, Any] = {}
        self.throttled = 0
        self._seconds = seconds
        self._bucket = TokenBucket(rate, Clock()) if rate else None
        self._on_answer = on_answer
        self._faults: list[_Fault] = []
        self._held: dict[str, Held] = {}
        self._models = {name: _service_model(name) for name in set(_TARGETS.values())}
        super().__init__(_handler_for(self), port=port, certificate=certificate)

    def credentials(self) -> list[StoredCredential]:
        """Return what the slots hold."""
        return self.slots.credentials()

    def connect(self, arn: str, *, provider_type: str, status: str = "AVAILABLE") -> None:
        """Make a connection, or change the one of that ARN."""
        self.connections[arn] = (status, provider_type)

    def fail_next(self, operation: str, code: str, *, status: int = 400, times: int = 1) -> None:
        """Answer the next calls of an operation with an error. A status of 0 breaks the connection off."""
        self._faults.append(_Fault(operation, AwsError(code, "as the test asked", status), times))

    def hold_next(self, operation: str) -> Held:
        """Hold the next call of an operation; the ones after it go through."""
        held = self._held[operation] = Held()
        return held

    def keep_answer(self, name: str, answer: object) -> None:
        """Keep an answer to CloudFormation."""
        self.answers[name] = answer
        if self._on_answer:
            self._on_answer(name, answer)

    def call(self, target: str, authorization: str, body: bytes) -> dict[str, Any]:
        """Carry out one call. Raises AwsError."""
        prefix, _, operation_name = target.rpartition(".")
        scope = _CREDENTIAL_SCOPE.search(authorization)
        if not scope:
            raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if prefix not in _TARGETS or operation_name not in _OPERATIONS:
            raise AwsError("UnknownOperationException", "", 404)
        time.sleep(self._seconds)
        self._let_through()
        self.calls.append(operation_name)
        self._raise_fault(operation_name)
        self._hold(operation_name)
        model = self._models[_TARGETS[prefix]].operation_model(operation_name)
        request = _validated(body, model)
        answer = _OPERATIONS[operation_name](self, scope["region"], request)
        if model.output_shape is not None:
            _check(answer, model.output_shape)
        return answer

    def get_connection(self, arn: str) -> dict[str, Any]:
        """Answer GetConnection. Raises AwsError."""
        if arn not in self.connections:
            raise AwsError("ResourceNotFoundException", f"Connection {arn} not found")
        status, provider_type = self.connections[arn]
        return {"Connection": {"ConnectionArn": arn, "ConnectionStatus": status, "ProviderType": provider_type}}

    def _let_through(self) -> None:
        try:
            if self._bucket is not None:
                self._bucket.acquire(block=False)
        except CapacityNotAvailableError:
            self.throttled += 1
            raise AwsError("ThrottlingException", "Rate exceeded") from None

    def _raise_fault(self, operation: str) -> None:
        for fault in self._faults:
            if fault.operation == operation and fault.times:
                fault.times -= 1
                raise fault.error

    def _hold(self, operation: str) -> None:
        held = self._held.pop(operation, None)
        if held is not None:
            held.hold()


_OPERATIONS: Final[dict[str, Callable[[CodeBuildServer, str, dict[str, Any]], dict[str, Any]]]] = {
    "ImportSourceCredentials": lambda server, region, request: server.slots.import_source_credentials(region, request),
    "DeleteSourceCredentials": lambda server, region, request: server.slots.delete_source_credentials(region, request),
    "ListSourceCredentials": lambda server, region, request: server.slots.list_source_credentials(region, request),
    "GetConnection": lambda server, _region, request: server.get_connection(request["ConnectionArn"]),
}


def _service_model(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def _validated(body: bytes, model: OperationModel) -> dict[str, Any]:
    """Return the request, when botocore's model allows it; enumerations too, which botocore leaves to the service."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise AwsError("SerializationException", "The request is not JSON") from None
    if model.input_shape is not None:
        if ParamValidator().validate(request, model.input_shape).has_errors():
            # The report would repeat the values.
            raise AwsError("InvalidInputException", "The request does not fit the service model")
        for name, shape in model.input_shape.members.items():
            allowed = getattr(shape, "enum", None)
            if allowed and name in request and request[name] not in allowed:
                raise AwsError("InvalidInputException", f"{name} is none of {', '.join(allowed)}")
    return dict(request)


def _check(answer: dict[str, Any], shape: Shape) -> None:
    """Check an answer of ours against botocore's model. Raises AssertionError: a fault of this server."""
    errors = ParamValidator().validate(answer, shape)
    if errors.has_errors():
        raise AssertionError(errors.generate_report())


def _handler_for(server: CodeBuildServer) -> type[Handler]:
    class CodeBuildHandler(Handler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.body()
            target, authorization = self.headers.get("x-amz-target", ""), self.headers.get("authorization", "")
            try:
                self._answer(200, server.call(target, authorization, body))
            except AwsError as error:
                if error.status == 0:
                    self.close_connection = True
                else:
                    self._answer(error.status, {"__type": error.code, "message": error.message})

        def do_PUT(self) -> None:
            body = self.body()
            if not self.path.startswith("/_local/answers/"):
                self._answer(404, {})
                return
            server.keep_answer(self.path.removeprefix("/_local/answers/").partition("?")[0], json.loads(body))
            self._answer(200, {})

        def do_GET(self) -> None:
            pages: dict[str, Callable[[], Any]] = {
                "/_local/health": lambda: {"status": "running"},
                "/_local/answers": lambda: server.answers,
            }
            page = pages.get(self.path)
            self._answer(200 if page else 404, page() if page else {})

        def _answer(self, status: int, answer: object) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return CodeBuildHandler
