"""First paint: from asking for a page to the first pixels, in the system's Chromium over loopback, as itself says."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from bench.live import median, share
from bench.report import Figure, Report
from bench.screens import Reader
from tests.web.serving import chromium
from tocsin.testing.running import RunningServer

UNDER_MS = 300
TIMES = 10
PAGES = ("/", "/incidents", "/alerts", "/alerts?tab=events", "/services", "/on-call")

FIRST_PAINT = """() => new Promise((resolve) => {
  const found = () => performance.getEntriesByName("first-contentful-paint")[0];
  if (found()) return resolve(found().startTime);
  new PerformanceObserver((_list, observer) => {
    if (found()) { observer.disconnect(); resolve(found().startTime); }
  }).observe({ type: "paint", buffered: true });
})"""


def walked(server: RunningServer, reader: Reader, report: Report) -> None:
    """Some pages, each so many times in a browser that has been there before."""
    taken: dict[str, list[float]] = {path: [] for path in PAGES}
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        name, _, value = reader.cookie.partition(";")[0].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": server.url}])
        page = context.new_page()
        page.goto(server.url)
        for _turn in range(TIMES):
            for path in PAGES:
                page.goto(server.url + path)
                taken[path].append(float(page.evaluate(FIRST_PAINT)))
        browser.close()
    worst = max(taken, key=lambda path: share(taken[path], 0.95))
    tail = share(taken[worst], 0.95)
    note = f"{worst}; median of all {median([median(one) for one in taken.values()]):.0f} ms"
    report.add(
        Figure("l", "first paint, the slowest page, p95", tail, "ms", f"under {UNDER_MS}", tail < UNDER_MS, note)
    )
