"""Warm requests: what the function's process uses of CPU, and how long it takes beside the calls of AWS it makes."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.contenders import Contender
from bench.cpu import cpu_seconds
from bench.events import event
from bench.spread import Spread
from local.codebuild_server import CodeBuildServer
from local.embedded_aws import TABLE, EmbeddedAws
from local.emulator import Function, environment
from local.programs import until
from local.pythons import FUNCTION_ENVIRONMENT
from local.wire import Call, Wire

KINDS: Final = ("Create", "Update", "Delete")
CALL_SECONDS: Final = 0.02
ANSWER: Final = "the answer"  # to CloudFormation, to a presigned URL of S3
_WARM_UP: Final = 3
_CYCLES: Final = 5  # in a run
_CALLS_TO_TIME: Final = 100
_DONE_SECONDS: Final = 10  # the log's line comes a moment after the answer
_DONE: Final = re.compile(r"INVOKE RTDONE\(.*duration: ([0-9.]+)ms")


@dataclass(frozen=True)
class Warm:
    """A kind of request: seconds of CPU, of the run, of its calls of AWS together; and which calls they are."""

    cpu: Spread
    wall: Spread
    calls_seconds: Spread
    ratio: Spread
    calls: dict[str, int]

    @property
    def aws_calls(self) -> int:
        """Return how many calls boto3 makes: all but the answer to CloudFormation."""
        return sum(count for name, count in self.calls.items() if name != ANSWER)


@dataclass
class _Sample:
    cpu: float
    wall: float
    calls: list[Call]


def warm_requests(ours: Contender, python: Path, runs: int) -> dict[str, Warm]:
    """Return what each kind of request takes: cycles of Create, Update and Delete in one warm function."""
    samples: dict[str, list[_Sample]] = {kind: [] for kind in KINDS}
    with EmbeddedAws(codebuild=CodeBuildServer()) as aws:
        aws.create_examples()
        with (
            Wire(aws.ministack.url, seconds=CALL_SECONDS) as cloud,
            Wire(aws.codebuild.url, seconds=CALL_SECONDS) as codebuild,
            Function(ours.folder, _environment(aws, cloud, codebuild), python=python) as function,
        ):
            for cycle in range(_WARM_UP + _CYCLES * runs):
                for kind in KINDS:
                    sample = _measured(kind, function, (cloud, codebuild), aws)
                    if cycle >= _WARM_UP:
                        samples[kind].append(sample)
    return {kind: _summed_up(found) for kind, found in samples.items()}


def bare_call_cpu(libraries: Contender, python: Path) -> float:
    """Return the seconds of CPU that one call of DynamoDB takes with boto3 alone, over the same wire."""
    with EmbeddedAws(codebuild=CodeBuildServer()) as aws:
        aws.create_examples()
        with Wire(aws.ministack.url, seconds=CALL_SECONDS) as cloud:
            done = subprocess.run(
                [str(python), "one_call.py", TABLE, str(_CALLS_TO_TIME)],
                cwd=libraries.folder,
                env={**FUNCTION_ENVIRONMENT, "PYTHONPATH": str(libraries.folder), "AWS_ENDPOINT_URL": cloud.url},
                capture_output=True,
                text=True,
                check=True,
            )
    return float(done.stdout)


def _environment(aws: EmbeddedAws, cloud: Wire, codebuild: Wire) -> dict[str, str]:
    return {**environment(aws), "AWS_ENDPOINT_URL": cloud.url, "AWS_ENDPOINT_URL_CODEBUILD": codebuild.url}


def _measured(kind: str, function: Function, wires: tuple[Wire, Wire], aws: EmbeddedAws) -> _Sample:
    """Run one request. Raises RuntimeError when it failed."""
    for wire in wires:
        wire.answered.clear()
    runs = len(_DONE.findall(function.log()))
    before = [cpu_seconds(process_id) for process_id in function.process_ids()]
    function.invoke(event(kind, f"{wires[1].url}/_local/answers/{kind}"))
    [cpu] = [cpu_seconds(process_id) for process_id in function.process_ids()]
    answer = aws.codebuild.answers.pop(kind, None)
    if not isinstance(answer, dict) or answer["Status"] != "SUCCESS":
        raise RuntimeError(f"{kind} failed: {answer}")
    found = until(lambda: _DONE.findall(function.log())[runs:], _DONE_SECONDS, every=0.005)
    calls = [call for wire in wires for call in wire.answered]
    return _Sample(cpu - sum(before), float(found[-1]) / 1000, calls)


def _summed_up(samples: list[_Sample]) -> Warm:
    calls = [sum(call.seconds for call in sample.calls) for sample in samples]
    named = Counter(ANSWER if call.name.startswith("/") else call.name for call in samples[-1].calls)
    return Warm(
        cpu=Spread.of(sample.cpu for sample in samples),
        wall=Spread.of(sample.wall for sample in samples),
        calls_seconds=Spread.of(calls),
        ratio=Spread.of(sample.wall / seconds for sample, seconds in zip(samples, calls, strict=True)),
        calls=dict(named),
    )
