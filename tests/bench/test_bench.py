"""The benchmarks' own arithmetic and page, from figures that are made up; nothing is measured here but this process."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench import cost
from bench.artifact import size_of
from bench.cpu import cpu_seconds
from bench.events import event
from bench.page import page
from bench.picture import panels
from bench.rotation import allowed_seconds
from bench.spread import Spread
from bench.targets import targets
from local.ministack import PROJECT
from tests.bench.figures import FOUND, rotation, with_cold


def test_a_spread_is_the_median_the_lowest_and_the_highest() -> None:
    """Also of an even number, and in another unit."""
    assert Spread.of([3, 1, 2]) == Spread(2, 1, 3, 3)
    assert Spread.of([1, 2]).times(1000) == Spread(1500, 1000, 2000, 2)
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_a_target_is_reached_or_missed_by_so_much() -> None:
    """With what is shown of the figure: 0.534 is 0.53."""
    assert {target.verdict for target in targets(FOUND)} == {"reached"}
    assert {target.verdict for target in targets(with_cold(ours=0.2544))} == {"reached"}
    missed = [target for target in targets(with_cold(slow=0.75)) if not target.reached]
    assert [target.verdict for target in missed] == ["missed by 50%"] * 2
    assert "compiling alone takes 0.500 s of our 0.750 s" in missed[0].why


def test_a_rotation_is_held_against_its_rate_its_sizes_and_its_memory() -> None:
    """The largest against the one before, and its memory against that of the smallest."""
    slow = [rotation(10), rotation(100), rotation(1000, seconds=400, peak_mib=60)]
    ratio, linear, memory = targets(replace(FOUND, rotations=slow))[-3:]
    assert ratio.found == pytest.approx(400 / 199.02)
    assert not ratio.reached
    assert linear.found == pytest.approx(0.4 / 0.1902)
    assert memory.found == pytest.approx(1.2)


def test_a_rate_allows_what_its_bucket_holds_at_once() -> None:
    """The rest comes as the rate has it."""
    assert allowed_seconds(5, 5) == pytest.approx(0.02)
    assert allowed_seconds(105, 5) == pytest.approx(20.02)


def test_the_page_says_why_only_of_what_was_missed() -> None:
    """And that nobody should edit it, and what it was measured on."""
    reached, missed = page(FOUND), page(with_cold(slow=0.75))
    assert reached.startswith("<!-- Written by `make bench`, and by nothing else. -->\n\n# Benchmarks\n")
    assert "A processor, 2 cores, 4 GiB" in reached
    assert "Why those" not in reached
    assert "Why those" in missed
    assert missed.count("compiles every module anew") == 2


def test_every_table_of_the_page_has_as_many_cells_in_each_line() -> None:
    """So it is one in Markdown."""
    for table in page(FOUND).split("\n\n"):
        if table.startswith("|"):
            assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_the_picture_has_a_bar_for_everything_measured() -> None:
    """Ours are marked."""
    process, init, zipped = panels(FOUND)
    assert len(process["bars"]) == len(init["bars"]) == len(FOUND.cold)
    assert [bar["value"] for bar in zipped["bars"] if bar["ours"]] == [3.0, 2.0]


def test_what_it_costs() -> None:
    """By hand: calls, a run, a rotation, a month in which nothing happens."""
    assert cost.of_calls({"GetSecretValue": 2, "UpdateItem": 1, "ImportSourceCredentials": 1}) == pytest.approx(
        1.125e-5
    )
    run = cost.of_run(init=0.5, cpu=0.0, waiting=0.5)
    assert run == pytest.approx(0.2e-6 + 0.5 * 0.0000133334 + 1.5e-6)
    ten = cost.of_rotation(10, {}, init=0.5, cpu=0.0, waiting=0.5)
    warm = cost.of_run(init=0, cpu=0.0, waiting=0.5)
    assert ten == pytest.approx(5 * run + 6 * warm + 11 * 0.8e-6)
    assert sum(cost.IDLE_MONTH.values()) == pytest.approx(4.26)


def test_the_size_is_that_of_what_is_uploaded(tmp_path: Path) -> None:
    """Zipped, unzipped, and how many files."""
    (tmp_path / "one").write_bytes(b"0" * 10_000)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/two").write_bytes(b"1")
    size = size_of(tmp_path)
    assert (size.unzipped, size.files) == (10_001, 2)
    assert 0 < size.zipped < 1_000


def test_the_clock_of_a_process_runs_while_it_works() -> None:
    """As far as the process itself can tell."""
    before = cpu_seconds(os.getpid())
    sum(range(1_000_000))
    assert cpu_seconds(os.getpid()) > before


def test_every_event_is_a_request_of_its_own() -> None:
    """Of the same resource; an Update changes a property."""
    create, update, delete = (event(kind, "http://answer") for kind in ("Create", "Update", "Delete"))
    assert len({each["RequestId"] for each in (create, update, delete)}) == 3
    assert update["OldResourceProperties"] == create["ResourceProperties"] != update["ResourceProperties"]
    assert delete["PhysicalResourceId"] == update["PhysicalResourceId"]


def test_each_peer_names_packages_that_the_lock_has() -> None:
    """So that each is installed with its hashes."""
    locked = (PROJECT / "requirements/bench.txt").read_text(encoding="utf-8")
    for wanted in (PROJECT / "bench/peers").glob("*/requirements.txt"):
        for name in wanted.read_text(encoding="utf-8").splitlines():
            assert name.startswith("#") or f"\n{name}==" in f"\n{locked}"
