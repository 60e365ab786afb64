"""What is done about the queue's messages: a secret has changed, a slot is to be refreshed or to be looked after.

A message is Secrets Manager's event `Secret Label Updated` as EventBridge delivers it, or one of our own:
`{"check": "all"}` from the schedule, and `{"check": {...}}` and `{"refresh": {...}}`, one a slot, from this function.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from source_credential import wiring
from source_credential.errors import ResourceConflict, SourceCredentialError, Throttling
from source_credential.lambda_context import LambdaContext
from source_credential.model import Slot
from source_credential.observability import (
    count,
    flush_metrics,
    log_unexpected,
    logger,
    measure_expiry,
    measure_seconds,
)
from source_credential.slots.freshen import Outcome, SecretChange
from source_credential.slots.turn import Run
from source_credential.wiring import Logic

# The daily checks of all slots are spread over a quarter of an hour, for CodeBuild's rate is shared with everybody.
_CHECKS_WITHIN_SECONDS: Final = 900

# A slot at which others are at work is not waited for: its message comes again.
_PATIENCE_SECONDS: Final = 3.0

_processor: Final = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class NotYetConsistent(Exception):
    """Secrets Manager does not show yet what it has told of; the message comes again."""


class UnknownMessage(ValueError):
    """A message that nobody here sends. It ends in the dead-letter queue."""


def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of messages, of one as the template has it; return those that failed, which come again.

    event: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    account_id = context.invoked_function_arn.split(":")[4]
    run = Run(lambda: context.get_remaining_time_in_millis() / 1000, patience=_PATIENCE_SECONDS)
    try:
        return process_partial_response(
            event=event,
            record_handler=_handler(wiring.logic(account_id), run),
            processor=_processor,
            context=context,  # type: ignore[arg-type] # of which only what is used here is declared
        )
    finally:
        flush_metrics()


def _handler(logic: Logic, run: Run) -> Callable[[SQSRecord], None]:
    """Return what handles one message. Whatever it raises makes the message come again, later each time."""

    def handle_one(record: SQSRecord) -> None:
        receive_count = int(record.attributes.approximate_receive_count)
        logger.append_keys(message_id=record.message_id)
        try:
            _handle(logic, run, json.loads(record.body))
        except ResourceConflict as busy:
            # Somebody is at work at the slot, which is no failure.
            logger.info("Not now, and will be tried again", reason=str(busy))
            _delay_a_little(record)
            raise
        except NotYetConsistent as early:
            # Nor is this. After two waits or three Secrets Manager has settled, or the event is too old to matter.
            logger.info("Not now, and will be tried again", reason=str(early))
            _delay(record, min(receive_count, 2))
            raise
        except Exception as error:
            count("RefreshFailures")
            if isinstance(error, SourceCredentialError):
                logger.error("Failed, and will be tried again", reason=str(error), receive_count=receive_count)
            else:
                log_unexpected("Failed unexpectedly, and will be tried again", error)
            # What was throttled passes as soon as the others are done: it climbs the waits half as fast.
            _delay(record, (receive_count + 1) // 2 if isinstance(error, Throttling) else receive_count)
            raise
        finally:
            logger.remove_keys(["message_id", "slot"])

    return handle_one


def _delay(record: SQSRecord, receive_count: int) -> None:
    _let_wait(lambda: wiring.refresh_queue().delay(record.receipt_handle, receive_count=receive_count))


def _delay_a_little(record: SQSRecord) -> None:
    _let_wait(lambda: wiring.refresh_queue().delay_a_little(record.receipt_handle))


def _let_wait(delay: Callable[[], None]) -> None:
    try:
        delay()
    except SourceCredentialError as error:
        logger.warning("The message comes again without a delay", reason=str(error))


def _handle(logic: Logic, run: Run, message: Any) -> None:  # noqa: ANN401 - JSON, whatever it is
    """Do what one message says. Raises UnknownMessage, and what the logic raises."""
    match message:
        case {
            "detail-type": "Secret Label Updated",
            "detail": {"labelUpdated": str(label), **more},
            "resources": [str(secret_arn), *_],
            "time": str(time),
        }:
            _secret_changed(logic, run, SecretChange(secret_arn, label, time, str(more.get("versionId", ""))))
        case {"refresh": {"slot": str(slot), "secret": str(secret), "label": str(label), "time": str(time), **more}}:
            change = SecretChange(secret, label, time, str(more.get("version", "")))
            _refresh(logic, run, Slot.parse(slot), change)
        case {"check": "all"} | {"source": "aws.events", "detail-type": "Scheduled Event"}:
            # The latter is the schedule's own event, as EventBridge keeps it when it could not deliver it.
            sent = wiring.refresh_queue().send(
                ({"check": {"slot": str(slot)}} for slot in logic.table.slots()),
                within_seconds=_CHECKS_WITHIN_SECONDS,
            )
            logger.info("Slots are going to be checked", slots=sent)
        case {"check": {"slot": str(slot)}}:
            _check(logic, run, Slot.parse(slot))
        case _:
            raise UnknownMessage("the message is none of those that are sent here")


def _secret_changed(logic: Logic, run: Run, change: SecretChange) -> None:
    """Refresh the one slot that follows the secret; where there are several, send a message for each."""
    followers = logic.table.followers(change.secret)
    first = list(islice(followers, 2))
    if len(first) == 1:
        _refresh(logic, run, first[0], change)
        return
    messages = ({"refresh": {"slot": str(slot), **change._asdict()}} for slot in chain(first, followers))
    sent = wiring.refresh_queue().send(messages)
    logger.info("A secret has changed", secret=change.secret, label=change.label, slots=sent)


def _refresh(logic: Logic, run: Run, slot: Slot, change: SecretChange) -> None:
    logger.append_keys(slot=str(slot))
    outcome, is_behind = logic.freshener.refresh(slot, run, change)
    refreshed = outcome is Outcome.REFRESHED
    logger.info("Refreshed" if refreshed else "Nothing to refresh", outcome=outcome, label=change.label)
    if refreshed:
        count("Refreshes")
        measure_seconds("SecondsToImport", _seconds_since(change.time))
    if is_behind:
        raise NotYetConsistent("Secrets Manager has told of another version than it gives as yet")


def _check(logic: Logic, run: Run, slot: Slot) -> None:
    """Look at a slot and mend it; what was found counts, even if it cannot be mended. Raises what kept it from that."""
    logger.append_keys(slot=str(slot))
    finding = logic.freshener.check(slot, run, heal=os.environ.get("HEAL", "true") == "true")
    wanting = finding.missing or finding.stale
    count("Checks")
    count("Missing", int(finding.missing))
    count("Stale", int(finding.stale))
    count("Healed", int(finding.healed))
    count("Unhealed", int(wanting and not finding.healed))
    if finding.days_until_expiry is not None:
        measure_expiry(finding.days_until_expiry, slot.server_type.value)
    if finding.failure is not None:
        raise finding.failure
    logger.info("Checked", missing=finding.missing, stale=finding.stale, healed=finding.healed)


def _seconds_since(time: str) -> float:
    """Return the seconds since a time in ISO 8601, as events have it."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds())
