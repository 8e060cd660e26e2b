"""How fast a whole site is crawled and cleaned, in how much memory, and whether large sites cost more per page.

Run it as `ASKDOCS_TEST_DATA=FOLDER python tests/bench/crawl.py [--layout NAME] [--json]`; the folder holds a docs
site. Memory is the peak of the crawling process and of its cleaners together, without the server, sampled
from /proc (Linux) as resident pages; what they share counts once for each.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SIZES = (80, 160, 328)
LAYOUTS = ("fern-2025", "fern-2026", "mintlify-2026")


def crawl(source: str, pages: int) -> None:
    """One measured crawl, in a process of its own: prints pages, seconds and requests as JSON."""
    from ingest.crawl.crawler import CrawlOptions
    from ingest.crawl.fetch import FetchOptions
    from ingest.reindex.crawl_source import crawl_sources

    start = time.perf_counter()
    options = CrawlOptions(max_pages=pages, jobs=4)
    gathered = crawl_sources((source,), [], FetchOptions((source,)), options, lambda *_: None)
    seconds = time.perf_counter() - start
    report = gathered.report
    print(json.dumps({"pages": len(gathered.documents), "seconds": seconds, "requests": report.requests}))


def resident(process: int) -> dict[int, int]:
    """Bytes resident in a process and in its descendants, by process id."""
    page = os.sysconf("SC_PAGE_SIZE")
    try:
        found = {process: int(Path(f"/proc/{process}/statm").read_text().split()[1]) * page}
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for task in Path(f"/proc/{process}/task").iterdir():  # spawned by any of its threads
            children += (task / "children").read_text().split()
    except (OSError, IndexError, ValueError):  # it has just ended
        return {}
    for child in set(children):
        found |= resident(int(child))
    return found


def measured(source: str, pages: int) -> dict[str, Any]:
    """Run one crawl and watch its memory."""
    command = [sys.executable, __file__, "--source", source, "--pages", str(pages)]
    peak: dict[int, int] = {}
    total = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        answer: list[str] = []
        reader = threading.Thread(target=lambda: answer.append(process.stdout.read() if process.stdout else ""))
        reader.start()
        while process.poll() is None:
            now = resident(process.pid)
            total = max(total, sum(now.values()))
            peak |= {one: max(size, peak.get(one, 0)) for one, size in now.items()}
            time.sleep(0.05)
        reader.join()
    parent = peak.pop(process.pid, 0)
    facts: dict[str, Any] = json.loads(answer[0])
    megabytes = {"all": total, "parent": parent, "children": sum(peak.values())}
    facts |= {f"{name}_mb": round(size / 1e6, 1) for name, size in megabytes.items()}
    return facts | {
        "pages_per_second": round(facts["pages"] / facts["seconds"], 1),
        "ms_per_page": round(1000 * facts["seconds"] / facts["pages"], 1),
    }


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layout", action="append", choices=LAYOUTS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--source", help=argparse.SUPPRESS)
    parser.add_argument("--pages", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.source:
        return crawl(options.source, options.pages)
    data = os.environ.get("ASKDOCS_TEST_DATA")
    if not data:
        parser.error("ASKDOCS_TEST_DATA names no folder of test data")
    sys.path.insert(0, str(Path(data) / "docsite"))
    from serve import DocSite  # type: ignore[import-not-found]  # test data, not a package

    rows: list[dict[str, Any]] = []
    for layout in options.layout or LAYOUTS:
        with DocSite(layout=layout, llms=False, md=False) as site:
            for pages in SIZES:
                # One page more than wanted: the address of the source only redirects to the first.
                rows.append({"layout": layout, **measured(site.url("/docs"), pages + 1)})
                if not options.json:
                    shown = ("layout", "pages", "pages_per_second", "ms_per_page", "all_mb", "parent_mb", "children_mb")
                    line = "  ".join(f"{name} {rows[-1][name]}" for name in shown)
                    print(line, flush=True)
    if options.json:
        print(json.dumps({"schema": 1, "rows": rows}, indent=1))
    return None


if __name__ == "__main__":
    main()
