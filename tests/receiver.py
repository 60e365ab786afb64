"""What stands behind a presigned ResponseURL in the tests: it keeps every answer and may refuse some."""

import json
from typing import Any

from local.servers import Handler, HttpServer

MAX_BODY_BYTES = 4096
MAX_PHYSICAL_RESOURCE_ID = 1024


class Receiver(HttpServer):
    """An HTTP server on a free loopback port. `statuses` are answered in order, then 200 for ever."""

    def __init__(self, *statuses: int) -> None:
        """Plan the statuses."""
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []
        self.content_types: list[str | None] = []
        self.paths: list[str] = []
        receiver = self

        class ReceivingHandler(Handler):
            def do_POST(self) -> None:
                self.do_PUT()

            def do_PUT(self) -> None:
                body = self.body()
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                if status == 0:  # a connection that breaks off
                    self.close_connection = True
                    return
                receiver.paths.append(self.path)
                if status < 300:
                    receiver.bodies.append(body)
                    receiver.content_types.append(self.headers.get("content-type"))
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", f"{receiver.url}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

        super().__init__(ReceivingHandler)

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the one answer to the event, having checked all that is promised of every answer."""
        assert len(self.bodies) == 1, f"{len(self.bodies)} answers to one request"
        body = self.bodies[0]
        assert len(body) <= MAX_BODY_BYTES
        assert self.content_types == [""]
        answer: dict[str, Any] = json.loads(body.decode("utf-8"))
        assert answer["Status"] in {"SUCCESS", "FAILED"}
        for name in ("StackId", "RequestId", "LogicalResourceId"):
            assert answer[name] == event[name]
        assert 1 <= len(answer["PhysicalResourceId"]) <= MAX_PHYSICAL_RESOURCE_ID
        assert bool(answer["Reason"]) == (answer["Status"] == "FAILED")
        assert answer["NoEcho"] is False
        if event["RequestType"] == "Delete" or (event["RequestType"] == "Update" and answer["Status"] == "FAILED"):
            assert answer["PhysicalResourceId"] == event["PhysicalResourceId"]
        if event["RequestType"] == "Create" and answer["Status"] == "FAILED":
            assert answer["PhysicalResourceId"] == f"source-credential:create-failed:{event['RequestId']}"
        return answer
