"""Asks the rewrites of many files in several processes.

A pass over the files of a project changes none of them before it ends, so what the rewrites say of each file can be worked out beside the
others. Each process has the whole project, as it was when it was forked, and hears of every file that changed since. What is done with
the answers, in the order of the files, stays with the one process that plans: a plan is the same, however many asked.
"""

from __future__ import annotations

import multiprocessing
import signal
import warnings
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from migrator.project import Problem, Project
from migrator.rewrite import Finding, Result
from migrator.source import language_of

_WEIGHTS = {"python": 10, "c++": 1, "build": 1}  # what a byte costs

Found = dict[str, list[Result]]  # by rewrite
Ask = Callable[[Path, int, tuple[Finding, ...]], Found]


def can_fork() -> bool:
    return "fork" in multiprocessing.get_all_start_methods()


class Workers:
    """Processes that answer for the files of a project. Use as a context manager."""

    def __init__(self, count: int, project: Project, paths: Iterable[Path], ask: Ask):
        self._project = project
        self._share = _shares(count, project, paths)
        self._news: list[tuple[Path, bytes]] = []
        self._pipes: list[Connection] = []
        self._processes = []
        context = multiprocessing.get_context("fork")
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, [*self._pipes, ours], project, ask), daemon=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12 on: a progress bar has a thread, which children do not use
                process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join()

    def tell(self, path: Path) -> None:
        """A file of the project is another one now."""
        self._news.append((path, self._project.source(path).raw))

    def ask(self, order: int, files: Sequence[tuple[Path, tuple[Finding, ...]]]) -> dict[Path, Found]:
        """What the rewrites of an order say of files, each with the findings that lower orders left there. Raises what a rewrite raised."""
        from migrator.engine import EngineError

        answers: dict[Path, tuple[Found, list[Problem]]] = {}
        try:
            for number, pipe in enumerate(self._pipes):
                pipe.send((self._news, order, [(path, earlier) for path, earlier in files if self._share[path] == number]))
            self._news = []
            received = [pipe.recv() for pipe in self._pipes]
        except (EOFError, OSError):
            raise EngineError("a process that helped to plan was killed, for want of memory perhaps; run it again with -j 1") from None
        for answer in received:
            if isinstance(answer, BaseException):
                raise answer
            answers.update(answer)
        for path, _ in files:
            self._project.problems += [p for p in answers[path][1] if p not in self._project.problems]
        return {path: found for path, (found, _) in answers.items()}


def _shares(count: int, project: Project, paths: Iterable[Path]) -> dict[Path, int]:
    """The same process for a file in every pass: it may have the tree still, and knows which rewrites have nothing to say."""
    weights = {path: _WEIGHTS[language_of(path)] * len(project.source(path).data) for path in paths}
    share: dict[Path, int] = {}
    loads = [0] * count
    for path in sorted(weights, key=lambda path: -weights[path]):
        share[path] = loads.index(min(loads))
        loads[share[path]] += weights[path]
    return share


def _serve(pipe: Connection, others: list[Connection], project: Project, ask: Ask) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that plans is told, and ends this one
    for other in others:
        other.close()
    while True:
        try:
            news, order, files = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            for path, raw in news:
                project.update(path, project.source(path).with_raw(raw))
            answers = {}
            for path, earlier in files:
                before = len(project.problems)
                found = ask(path, order, earlier)
                answers[path] = (found, project.problems[before:])
            pipe.send(answers)
        except Exception as error:
            pipe.send(error)
            return
