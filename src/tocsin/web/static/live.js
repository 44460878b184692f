/* Keeps an open page as it would be if it were loaded now. Keeps trying; a lost connection is always said. */
(() => {
  "use strict";
  const SILENCE = 40; // seconds without any event: the line is dead, whatever the browser believes
  const WAITS = [5, 5, 5, 15]; // seconds before each next try; the last one repeats
  const PATIENCE = 20; // seconds for the page to be made anew
  const body = document.body, { tocsin } = window;
  const parts = document.querySelector("template[data-parts]")?.dataset.parts;
  if (!body.dataset.live || !parts) return;
  const bar = document.getElementById("offline");
  let seen = body.dataset.seen;
  let source, timer, heard, failures = 0, live = false, missed = false, leaving = false, shownAt = Date.now();

  /* What has changed is told by the stream, or asked for as a whole page of which the parts that live are taken. */
  let asking = false, again = false, isTold = false, retry;
  const read = (html) => new DOMParser().parseFromString(html, "text/html");
  const show = (title, mark, find) => {
    document.title = title;
    for (const selector of parts.split(",")) {
      const part = document.querySelector(selector), fresh = find(selector);
      if (part && fresh) tocsin.take(part, document.importNode(fresh, true));
    }
    seen = mark;
    shownAt = Date.now();
    tocsin.tick();
  };
  const take = (page) => show(page.title, page.body.dataset.seen, (selector) => page.querySelector(selector));
  const told = ({ title, seen: mark, parts: fresh }) => {
    if (document.hidden) { missed = true; return; }
    if (asking) { again = true; return; }
    const page = read(`<title>${title}</title>${Object.values(fresh).join("")}`);
    if (document.querySelector("[data-rows][data-stale]")) { ask(); return; }
    for (const row of page.querySelectorAll("[data-same]")) { // a row as this page has it
      const same = document.getElementById(row.id)?.cloneNode(true);
      if (!same) { ask(); return; }
      same.classList.remove("picked", "is-gone", "fresh");
      row.replaceWith(same);
    }
    show(page.title, mark, (selector) => page.querySelector(selector));
    later();
  };
  const ask = async () => {
    if (document.hidden) { missed = true; return; }
    if (asking) { again = true; return; }
    asking = true;
    missed = again = false;
    clearTimeout(retry);
    let well = false;
    try {
      const answer = await fetch(body.dataset.self, { headers: { "tocsin-refresh": "1" }, signal: AbortSignal.timeout(PATIENCE * 1000) });
      if (answer.status === 401) location.reload();
      well = answer.ok;
      if (well) take(read(await answer.text()));
    } catch { well = false; }
    asking = false;
    if (!well) retry = setTimeout(ask, WAITS[0] * 1000); // what was told meanwhile is not on this page
    else if (isTold) connect(); // the stream goes by what it has told: it begins anew
    else if (again) ask();
    else later();
  };
  tocsin.again = ask;

  /* What waits for something that no stream tells of asks by itself. */
  let asks;
  const later = () => {
    clearTimeout(asks);
    if (document.querySelector("[data-again]")) asks = setTimeout(ask, 1000);
  };
  later();

  /* The stream says what has changed, also that something did between the making of this page and its own beginning. */
  const connect = () => {
    clearInterval(timer);
    source?.close();
    isTold = false;
    source = new EventSource(`${body.dataset.live}&seen=${encodeURIComponent(seen)}&page=${encodeURIComponent(body.dataset.self)}`);
    source.addEventListener("ready", () => { heard = Date.now(); live = true; failures = 0; bar.hidden = true; });
    source.addEventListener("changed", () => { heard = Date.now(); ask(); });
    source.addEventListener("parts", (event) => { heard = Date.now(); isTold = true; told(JSON.parse(event.data)); });
    source.addEventListener("still", () => { heard = Date.now(); });
    source.onerror = lost;
    if (failures) ask(); // also works as slow polling where streams are blocked
  };
  const lost = () => {
    if (leaving) return;
    source.close();
    live = false;
    let left = WAITS[Math.min(failures++, WAITS.length - 1)];
    const count = () => {
      bar.querySelector("[data-offline-at]").textContent = tocsin.words(bar.dataset.sayAt, { time: tocsin.clock(shownAt) });
      bar.querySelector("[data-offline-then]").textContent = left > 0 ? tocsin.words(bar.dataset.sayThen, { seconds: left }) : bar.dataset.sayNow;
      bar.hidden = false;
      if (left-- <= 0) connect();
    };
    clearInterval(timer);
    timer = setInterval(count, 1000);
    count();
  };
  bar.querySelector("[data-offline-retry]").addEventListener("click", connect);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && missed) ask(); });
  addEventListener("pagehide", () => { leaving = true; source.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { leaving = false; ask(); connect(); } });
  setInterval(() => { if (live && Date.now() - heard > SILENCE * 1000) lost(); }, 5000);
  connect();
})();
