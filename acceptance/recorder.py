"""A provider of custom resources that records each event as CloudFormation sent it, and answers. It runs in Lambda.

The events go to a queue, without the presigned part of their URL. What it does is asked of it by the properties:
Fails and Silent name request types that it fails, or does not answer; Id is the physical id that it answers with.
"""

import json
import os
import time
import urllib.request
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> None:
    """Record the event, and answer it unless told not to. Without a request type it fails, for Lambda to try again."""
    url = event.get("ResponseURL", "")
    shown = {**event, "ResponseURL": "/".join(url.split("/")[:3])}
    body = json.dumps({"at": time.time(), "event": shown})
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=body)
    request, properties = event["RequestType"], event["ResourceProperties"]
    if request in properties.get("Silent", ""):
        return
    failed = request in properties.get("Fails", "")
    given = "recorder:" + properties.get("Id", event["LogicalResourceId"])
    if request == "Create" and failed:
        given = "recorder:create-failed:" + event["RequestId"]
    elif request == "Delete" or failed:
        given = event["PhysicalResourceId"]
    answer = {
        "Status": "FAILED" if failed else "SUCCESS",
        "Reason": "as it was asked to" if failed else "",
        "PhysicalResourceId": given,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    put = urllib.request.Request(url, json.dumps(answer).encode(), {"content-type": ""}, method="PUT")  # noqa: S310
    urllib.request.urlopen(put, timeout=10).close()  # noqa: S310 - CloudFormation's own URL, http on the embedded AWS
