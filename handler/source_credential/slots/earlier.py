"""What becomes of a resource's earlier requests when CloudFormation has sent a later one.

It has given them up. One that had begun to write and is not answered died, and Lambda may yet run it again: so it is
answered here, and however often it comes, it ends with that answer.
"""

from source_credential.model import Request, failed_create_id
from source_credential.ports import Answers
from source_credential.records import Answer, Begun, Claim, Resource
from source_credential.slots.claims import meant_by, overtaken, was_made_up


def end_earlier(answers: Answers, request: Request, resource: Resource) -> frozenset[Begun]:
    """End the Creates and Updates that had begun before a request, and return them. Raises what the port raises.

    A Delete by an id that was given is later than what was to change that one, or failed with it. It may be the late
    clean-up of an earlier one.
    """
    given = request.physical_resource_id
    everything = request.request_type != "Delete" or was_made_up(given)
    over = frozenset(
        begun
        for begun in resource.begun
        if begun.request_type != "Delete"
        and begun.request_id != request.request_id
        and (everything or given in (begun.physical_resource_id, failed_create_id(begun.request_id)))
    )
    for begun in over:
        end_overtaken(answers, begun.request(request.owner))
    return over


def end_deletes(answers: Answers, claim: Claim, resource: Resource) -> frozenset[Begun]:
    """End the Deletes that had begun and would take a new claim away if they came again; return them.

    Raises what the port raises.
    """
    over = frozenset(
        begun
        for begun in resource.begun
        if begun.request_type == "Delete" and meant_by(claim.owner, begun.physical_resource_id)(claim)
    )
    for begun in over:
        done = Answer(succeeded=True, physical_resource_id=begun.physical_resource_id)
        answers.remember(begun.request(claim.owner), done)
    return over


def end_overtaken(answers: Answers, request: Request) -> None:
    """Remember that a request has failed, because a later one has come, unless it is answered already."""
    answers.remember(request, Answer(succeeded=False, reason=str(overtaken())))
