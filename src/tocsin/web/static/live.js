/* The stream that says that something has changed. Keeps trying; a lost connection is always said. */
(() => {
  "use strict";
  const EVENTS = ["ready", "changed", "still"];
  const SILENCE = 40; // seconds without any event: the line is dead, whatever the browser believes
  const WAITS = [5, 5, 5, 15]; // seconds before each next try; the last one repeats
  const bar = document.getElementById("offline");
  let leaving = false;
  let shownAt = Date.now();

  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) shownAt = Date.now(); });

  class Stream extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      this.readyState = 0;
      this.failures = 0;
      this.missed = false;
      document.addEventListener("visibilitychange", () => { if (!document.hidden && this.missed) this.tell("changed"); });
      setInterval(() => { if (this.readyState === 1 && Date.now() - this.heard > SILENCE * 1000) this.lost(); }, 5000);
      this.connect();
    }

    connect() {
      clearInterval(this.timer);
      this.source = new EventSource(this.url, { withCredentials: true });
      for (const name of EVENTS) this.source.addEventListener(name, () => this.tell(name));
      this.source.onerror = () => this.lost();
      if (this.failures) this.tell("changed"); // also works as slow polling where streams are blocked
    }

    tell(name) {
      this.heard = Date.now();
      if (name === "ready") {
        if (this.failures) this.tell("changed");
        this.failures = 0;
        this.readyState = 1;
        bar.hidden = true;
      }
      if (name === "changed" && document.hidden) { this.missed = true; return; }
      if (name === "changed") this.missed = false;
      this.dispatchEvent(new MessageEvent(name, { data: "1" }));
    }

    lost() {
      if (leaving || this.readyState === 2) return;
      this.source.close();
      this.readyState = 0;
      let left = WAITS[Math.min(this.failures++, WAITS.length - 1)];
      const show = () => {
        bar.querySelector("[data-offline-at]").textContent = window.tocsin.clock(shownAt);
        bar.querySelector("[data-offline-then]").textContent = left > 0 ? `Live again in ${left} s` : "Trying now";
        bar.hidden = false;
        if (left-- <= 0) this.connect();
      };
      clearInterval(this.timer);
      this.timer = setInterval(show, 1000);
      show();
      bar.querySelector("[data-offline-retry]").onclick = () => this.connect();
    }

    close() {
      this.readyState = 2;
      clearInterval(this.timer);
      this.source.close();
    }
  }

  window.htmx.createEventSource = (url) => new Stream(url);
})();
