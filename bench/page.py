"""The page of a run, docs/benchmarks.md, as text."""

from collections.abc import Iterable, Iterator, Sequence

from bench import cost
from bench.contenders import LIBRARIES, OURS
from bench.found import Found
from bench.rotation import CALL_SECONDS, RATE
from bench.spread import Spread
from bench.targets import targets
from bench.warm import KINDS

_HEAD = "<!-- Written by `make bench`, and by nothing else. -->"


def page(found: Found) -> str:
    """Return the page in Markdown."""
    parts = (_beginning, _targets, _cold, _warm, _deletes, _rotations, _sizes, _cost)
    return "\n\n".join([_HEAD, *("\n\n".join(part(found)) for part in parts)]) + "\n"


def _beginning(found: Found) -> Iterator[str]:
    machine = found.machine
    yield "# Benchmarks"
    yield (
        "The provider beside what people use: plain handlers on crhelper, on cfn-handler, and without either, as their"
        " documentation has them, with their defaults ([bench/peers](../bench/peers)). All figures are of one run of"
        f" `make bench RUNS={found.runs}` on {machine.day}."
    )
    yield (
        f"Machine: {machine.processor}, {machine.cores} cores, {machine.memory_gib:.0f} GiB, {machine.system}; load"
        f" {machine.load:.1f} at the start. The functions ran on Python {machine.function_python}, those on the"
        f" embedded AWS (rotation) on Python {machine.embedded_python}. "
        + ", ".join(f"{name} {version}" for name, version in found.versions.items())
        + "."
    )
    yield "Figures are medians, with the lowest and the highest in brackets."
    yield "![The cold starts and the sizes](benchmarks.svg)"


def _targets(found: Found) -> Iterator[str]:
    yield "## Targets"
    wanted = targets(found)
    yield _table(
        ("target", "at most", "found", ""),
        ([each.what, f"{each.most:.2f} {each.unit}", f"{each.found:.2f} {each.unit}", each.verdict] for each in wanted),
    )
    missed = [each for each in wanted if not each.reached]
    if missed:
        yield "Why those that were missed were missed:"
        yield "\n".join(f"- *{each.what}*: {each.why}" for each in missed)


def _cold(found: Found) -> Iterator[str]:
    yield "## Cold start"
    yield (
        "*Whole process*: a Python process that loads the handler's module, which makes its clients, from its start to"
        " its end. *Init phase*: what Lambda's Runtime Interface Emulator reports (`INIT REPORT`), Lambda's runtime"
        " client in it. All are started in turn, in every run. Lambda's disk cannot be written to, so what comes"
        " without bytecode is compiled at every start, here too (`PYTHONDONTWRITEBYTECODE=1`)."
    )
    ours = found.cold[OURS]
    yield _table(
        ("", "bytecode", "whole process, s", "ours is", "init phase, s", "ours is"),
        (
            [
                title,
                f"{'yes' if found.builds[title].bytecode else 'no'}: {found.builds[title].why}",
                _seconds(start.process),
                f"{ours.process.median / start.process.median:.2f}",
                _seconds(start.init),
                f"{ours.init.median / start.init.median:.2f}",
            ]
            for title, start in found.cold.items()
        ),
    )
    yield (
        f"Each peer makes the three clients that the job needs. *{LIBRARIES.capitalize()}*: crhelper, boto3,"
        " Powertools' Logger and Metrics, and the clients, as they ship here. Modules that pip has compiled go by the"
        " time of their source, which a zip keeps to two seconds only, so some are compiled anew all the same; here"
        " none is."
    )


def _warm(found: Found) -> Iterator[str]:
    yield "## Warm requests"
    yield (
        "One warm function under the emulator, in cycles of Create, Update, Delete; every call of AWS is held until it"
        " has taken 20 ms, the answer to CloudFormation too. *CPU* is that of the function's whole process, all"
        " threads, from the kernel's clock of it, so waiting is not in it. boto3 alone uses"
        f" {1000 * found.bare_call_cpu:.1f} ms for one `GetItem`."
    )
    yield _table(
        ("", "CPU, ms", "boto3's part, ms", "the rest, ms", "wall, ms", "its calls, ms", "wall / calls", "calls"),
        (
            [
                kind,
                _plain(warm.cpu.times(1000)),
                f"{(bare := 1000 * found.bare_call_cpu * sum(warm.calls.values())):.1f}",
                f"{1000 * warm.cpu.median - bare:.1f}",
                _plain(warm.wall.times(1000)),
                _plain(warm.calls_seconds.times(1000)),
                f"{warm.ratio.median:.2f}",
                f"{sum(warm.calls.values())}: {_calls(warm.calls)}",
            ]
            for kind, warm in ((kind, found.warm[kind]) for kind in KINDS)
        ),
    )


def _deletes(found: Found) -> Iterator[str]:
    yield "## Delete"
    yield (
        "A warm Delete under a limit of five minutes, with nothing slowed down. crhelper sleeps for 120 s by default"
        " before it answers a Delete, so that its log gets written; that was measured once."
    )
    yield _table(
        ("", "wall, s", "measured"), ([title, _seconds(took), took.count] for title, took in found.deletes.items())
    )


def _rotations(found: Found) -> Iterator[str]:
    yield "## Rotation"
    yield (
        "One secret that so many slots follow gets a new version, on the embedded AWS with the provider deployed by"
        f" the SAM CLI, five functions at once, all cold. CodeBuild takes {1000 * CALL_SECONDS:.0f} ms for a call and"
        f" lets {RATE:.0f} a second through; others are throttled. Each measured once. The rate allows a rotation in"
        " no less than the seconds of the fourth column."
    )
    yield _table(
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
                f"{sum(each.calls.values()):,}: {_calls(each.calls)}",
                each.throttled,
                f"{each.peak_mib:.1f}",
            ]
            for each in found.rotations
        ),
    )


def _sizes(found: Found) -> Iterator[str]:
    yield "## Artifact"
    ours = found.builds[OURS].size
    yield _table(
        ("", "zipped, bytes", "ours is", "unzipped, bytes", "files"),
        (
            [title, f"{size.zipped:,}", f"{ours.zipped / size.zipped:.2f}", f"{size.unzipped:,}", f"{size.files:,}"]
            for title, size in ((title, build.size) for title, build in found.builds.items())
        ),
    )


def _cost(found: Found) -> Iterator[str]:
    yield "## Cost on paper"
    links = ", ".join(f"[{name}]({url})" for name, url in cost.PAGES.items())
    yield (
        f"AWS's list prices of us-east-1 in {cost.PRICES_OF} ({links}), no free tier taken off, times the calls and"
        " seconds above: arm64 at 512 MB, items below 1 KB, 20 ms a call. The secret is yours already."
    )
    warm, init = found.warm["Create"], found.cold[OURS].init.median
    create = cost.of_calls(warm.calls) + cost.of_run(init=init, cpu=warm.cpu.median, waiting=warm.calls_seconds.median)
    update = found.warm["Update"]
    rows: list[tuple[str, str]] = [("a Create that starts cold", f"${create:.7f}")]
    for each in found.rotations:
        dollars = cost.of_rotation(
            each.slots, each.calls, init=init, cpu=update.cpu.median, waiting=update.calls_seconds.median
        )
        rows.append((f"a rotation of {each.slots:,} slots", f"${dollars:.5f}"))
    rows += [(f"an idle month: {what}", f"${dollars:.2f}") for what, dollars in cost.IDLE_MONTH.items()]
    rows.append(("an idle month", f"${sum(cost.IDLE_MONTH.values()):.2f}"))
    yield _table(("", "costs"), rows)


def _seconds(spread: Spread) -> str:
    return f"{spread.median:.3f} ({spread.low:.3f}-{spread.high:.3f})"


def _plain(spread: Spread) -> str:
    return f"{spread.median:.1f} ({spread.low:.1f}-{spread.high:.1f})"


def _calls(calls: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in calls.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)).replace("|  |", "| |") + " |" for line in lines)
