"""The page's sections about what was measured."""

from collections.abc import Iterator
from typing import Final

from bench.contenders import LIBRARIES, OURS
from bench.found import Found
from bench.markdown import calls, plain, seconds, table
from bench.rotation import CALL_SECONDS, RATE
from bench.warm import KINDS


def cold(found: Found) -> Iterator[str]:
    """Yield the paragraphs about the cold starts."""
    yield "## Cold start"
    yield (
        "*Whole process*: a Python process that loads the handler's module, which makes its clients, from its start to"
        " its end. *Init phase*: what Lambda's Runtime Interface Emulator reports (`INIT REPORT`), Lambda's runtime"
        " client in it. All are started in turn, in every run. Lambda's disk cannot be written to, so what comes"
        " without bytecode is compiled at every start, here too (`PYTHONDONTWRITEBYTECODE=1`)."
    )
    ours = found.cold[OURS]
    yield table(
        ("", "bytecode", "whole process, s", "ours is", "init phase, s", "ours is"),
        (
            [
                title,
                f"{'yes' if found.builds[title].bytecode else 'no'}: {found.builds[title].why}",
                seconds(start.process),
                f"{ours.process.median / start.process.median:.2f}",
                seconds(start.init),
                f"{ours.init.median / start.init.median:.2f}",
            ]
            for title, start in found.cold.items()
        ),
    )
    yield (
        f"Each peer makes the three clients that the job needs. *{LIBRARIES.capitalize()}*: crhelper, boto3,"
        " Powertools' Logger and Metrics, and the clients, as they ship here. What is compiled is so without time"
        " stamps (`unchecked-hash`), which is the best case for what pip compiles: that goes by the time of its"
        " source, which a zip keeps to two seconds only."
    )


def warm(found: Found) -> Iterator[str]:
    """Yield the paragraphs about the warm requests."""
    yield "## Warm requests"
    yield (
        "One warm function under the emulator, in cycles of Create, Update, Delete; every call of AWS is held until it"
        " has taken 20 ms, the answer to CloudFormation too. *CPU* is that of the function's whole process, all"
        " threads, from the kernel's clock of it, so waiting is not in it. boto3 alone uses"
        f" {1000 * found.bare_call_cpu:.1f} ms for one `GetItem`."
    )
    yield table(
        ("", "CPU, ms", "boto3's part, ms", "the rest, ms", "wall, ms", "its calls, ms", "wall / calls", "calls"),
        (
            [
                kind,
                plain(each.cpu.times(1000)),
                f"{(bare := 1000 * found.bare_call_cpu * each.aws_calls):.1f}",
                f"{1000 * each.cpu.median - bare:.1f}",
                plain(each.wall.times(1000)),
                plain(each.calls_seconds.times(1000)),
                f"{each.ratio.median:.2f}",
                f"{sum(each.calls.values())}: {calls(each.calls)}",
            ]
            for kind, each in ((kind, found.warm[kind]) for kind in KINDS)
        ),
    )


def deletes(found: Found) -> Iterator[str]:
    """Yield the paragraphs about the Deletes."""
    yield "## Delete"
    yield (
        "A warm Delete under a limit of five minutes, with nothing slowed down. crhelper sleeps for 120 s by default"
        " before it answers a Delete, so that its log gets written; that was measured once."
    )
    yield table(
        ("", "wall, s", "measured"), ([title, seconds(took), took.count] for title, took in found.deletes.items())
    )


def rotations(found: Found) -> Iterator[str]:
    """Yield the paragraphs about the rotations."""
    yield "## Rotation"
    yield (
        "One secret that so many slots follow gets a new version, on the embedded AWS with the provider deployed by"
        f" the SAM CLI, five functions at once, all cold. CodeBuild takes {1000 * CALL_SECONDS:.0f} ms for a call and"
        f" lets {RATE:.0f} a second through; others are throttled. Each measured once. The rate allows a rotation in"
        " no less than the seconds of the fourth column."
    )
    yield table(
        (
            "slots",
            "s",
            "99 % after, s",
            "the rate allows, s",
            "ratio",
            "ms a slot",
            "calls",
            "throttled",
            "peak memory of a function, MiB",
        ),
        (
            [
                f"{each.slots:,}",
                f"{each.seconds:.1f}",
                f"{each.nearly:.1f}",
                f"{each.allowed:.1f}",
                f"{each.ratio:.2f}",
                f"{1000 * each.seconds / each.slots:.0f}",
                f"{sum(each.calls.values()):,}: {calls(each.calls)}",
                each.throttled,
                f"{each.peak_mib:.1f}",
            ]
            for each in found.rotations
        ),
    )


def sizes(found: Found) -> Iterator[str]:
    """Yield the paragraphs about the sizes."""
    yield "## Artifact"
    ours = found.builds[OURS].size
    yield table(
        ("", "zipped, bytes", "ours is", "unzipped, bytes", "files"),
        (
            [title, f"{size.zipped:,}", f"{ours.zipped / size.zipped:.2f}", f"{size.unzipped:,}", f"{size.files:,}"]
            for title, size in ((title, build.size) for title, build in found.builds.items())
        ),
    )


ALL: Final = (cold, warm, deletes, rotations, sizes)
