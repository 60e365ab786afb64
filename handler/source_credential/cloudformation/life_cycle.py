"""CloudFormation's custom-resource protocol: the life cycle of one request, from event to answer.

The only import of crhelper. It dispatches and keeps the time; what it does otherwise than promised is overridden here,
and `docs/decisions/0001-crhelper.md` says why it stays.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

from collections.abc import Callable, Mapping
from threading import Thread, Timer
from typing import Any, Final

from crhelper import CfnResource

from source_credential.cloudformation.delivery import Delivery
from source_credential.cloudformation.request import IDS, answer_to, read
from source_credential.cloudformation.response import FAILED, SUCCESS, Response
from source_credential.errors import InvalidRequest, ServiceInternalError, SourceCredentialError, out_of_time
from source_credential.lambda_context import LambdaContext
from source_credential.model import failed_create_id
from source_credential.observability import count, flush_metrics, log_unexpected, logger, raise_log_levels

# With so little time left FAILED is sent: enough to deliver it against some bad luck, never more than half of the time.
_RESERVE_SECONDS: Final = 8.0

# What the handler for a time that runs out may take of the reserve.
_ABANDON_SECONDS: Final = 2.0

Handler = Callable[[Mapping[str, Any], Any], str]
Abandon = Callable[[Mapping[str, Any], Any, str], str | None]


class CustomResource(CfnResource):
    """A custom resource whose handlers, set with crhelper's decorators, return the physical id and may set `Data`.

    Every request that can be answered is answered once: with what the handler returned or raised, or with FAILED when
    the time runs short.
    """

    # What crhelper keeps, and its types do not tell.
    RequestType: str
    _event: Mapping[str, Any]
    _context: LambdaContext
    _create_func: Handler
    _update_func: Handler
    _delete_func: Handler

    _abandon_func: Abandon = staticmethod(lambda _event, _context, reason: reason)

    def __init__(self) -> None:
        """Set crhelper up to keep silent: its default level prints the event with its presigned URL."""
        super().__init__(log_level="INFO", boto_level="WARNING")
        raise_log_levels()

    @property
    def _sam_local(self) -> bool:
        """Tell crhelper not to make its three clients: only its polling needs them, and a cold start pays for them."""
        return True

    @_sam_local.setter
    def _sam_local(self, _value: object) -> None:
        """Take no notice of the environment variable crhelper reads."""

    def __call__(self, event: object, context: LambdaContext) -> None:
        """Handle one event and answer it.

        Raises NotACustomResourceEvent when there is nobody to answer, and Undelivered when CloudFormation did not take
        the answer, so that Lambda runs the event again.
        """
        request = read(event)
        self._delivery = Delivery(
            request["ResponseURL"], seconds_left=lambda: context.get_remaining_time_in_millis() / 1000
        )
        logger.append_keys(request_type=request["RequestType"], **{name: request[name] for name in IDS})
        try:
            logger.info("Received")
            super().__call__(request, context)
            if self._timer is not None:
                # Returning while the timer's answer is under way would let Lambda freeze it half sent.
                self._timer.join()
        finally:
            flush_metrics()
            logger.remove_keys(["request_type", *IDS])
        if self._delivery.failure:
            raise self._delivery.failure

    def abandon(self, func: Abandon) -> Abandon:
        """Set the handler that is told when the time runs out: decorates it, as crhelper's `create` does."""
        self._abandon_func = func
        return func

    def generate_physical_id(self, event: Mapping[str, Any]) -> str:
        """Return the marker: crhelper asks for an id when a Create has failed."""
        return failed_create_id(event["RequestId"])

    def _log_setup(self, event: object, context: object) -> None:
        """Leave logging as it is: crhelper would set its levels and formats anew on every event."""

    def _wait_for_cwlogs(self, sleep: object = None) -> None:
        """Answer a Delete at once: crhelper would sleep for two minutes first."""

    def _poll_enabled(self) -> bool:
        """Never poll: an import takes less than a second."""
        return False

    def _get_func(self) -> Handler:
        handlers = {"Create": self._create_func, "Update": self._update_func, "Delete": self._delete_func}
        return handlers.get(self.RequestType, _refuse_request_type)

    def _wrap_function(self, func: Handler) -> None:
        """Call the handler; turn what it raises into a Reason that may be read by anyone who may read the stack."""
        try:
            self.PhysicalResourceId = func(self._event, self._context)
        except SourceCredentialError as error:
            self.Status, self.Reason = FAILED, str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, CloudFormation must be answered
            log_unexpected("The request failed unexpectedly", error)
            self.Status, self.Reason = FAILED, self._unexpected(type(error).__name__)

    def _unexpected(self, kind: str) -> str:
        where = f"{self._context.log_group_name}, stream {self._context.log_stream_name}"
        return str(
            ServiceInternalError(
                "Provider",
                f"failed unexpectedly ({kind})",
                f"Its log says where: group {where}, RequestId {self.RequestId}.",
            )
        )

    def _set_timeout(self) -> None:
        seconds = self._context.get_remaining_time_in_millis() / 1000
        self._timer = Timer(max(seconds - _RESERVE_SECONDS, seconds / 2), self._timeout)
        self._timer.daemon = True
        self._timer.start()

    def _timeout(self) -> None:
        reason = self._abandoned(str(out_of_time()))
        if reason is not None:
            self._answer(FAILED, reason)

    def _abandoned(self, reason: str) -> str | None:
        """Tell the handlers that FAILED is about to be answered, and wait for them a little.

        Return the reason to answer with, or None when the request has just succeeded and its answer is on its way.
        """
        outcome: list[str | None] = [reason]

        def abandon() -> None:
            try:
                outcome[0] = self._abandon_func(self._event, self._context, reason)
            except Exception as error:  # noqa: BLE001 - whatever it is, CloudFormation must be answered
                log_unexpected("The request could not be abandoned", error)

        telling = Thread(target=abandon, daemon=True)
        telling.start()
        telling.join(_ABANDON_SECONDS)
        return outcome[0]

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:
        """Answer. crhelper gives a status and a reason only where it has a fault of its own."""
        del send_response, reason  # its transport takes any status as delivered, and retries exceptions for ever
        if status is None:
            self._answer(self.Status, self.Reason)
        else:
            self._answer(FAILED, self._unexpected("a fault in the life cycle"))

    def _answer(self, status: str, reason: str) -> None:
        """Compose the answer and deliver it, unless the request has been answered."""
        if not self._delivery.take():
            return
        response = answer_to(self._event, status, reason)
        if status == SUCCESS and self.RequestType != "Delete":
            response = _succeeded(self._event, self.PhysicalResourceId, self.Data)
        count("Requests")
        if status == FAILED:
            count("Failures")
        elif self.RequestType != "Delete":
            count("Imports")
        logger.info("Answered", status=status, reason=reason, physical_resource_id=response.physical_resource_id)
        self._delivery.put(response.encode())


def _refuse_request_type(event: Mapping[str, Any], _context: object) -> str:
    raise InvalidRequest("RequestType", "is none of Create, Update, Delete", f"Check who sent {event['RequestId']}.")


def _succeeded(request: Mapping[str, Any], physical_resource_id: str, data: Mapping[str, str]) -> Response:
    """Return the answer to a Create or Update that succeeded."""
    return Response(
        status=SUCCESS,
        physical_resource_id=physical_resource_id,
        stack_id=request["StackId"],
        request_id=request["RequestId"],
        logical_resource_id=request["LogicalResourceId"],
        data=data,
    )
