"""The page of a run, docs/benchmarks.md, as text."""

from collections.abc import Iterator

from bench import cost, sections
from bench.contenders import OURS
from bench.found import Found
from bench.markdown import table
from bench.targets import targets

_HEAD = "<!-- Written by `make bench`, and by nothing else. -->"


def page(found: Found) -> str:
    """Return the page in Markdown."""
    parts = (_beginning, _targets, *sections.ALL, _cost)
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
    yield table(
        ("target", "at most", "found", ""),
        ([each.what, f"{each.most:.2f} {each.unit}", f"{each.found:.2f} {each.unit}", each.verdict] for each in wanted),
    )
    missed = [each for each in wanted if not each.reached]
    if missed:
        yield "Why those that were missed were missed:"
        yield "\n".join(f"- *{each.what}*: {each.why}" for each in missed)


def _cost(found: Found) -> Iterator[str]:
    yield "## Cost on paper"
    links = ", ".join(f"[{name}]({url})" for name, url in cost.PAGES.items())
    yield (
        f"AWS's list prices of us-east-1, as public copies of its pages had them in {cost.PRICES_OF} ({links}), no"
        " free tier taken off, times the calls and seconds above: arm64 at 512 MB, items below 1 KB, 20 ms a call. The"
        " secret is yours already."
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
    yield table(("", "costs"), rows)
