"""What the benchmarks share: commands run in turn, A B A B, and their medians, spreads and ratios as a table and JSON.

Keep this module light: a process that has much memory makes its children's peaks look as large.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
Sample = dict[str, float]


def environment() -> dict[str, str]:
    """The environment of a measured command: offline, our packages on the path, no key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENROUTER", "ASKDOCS"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start would compile us anew
    return {**kept, "PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def timed(command: Sequence[str], *, status: int = 0) -> tuple[Sample, str]:
    """Run a command to its last byte: wall and CPU seconds (its own children included), peak megabytes, its stdout."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), cwd=REPOSITORY
    ) as process:
        out = process.stdout.read() if process.stdout else b""
        _, ended, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        message = f"{' '.join(command)} ended with {process.returncode}"
        raise RuntimeError(message)
    sample = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    return sample, out.decode(errors="replace")


def in_turn(ways: Mapping[str, Callable[[], Sample]], rounds: int, *, warm: bool = True) -> dict[str, list[Sample]]:
    """Run all ways in turn, `rounds` times, after once unmeasured: files are then cached for each of them."""
    if warm:
        for run in ways.values():
            run()
    found: dict[str, list[Sample]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            found[name].append(run())
    return found


def facts(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Of each figure its median and its extremes."""
    return {
        name: {
            "median": round(statistics.median(values), 4),
            "low": round(min(values), 4),
            "high": round(max(values), 4),
        }
        for name in samples[0]
        for values in [[sample[name] for sample in samples]]
    }


def ratios(of: Sequence[Sample], to: Sequence[Sample], figure: str = "seconds") -> dict[str, float]:
    """The ratio of two ways, pair by pair: what slows a whole pair down leaves it alone."""
    values = [one[figure] / other[figure] for one, other in zip(of, to, strict=True)]
    return {"median": round(statistics.median(values), 3), "low": round(min(values), 3), "high": round(max(values), 3)}


def report(title: str, body: Mapping[str, Any], out: Path | None) -> None:
    """Write JSON with machine, time and load, where a file is named."""
    document = {
        "schema": 1,
        "benchmark": title,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} × {_processor()}, Python {platform.python_version()}",
        "load": round(os.getloadavg()[0], 1),
        **body,
    }
    print(f"{document['at']}, {document['machine']}, load {document['load']}", flush=True)
    if out:
        out.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def spread(found: Mapping[str, float], unit: str = "", scale: float = 1.0, digits: int = 2) -> str:
    """Median and extremes, such as "0.61 (0.58–0.70) s"."""
    median, low, high = (f"{found[name] * scale:.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low}–{high}){f' {unit}' if unit else ''}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()
