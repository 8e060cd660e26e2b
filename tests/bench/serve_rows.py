"""The table of `tests.bench.serve`: a row for each figure, with what it is compared with and its goal."""

from typing import Any

from tests.bench.pairs import spread

Found = dict[str, Any]
Rows = list[tuple[str, ...]]


def rows_of(found: Found) -> Rows:
    """What each figure came to, what it is compared with, and its goal."""
    makers = {
        "latency": _latency_rows, "crowd": _crowd_rows, "cores": _cores_rows, "soak": _soak_rows,
        "switches": _switch_rows, "first_sentence": _sentence_rows, "mcp": _mcp_rows, "start": _start_rows,
    }  # fmt: skip
    return [row for part, make in makers.items() if part in found for row in make(found[part])]


def _pair(one: dict[str, float], last: str = "p99") -> str:
    return f"{one['p50']} / {one[last]} ms"


def _beats(one: dict[str, float]) -> str:
    return f"{one['p50']} / {one['p99']} / {one['max']} ms"


def _latency_rows(found: Found) -> Rows:
    ms, over = found["ms"], found["ours over"]
    beside = "; ".join(f"{name} {_pair(ms[name])}: ours is {over[name]} of it" for name in over)
    cpu = found["cpu_ms"]
    others = "; ".join(f"{name} {cpu[name]} ms: ours is {cpu['ours'] / cpu[name]:.2f} of it" for name in over)
    return [
        ("`POST /api/ask`, one at a time, p50 / p99", _pair(ms["ours"]), beside, "≤ 1.5 of the search"),
        ("its CPU", f"{cpu['ours']} ms", others, "–"),
    ]


def _crowd_rows(found: Found) -> Rows:
    ms, beat = found["ms"], found["beat"]
    beside = "; ".join(f"{name} {_pair(one)}" for name, one in ms.items() if name != "ours")
    cpu = found["cpu_ms"]
    late = f"hand-written app {_beats(beat['hand-written app']['late_ms'])}"
    return [
        (f"the same, {found['clients']} at once", _pair(ms["ours"]), beside, "p99 ≤ 5 of the search"),
        ("its CPU an answer", f"{cpu['ours']} ms", f"hand-written app {cpu['hand-written app']} ms", "–"),
        ("event loop late by, p50 / p99 / max", _beats(beat["ours"]["late_ms"]), late, "≤ 20 ms"),
        ("event loop's own work between two beats", _beats(beat["ours"]["busy_ms"]), "–", "≤ 20 ms"),
    ]


def _cores_rows(found: Found) -> Rows:
    per_second = {name: spread(one, "/s", digits=1) for name, one in found["per_second"].items()}
    ratio = spread(found["two over one"])
    beside = f"one core {per_second['one core']}: {ratio}"
    return [("answers a second on two cores", per_second["two cores"], beside, "≥ 1.6")]


def _soak_rows(found: Found) -> Rows:
    return [
        (
            f"{one['requests']:,} requests of {one['clients']} clients, {name}",
            f"{one['errors']} errors, {one['per_second']} a second, statuses {one['statuses']}",
            f"{one['mb'][0]} -> {one['mb'][1]} MB, {one['open_files'][0]} -> {one['open_files'][1]} files",
            "0 errors, < 5 % more memory",
        )
        for name, one in found.items()
    ]


def _switch_rows(found: Found) -> Rows:
    ours = f"{found['lost']} lost, {found['mixed']} mixed of {found['requests']:,}"
    what = f"{found['switches']} generations published while 4 clients ask"
    return [(what, ours, f"{found['generations seen']} generations seen", "0 and 0")]


def _sentence_rows(found: Found) -> Rows:
    ms = found["ms"]
    what = "first checked sentence over HTTP after its last byte, p50 / p99"
    return [(what, _pair(ms["ours"]), f"openai loop {_pair(ms['openai loop'])}", "≤ 20 ms")]


def _mcp_rows(found: Found) -> Rows:
    ready = {name: spread(one, "ms", digits=0) for name, one in found["ready_ms"].items()}
    beside = f"the SDK's empty server {ready['empty server']}: ours is {spread(found['ours over empty'])} of it"
    searched = f"{_pair(found['search_ms']['ours'])}, {found['more_ms']} ms more"
    return [
        ("`askdocs mcp`, start to the first list of tools", ready["ours"], beside, "≤ 1.5"),
        ("warm `search` over stdio", searched, f"bare search {_pair(found['search_ms']['search'])}", "≤ 10 ms more"),
    ]


def _start_rows(found: Found) -> Rows:
    beside = f"listening after {spread(found['listening_s'], 's')}; CPU {spread(found['cpu_s'], 's')}"
    return [
        ("`askdocs serve`, start to the first answer", spread(found["answered_s"], "s"), beside, "≤ 2.5 s"),
        ("its memory then, without mapped files", spread(found["mb"], "MB", digits=0), "–", "–"),
    ]
