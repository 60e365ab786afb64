"""Functions that run at once on one world: one call of AWS at a time, in an order and with faults that chance decides.

Time is simulated. A call that changes CodeBuild has its effect within the time that a client waits for it; everything
else may be held up for longer than a turn.
"""

import heapq
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from source_credential.errors import (
    AccessDenied,
    InvalidRequest,
    ServiceInternalError,
    SourceCredentialError,
    Throttling,
    Unanswered,
    out_of_time,
)
from source_credential.slots.turn import Run
from tests.fakes import secret_arn
from tests.slots.sent import BUSY, LEFT_ALONE, Answer, Check, Event, Refresh, run, told
from tests.slots.world import LAMBDA_SECONDS, Killed, World

_WRITES = {"import_credential", "delete"}
_HANG_SECONDS = 20
# What the timer of the life cycle keeps of the time, to answer FAILED in (cloudformation/life_cycle.py).
_RESERVE_SECONDS = 8.0
_CLIENT_SECONDS = 8.0  # connect and read time-out of the CodeBuild client (wiring.py)


class Process:
    """One run of a function, in a thread that stops before and after each call until it is let go on."""

    def __init__(
        self, world: World, event: Event | Refresh | Check, *, name: str = "run", stops_after: bool = True
    ) -> None:
        """Start it; it stops before its first call. stops_after: after each call as well."""
        self.event = event
        self.stops_after = stops_after
        self.answer: Answer | None = None
        self.wake = self.begin = world.now
        self.at = ""
        self.calls: list[str] = []
        self.results: list[str] = []
        self.is_over = False
        self.is_abandoned = False
        patience = None if isinstance(event, Event) else 3.0
        self.run = Run(lambda: self.begin + LAMBDA_SECONDS - world.now, patience=patience)
        self._world = world
        self._verdict: Callable[[], None] | None = None
        self._error: BaseException | None = None
        self._may_go = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()
        self._await()

    @property
    def is_writing(self) -> bool:
        """Tell whether a call that changes CodeBuild is on its way, or its answer."""
        return self.at.rstrip("!") in _WRITES

    def go(self, verdict: Callable[[], None] | None = None) -> None:
        """Let it go on to its next stop. verdict: raises what befalls it here."""
        self._verdict = verdict
        self._may_go.release()
        self._await()

    def kill(self) -> None:
        """End it where it stands."""
        if not self.is_over:
            self.go(_die)

    def stop(self, at: str) -> None:
        """Stop, in its own thread, until it is let go on. at: the call; with ! at its end, its answer."""
        self.at = at
        self._has_stopped.release()
        self._may_go.acquire()
        if self._verdict is not None:
            self._verdict()
        self.calls.append(at)

    def _sleep(self, seconds: float) -> None:
        """Sleep, in its own thread."""
        self.wake = self._world.now + seconds
        self.stop("sleep")

    def _around(self, name: str, call: Callable[[], Any]) -> Any:
        """Stop before a call of AWS, and after it."""
        self.stop(name)
        try:
            result = call()
        except Exception as error:
            self.results.append(repr(error))
            raise
        if isinstance(result, Iterator):
            result = list(result)
        self.results.append(repr(result))
        if self.stops_after:
            self.stop(f"{name}!")
        return result

    def _await(self) -> None:
        assert self._has_stopped.acquire(timeout=_HANG_SECONDS), f"a process hangs after {self.calls}"
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            self.answer = self._handle()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - told to the test, which waits
            self._error = error
        self.is_over = True
        self._has_stopped.release()

    def _handle(self) -> Answer:
        """Handle what was sent. A change of a secret is for the slots that the index finds by it."""
        event, logic = self.event, self._world.logic(around=self._around, sleep=self._sleep)
        if isinstance(event, Refresh) and event.by_index:
            try:
                followers = set(logic.table.followers(event.arn or secret_arn(event.secret)))
            except SourceCredentialError as error:
                return Answer("FAILED", reason=str(error))
            sent = [replace(event, slot=slot) for slot in sorted(followers, key=str)]
            answers = [run(self._world, each, logic=logic, during=self.run) for each in sent]
            return next((answer for answer in answers if answer.status in {"FAILED", "BUSY"}), LEFT_ALONE)
        return run(self._world, event, logic=logic, during=self.run)


def _die() -> None:
    raise Killed


@dataclass
class Mishaps:
    """How often something goes wrong, and how often at the most in one meeting."""

    chance: float = 0.05
    left: int = 2


@dataclass
class Simulation:
    """The world, the processes on it, and what is to happen when."""

    world: World
    chance: random.Random
    mishaps: Mishaps = field(default_factory=Mishaps)
    processes: list[Process] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    _endings: dict[int, Callable[[], None]] = field(default_factory=dict)
    _agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Let something happen at a time."""
        heapq.heappush(self._agenda, (time, next(self._numbers), act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen after some seconds."""
        self.at(self.world.now + seconds, act)

    def invoke(self, event: Event, answered: Callable[[Answer], None], *, tries: int = 3) -> None:
        """Start a function on an event; Lambda runs it again, one and two minutes later, when it dies."""
        self.story.append(f"{self.world.now:.2f} {event.kind} {event.owner.logical_resource_id} {event.request_id}")
        process = self._start(event)

        def ended() -> None:
            if process.answer is not None and not process.is_abandoned:
                self._tell(event, process.answer, answered)
            elif process.answer is None and tries > 1:
                self.after(60.0 * (4 - tries), lambda: self.invoke(event, answered, tries=tries - 1))

        def abandon() -> None:
            if process.is_over:
                return
            process.run.stop()
            failed = self.world.logic().memory.fail(event.request(), str(out_of_time()))
            if not failed.succeeded:
                process.is_abandoned = True
                self._tell(event, told(event, failed), answered)

        self._when_over(process, ended)
        self.after(LAMBDA_SECONDS - _RESERVE_SECONDS, abandon)

    def deliver(self, message: Refresh | Check, *, receives: int = 10) -> None:
        """Start a function on a message, which comes again when that dies, fails, or finds the slot busy."""
        self.story.append(f"{self.world.now:.2f} {message}")
        process = self._start(message)

        def ended() -> None:
            again = process.answer is None or process.answer == BUSY or process.answer.status == "FAILED"
            if again and receives > 1:
                wait = self.chance.uniform(15, 30)
                self.after(wait, lambda: self.deliver(message, receives=receives - 1))

        self._when_over(process, ended)

    def go_on(self) -> None:
        """Go on until nothing is left to happen."""
        for _ in range(20_000):
            if not self._step():
                return
        raise AssertionError("it does not come to an end")

    def _start(self, event: Event | Refresh | Check) -> Process:
        process = Process(self.world, event)
        self.processes.append(process)
        self.after(LAMBDA_SECONDS + self.chance.uniform(0, 0.7), process.kill)
        return process

    def _when_over(self, process: Process, act: Callable[[], None]) -> None:
        self._endings[id(process)] = act
        if process.is_over:
            self._endings.pop(id(process))()

    def _tell(self, event: Event, answer: Answer, answered: Callable[[Answer], None]) -> None:
        self.story.append(f"{self.world.now:.2f} answer {event.request_id} {answer.status} {answer.reason[:60]}")
        self.answers.setdefault(event.request_id, []).append(answer)
        answered(answer)

    def _step(self) -> bool:
        """Let one thing happen; return False when nothing is left."""
        self._bury()
        ready = [process for process in self.processes if process.wake <= self.world.now]
        due = self._agenda and self._agenda[0][0] <= self.world.now
        if due and (not ready or self.chance.random() < 0.5):
            _, _, act = heapq.heappop(self._agenda)
            act()
        elif ready:
            self._let_go(self.chance.choice(ready))
            self.world.now += self.chance.uniform(0.005, 0.05)
        else:
            times = [process.wake for process in self.processes] + [time for time, _, _ in self._agenda[:1]]
            if not times:
                return False
            self.world.now = max(self.world.now, min(times))
        return True

    def _bury(self) -> None:
        """Let what follows from processes that have ended happen."""
        for process in [process for process in self.processes if process.is_over]:
            self.processes.remove(process)
            act = self._endings.pop(id(process), None)
            if act is not None:
                act()

    def _let_go(self, process: Process) -> None:
        """Let a process make its next call, or let something befall it."""
        at = process.at
        if at == "sleep" or self.mishaps.left == 0 or self.chance.random() > self.mishaps.chance:
            process.go()
            return
        self.mishaps.left -= 1
        kind = self.chance.choice(("die", "fail", "stall"))
        self.story.append(f"{self.world.now:.2f}   {kind} at {at} of {process.event}"[:160])
        if kind == "stall":
            longest = _CLIENT_SECONDS if process.is_writing else 90.0
            process.wake = self.world.now + self.chance.uniform(0, longest)
        elif kind == "die":
            process.kill()
        else:
            error = self._fault(at)
            process.go(lambda: _raise(error))

    def _fault(self, at: str) -> Exception:
        """Return what a call of AWS fails with: before it had an effect, or, with ! at its end, after it had it."""
        if at.endswith("!"):
            return Unanswered("AWS", f"{at} got no answer", "Again.")
        kinds: list[Exception] = [
            Throttling("AWS", f"{at} throttled", "Again."),
            Unanswered("AWS", f"{at} lost", "Again."),
        ]
        if at == "import_credential":
            kinds.append(InvalidRequest("CodeBuild", "refused it", "Again."))
        elif at in {"read", "list_credentials"}:
            kinds.append(AccessDenied("AWS", f"{at} denied", "Allow it."))
        else:
            kinds.append(ServiceInternalError("AWS", f"{at} failed", "Again."))
        return self.chance.choice(kinds)


def _raise(error: Exception) -> None:
    raise error
