"""A secret rotates: how long the import takes, what a bad token does, which alarm rings, what a check mends.

CodeBuild shows neither token nor time, so the import is seen by the provider: the line `Refreshed` of its log, and the
version in its claim. The line comes after CodeBuild has answered; its own time is taken, not that of its reading.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from acceptance import provider_stack
from acceptance.consumer import personal, template_of
from acceptance.facts import Chapter
from acceptance.provider_log import Line, ProviderLog, held_version
from acceptance.recorder_stack import Queue
from acceptance.scene import Scene
from acceptance.waiting import TookTooLong

CHAPTER: Final = Chapter("A secret rotates")

_REFERENCE: Final = "docs/reference.md"
_OPERATIONS: Final = "docs/operations.md"
_STACK: Final = "rotating"
_SECRET: Final = "rotating"  # noqa: S105 - a secret's name
_PERSONAL: Final = "PERSONAL_ACCESS_TOKEN"
_WITHIN: Final = 60.0  # seconds; "a minute or so where Secrets Manager shows the new value late"
_METRIC_SECONDS: Final = 600
_ALARM_SECONDS: Final = 600

_IMPORTED: Final = CHAPTER.fact(
    "Seconds from put-secret-value to the import",
    _OPERATIONS,
    "Wait for the import: seconds, as a rule; a minute or so where Secrets Manager shows the new value late.",
    "at most 60 seconds",
)
_TOLD: Final = CHAPTER.fact(
    "What Secrets Manager tells of a new version",
    "docs/decisions/0006-rotation.md",
    "Secrets Manager tells EventBridge itself when a label moves (`Secret Label Updated`; CloudTrail is not needed).",
    "resources has the secret's ARN, labelUpdated is AWSCURRENT, versionId is the new version",
)
_BAD: Final = CHAPTER.fact(
    "A rotation to what cannot be a token",
    _OPERATIONS,
    "If the new token is refused, CodeBuild keeps the old one and builds go on.",
    "refused in the log; the version before is still the one imported",
)
_METRIC: Final = CHAPTER.fact(
    "The metric RefreshFailures, out of the log",
    _OPERATIONS,
    "Metrics are lines of the same log, in CloudWatch's embedded format, so they need no permission of their own.",
    "CloudWatch has it",
    embedded="MiniStack takes no metrics out of log lines",
)
_ALARM: Final = CHAPTER.fact(
    "RefreshFailedAlarm after that",
    "docs/decisions/0006-rotation.md",
    "Each failure is counted, and the first one rings the alarm.",
    "ALARM",
    embedded="MiniStack takes no metrics out of log lines",
)
_GOOD: Final = CHAPTER.fact(
    "A good token again",
    _OPERATIONS,
    "Then put a good value into the secret, or run the check.",
    "imported",
)
_HEALED: Final = CHAPTER.fact(
    "The daily check, run now, after the credential was deleted by hand",
    _REFERENCE,
    "**Deleted in the console?** The daily check imports it again",
    "missing and healed; the credential is there again",
)


def walk(scene: Scene) -> None:
    """Rotate a secret that a consumer follows, and look at what the provider says."""
    scene.require_provider()
    server_type = scene.server_types[0]
    slot = f"{scene.account.id}/{scene.account.region}/{server_type}"
    log = ProviderLog(scene)
    scene.secret(_SECRET, scene.token(server_type, _PERSONAL))
    scene.slots.note(server_type, _PERSONAL)
    mine = personal(scene, server_type, _SECRET, ShouldOverwrite="false")
    scene.stacks.create(_STACK, template_of(scene, {"Mine": mine}))
    begin, version = _rotate(scene, scene.token(server_type, _PERSONAL))
    [line, *_] = log.await_lines("Refreshed", lambda line: line.get("slot") == slot, seconds=180)
    took = line["at"] - begin
    [measured, *_] = log.await_lines("SecondsToImport", lambda line: "SecondsToImport" in line)
    is_in = held_version(scene, server_type) == version
    told = f"{took:.1f} by this machine's clock, {measured['SecondsToImport'][0]:.1f} by the provider's metric"
    scene.findings.see(_IMPORTED, told if is_in else "another version was imported", held=is_in and took <= _WITHIN)
    _see_told(scene, version)
    _see_bad(scene, log, server_type, version)
    _see_alarm(scene)
    _begin, good = _rotate(scene, scene.token(server_type, _PERSONAL))
    scene.findings.see(_GOOD, _imported(scene, server_type, good))
    _see_healed(scene, log, slot, server_type)
    scene.stacks.delete(_STACK)


def _rotate(scene: Scene, value: str) -> tuple[float, str]:
    """Put a value into the secret; return when that was, and its version."""
    begin = time.time()
    secrets = scene.account.client("secretsmanager")
    answer = secrets.put_secret_value(SecretId=scene.names.secret(_SECRET), SecretString=value)
    return begin, str(answer["VersionId"])


def _see_told(scene: Scene, version: str) -> None:
    """Look at the event as it came: the recorder's stack has a rule and a queue of its own for that."""
    if not scene.recorder:
        scene.findings.skip(_TOLD, "the recorder is not there")
        return
    secret = f":secret:{scene.names.secret(_SECRET)}-"

    def of_version(event: dict[str, Any]) -> bool:
        return secret in "".join(event["resources"]) and event["detail"].get("versionId") == version

    came = Queue(scene, scene.recorder["ChangesUrl"]).take(of_version, 1, 60)
    if not came:
        scene.findings.see(_TOLD, "no event that has the ARN and the version")
        return
    scene.recorded += came
    label = came[0]["detail"].get("labelUpdated")
    seen = f"resources has the secret's ARN, labelUpdated is {label}, versionId is the new version"
    scene.findings.see(_TOLD, seen)


def _imported(scene: Scene, server_type: str, version: str) -> str:
    def held() -> str | None:
        return "imported" if held_version(scene, server_type) == version else None

    try:
        return scene.waiting.until(held, "The import", seconds=180, every=0.5)
    except TookTooLong:
        return "not imported within three minutes"


def _see_bad(scene: Scene, log: ProviderLog, server_type: str, version: str) -> None:
    """Put a URL into the secret, which no token looks like."""
    _rotate(scene, "https://example.com/not-a-token")
    told = log.await_lines("will be tried again", lambda line: line.get("level") == "ERROR", seconds=180)
    refused = (
        "refused in the log" if "a URL" in str(told[0].get("reason")) else f"the log says: {told[0].get('reason')}"
    )
    still = "the version before is still" if held_version(scene, server_type) == version else "another version is"
    scene.findings.see(_BAD, f"{refused}; {still} the one imported")


def _see_alarm(scene: Scene) -> None:
    cloudwatch, service = scene.account.client("cloudwatch"), scene.names.stack(provider_stack.STACK)
    poll = scene.account.poll_seconds

    def measured() -> str | None:
        now = datetime.now(UTC)
        found = cloudwatch.get_metric_statistics(
            Namespace="SourceCredential",
            MetricName="RefreshFailures",
            Dimensions=[{"Name": "service", "Value": service}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return "CloudWatch has it" if found else None

    def rings() -> str | None:
        [alarm] = cloudwatch.describe_alarms(AlarmNamePrefix=f"{service}-RefreshFailedAlarm")["MetricAlarms"]
        return "ALARM" if alarm["StateValue"] == "ALARM" else None

    for fact, look, seconds in ((_METRIC, measured, _METRIC_SECONDS), (_ALARM, rings, _ALARM_SECONDS)):
        try:
            seen = scene.waiting.until(look, fact.title, seconds=scene.seconds_for(fact, seconds), every=poll)
        except TookTooLong as late:
            seen = str(late)
        scene.findings.see(fact, seen)


def _see_healed(scene: Scene, log: ProviderLog, slot: str, server_type: str) -> None:
    """Delete the run's own credential, and ask for a check of its slot."""
    scene.account.client("codebuild").delete_source_credentials(arn=scene.slots.listed()[server_type]["arn"])
    body = f'{{"check": {{"slot": "{slot}"}}}}'
    scene.account.client("sqs").send_message(QueueUrl=scene.provider["RefreshQueueUrl"], MessageBody=body)

    def of_slot(line: Line) -> bool:
        return line.get("slot") == slot and line.get("message") == "Checked"

    [line, *_] = log.await_lines("Checked", of_slot, seconds=180)
    found = "missing and healed" if line["missing"] and line["healed"] else f"healed: {line['healed']}"
    there = "there again" if server_type in scene.slots.listed() else "not there"
    scene.findings.see(_HEALED, f"{found}; the credential is {there}")
