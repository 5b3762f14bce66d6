"""``python -m benchmarks SUITE``: run what isn't done yet, then write the report.

Every finished (work, method, repeat) is a JSON file in the results folder; a run that was stopped goes on from there.
A method that fails is recorded with its message and tried again by the next run.
"""

import argparse
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.job import methods, needs, read_result, result_path, run_job
from benchmarks.report import write_report
from benchmarks.works import Suite, gpu, quick, standard

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 6, 900  # a job may take this many times its method's seconds, and these seconds on top
log = logging.getLogger("benchmarks")
Job = tuple[str, str, int]  # work, method, repeat


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", choices=("standard", "quick", "gpu"))
    parser.add_argument("--data", type=Path, metavar="ZIP", help="images: train/<class>/ and test/<class>/")
    parser.add_argument("--results", type=Path, default=ROOT / "var" / "benchmarks", metavar="DIR")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", metavar="DIR", help="where the page goes")
    parser.add_argument("--share", type=float, default=1.0, help="gpu: share of the images")
    parser.add_argument("--seconds", type=float, default=600.0, help="gpu: wall-clock of each method")
    parser.add_argument("--repeats", type=int, default=3, help="gpu: prototype seeds")
    parser.add_argument("--only", nargs="*", metavar="METHOD", help="run these methods only")
    parser.add_argument("--job", nargs=3, metavar=("WORK", "METHOD", "REPEAT"), help="one job, in this process")
    return parser


def _suite(args: argparse.Namespace) -> Suite:
    if args.suite == "gpu":
        return gpu(args.share, args.seconds, args.repeats)
    return standard() if args.suite == "standard" else quick()


def _results(args: argparse.Namespace, suite: Suite) -> Path:
    """The suite's folder: a suite that asks for other things has another, so that their results never mix."""
    key = hashlib.sha256(repr(suite).encode()).hexdigest()[:8]
    return args.results.resolve() / f"{args.suite}-{key}"


class Scheduler:
    """Runs jobs in processes of their own, some side by side, each after what it needs.

    Args:
        suite: The jobs' suite.
        root: Results folder.
        command: The command line that a job's WORK, METHOD and REPEAT are added to.
    """

    def __init__(self, suite: Suite, root: Path, command: list[str]) -> None:
        self.suite, self.root, self.command = suite, root, command
        self.slots = min(suite.side_by_side, os.cpu_count() or 1)
        self.running: dict[Job, tuple[subprocess.Popen, float]] = {}

    def run(self, only: list[str] | None) -> None:
        """Run all jobs that aren't done."""
        waiting = [job for job in self._jobs() if not only or job[1] in only]
        for job in waiting:
            result = read_result(self._path(job))
            if result is not None and result["status"] != "done":
                self._path(job).unlink()
        total = len(waiting)
        try:
            while waiting or self.running:
                for job in list(waiting):
                    if len(self.running) >= self.slots:
                        break
                    state = self._state(job)
                    if state == "ready":
                        self._start(job)
                    if state != "waits":
                        waiting.remove(job)
                for job, (process, started) in list(self.running.items()):
                    self._look_after(job, process, started, total - len(waiting) - len(self.running) + 1, total)
                time.sleep(0.2)
        finally:
            for process, _ in self.running.values():
                process.terminate()

    def _jobs(self) -> list[Job]:
        """Method by method within a work, so that a stopped run has all repeats of some."""
        return [
            (work.name, method, repeat)
            for work in self.suite.works
            for method in methods(self.suite, work.name)
            for repeat in range(self.suite.repeats)
        ]

    def _path(self, job: Job) -> Path:
        return result_path(self.root, *job)

    def _state(self, job: Job) -> str:
        """``done``, ``ready``, ``waits`` for another job, or ``lost`` where that one failed."""
        if self._path(job).exists():
            return "done"
        work, method, repeat = job
        before = needs(method)
        if before is None:
            return "ready"
        result = read_result(self._path((work, before, repeat)))
        if result is None:
            return "waits" if (work, before, repeat) in self._unfinished() else "lost"
        return "ready" if result["status"] == "done" else "lost"

    def _unfinished(self) -> set[Job]:
        return {job for job in self._jobs() if not self._path(job).exists()}

    def _start(self, job: Job) -> None:
        path = self._path(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, PYTHONPATH=str(ROOT))
        if self.slots > 1:
            environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        with open(path.with_suffix(".log"), "w") as output:
            process = subprocess.Popen(
                [*self.command, "--job", *map(str, job)],
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )
        self.running[job] = process, time.monotonic()

    def _look_after(self, job: Job, process: subprocess.Popen, started: float, number: int, total: int) -> None:
        work = next(w for w in self.suite.works if w.name == job[0])
        spent = time.monotonic() - started
        if process.poll() is None:
            if spent < PATIENCE[0] * work.seconds + PATIENCE[1]:
                return
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        del self.running[job]
        result = read_result(self._path(job))
        if result is None:
            ended = f"the process ended with code {process.returncode} after {spent:.0f} s"
            message = {"status": "failed", "error": ended, "where": "", "work": job[0], "method": job[1]}
            self._path(job).write_text(json.dumps(message | {"repeat": job[2], "job_s": spent}))
            result = read_result(self._path(job)) or {}
        said = "" if result["status"] == "done" else f": {result['error']}"
        log.info("%d/%d %s %s, repeat %d: %s in %.0f s%s", number, total, *job, result["status"], spent, said)


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    args = _parser().parse_args()
    suite = _suite(args)
    root = _results(args, suite)
    data = args.data.resolve() if args.data else None
    if args.job:
        work, method, repeat = args.job
        run_job(suite, work, method, int(repeat), root, data)
        return 0
    if data is None and any(w.counts is not None for w in suite.works):
        sys.exit("This suite needs images: name a zip with train/<class>/ and test/<class>/, as in DATA=cifar10.zip")
    command = [sys.executable, "-m", "benchmarks", args.suite, "--results", str(args.results.resolve())]
    command += ["--share", str(args.share), "--seconds", str(args.seconds), "--repeats", str(args.repeats)]
    command += ["--data", str(data)] if data else []
    start = time.monotonic()
    Scheduler(suite, root, command).run(args.only)
    page = write_report(suite, root, args.docs.resolve())
    log.info("%s written after %.0f min", page, (time.monotonic() - start) / 60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
