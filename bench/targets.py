"""The targets, whether a run reached them, and why not where it did not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.cold import ColdStart
from bench.contenders import CFN_HANDLER, CRHELPER, LIBRARIES, OURS, OURS_SLOW
from bench.found import Found

Phase = Callable[[ColdStart], float]
PHASES: dict[str, Phase] = {
    "whole process": lambda start: start.process.median,
    "Lambda's init phase": lambda start: start.init.median,
}


@dataclass(frozen=True)
class Target:
    """What is wanted at most, what was found, both in the same unit, and why it is more, where it is."""

    what: str
    most: float
    found: float
    unit: str
    why: str

    @property
    def reached(self) -> bool:
        """Tell whether it was reached, with what is shown of the figure."""
        return round(self.found, 2) <= self.most

    @property
    def verdict(self) -> str:
        """Return whether it was reached, or by how much it was missed."""
        return "reached" if self.reached else f"missed by {self.found / self.most - 1:.0%}"


def targets(found: Found) -> list[Target]:
    """Return all targets, as issue 11 has them."""
    return [*_cold(found), *_warm(found), _zip(found), *_rotation(found)]


def _cold(found: Found) -> Iterator[Target]:
    for name, seconds in PHASES.items():
        ours, slow, libraries = (seconds(found.cold[title]) for title in (OURS, OURS_SLOW, LIBRARIES))
        for peer in (CRHELPER, CFN_HANDLER):
            plain = seconds(found.cold[peer])
            yield Target(
                f"Cold start ({name}) beside {peer}",
                0.53,
                ours / plain,
                "",
                f"Of our {ours:.3f} s the libraries take {libraries:.3f} s when they are loaded alone, which is"
                f" {libraries / plain:.2f} of {peer}'s {plain:.3f} s already; our own part is {ours - libraries:.3f}"
                " s.",
            )
        yield Target(
            f"Cold start ({name}) beside the libraries alone",
            1.06,
            ours / libraries,
            "",
            f"Loading our own modules, what they load besides, and the validator of the properties takes"
            f" {1000 * (ours - libraries):.0f} ms.",
        )
        plain = seconds(found.cold[CRHELPER])
        yield Target(
            f"Cold start ({name}) without bytecode beside {CRHELPER}",
            1.0,
            slow / plain,
            "",
            "Python compiles every module anew at each start, and ours are more: compiling alone takes"
            f" {slow - ours:.3f} s of our {slow:.3f} s. It is what an artifact costs that could not be compiled.",
        )


def _warm(found: Found) -> Iterator[Target]:
    kind, most = max(found.warm.items(), key=lambda item: item[1].cpu.median)
    calls, one = most.aws_calls, 1000 * found.bare_call_cpu
    cpu = 1000 * most.cpu.median
    yield Target(
        f"CPU of a warm request, {kind} the most",
        5.0,
        cpu,
        "ms",
        f"It makes {calls} calls of AWS, and one call costs boto3 alone {one:.1f} ms of CPU here: {calls * one:.1f} ms."
        f" What is left for all else, Lambda's runtime client and the log among it, is {cpu - calls * one:.1f} ms.",
    )
    kind, slowest = max(found.warm.items(), key=lambda item: item[1].ratio.median)
    more = 1000 * (slowest.wall.median - slowest.calls_seconds.median)
    yield Target(
        f"Wall of a warm request beside its calls at 20 ms, {kind} the most",
        1.10,
        slowest.ratio.median,
        "",
        f"It takes {more:.0f} ms more than its calls, which is the CPU time above: the calls come one after another,"
        f" each needs what the one before has said, and boto3 works between them.",
    )


def _zip(found: Found) -> Target:
    ours, plain = found.builds[OURS].size.zipped, found.builds[CRHELPER].size.zipped
    return Target(
        f"Zip beside {CRHELPER}",
        0.30,
        ours / plain,
        "",
        f"It has {(ours - found.builds[OURS_SLOW].size.zipped) / 1e6:.1f} MB of bytecode beside the sources.",
    )


def _rotation(found: Found) -> Iterator[Target]:
    smallest, *_, before, largest = sorted(found.rotations, key=lambda rotation: rotation.slots)
    yield Target(
        f"Rotation of {largest.slots:,} slots beside what the rate allows",
        1.25,
        largest.ratio,
        "",
        f"{largest.throttled} imports were throttled and tried again; {largest.calls.get('ChangeMessageVisibility', 0)}"
        " messages were throttled four times in a run and had to come back, after 5 to 10 s, twice, then after half a"
        " minute or more, twice, and only then after minutes. 99 % of the slots took"
        f" {largest.nearly:.0f} s; the last ones wait while nobody uses the rate. The functions started cold.",
    )
    yield Target(
        f"Rotation linear: seconds a slot of {largest.slots:,} beside those of {before.slots:,}",
        1.25,
        (largest.seconds / largest.slots) / (before.seconds / before.slots),
        "",
        "What the last messages wait, and the cold start, are in both.",
    )
    yield Target(
        f"Rotation's memory: peak of {largest.slots:,} slots beside that of {smallest.slots:,}",
        1.10,
        largest.peak_mib / smallest.peak_mib,
        "",
        f"It was {largest.peak_mib:.0f} MiB, and {smallest.peak_mib:.0f} MiB.",
    )
