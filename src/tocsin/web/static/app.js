/* What makes pages live and quick. Pages are whole without it: clocks tick, lists wait, keys are commands. */
(() => {
  "use strict";
  const body = document.body;
  const skew = Number(body.dataset.now) - Date.now();
  const zone = body.dataset.zone || "UTC";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const two = (number) => String(number).padStart(2, "0");

  const said = body.dataset;
  const words = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  /* Clocks: ages count up, countdowns count down. */
  const stopwatch = (seconds) => {
    const hours = Math.floor(seconds / 3600), rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return hours ? `${hours}:${rest}` : rest.replace(/^0/, "");
  };
  const age = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
    if (minutes < 60) return `${minutes} min`;
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
  };
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const tick = () => {
    const now = Date.now() + skew;
    for (const node of all("[data-until]")) put(node, stopwatch(Math.max(0, Math.ceil((Date.parse(node.dateTime) - now) / 1000))));
    for (const node of all("[data-since]")) put(node, age(Math.max(0, Math.floor((now - Date.parse(node.dateTime)) / 1000))));
  };
  tick();
  setInterval(tick, 1000);

  /* What somebody reads or fills in does not move under their hands. */
  let touched = 0;
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
  }
  const quiet = () => Date.now() - touched > 8000;
  const busy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")
    || part.querySelector("details[open]") !== null;
  const again = () => window.tocsin.again?.();

  const later = new Map(); // list -> what it becomes when its reader asks for it
  const offer = (list, fresh, words) => {
    later.set(list, fresh);
    let button = document.getElementById(`${list.id}-new`);
    if (!button) {
      button = Object.assign(document.createElement("button"), { id: `${list.id}-new`, type: "button", className: "button waiting" });
      button.addEventListener("click", () => { merge(list, later.get(list)); button.remove(); });
      list.before(button);
    }
    put(button, words);
  };
  const keeping = (list, change) => { // what was ticked stays so
    const ticked = all("input:checked", list).map((one) => one.value);
    change();
    for (const one of all("input:not(:checked)", list)) one.checked = ticked.includes(one.value);
  };
  const merge = (list, fresh) => {
    const known = new Map([...list.children].map((node) => [node.id || node, node]));
    const kept = [...fresh.children].map((node) => {
      const old = node.id && known.get(node.id);
      if (old && old.textContent === node.textContent && old.className.replace(/ ?(picked|is-gone|fresh)/g, "") === node.className) {
        old.classList.remove("is-gone");
        return old;
      }
      const added = document.importNode(node, true);
      if (!old && node.id && list.children.length) added.classList.add("fresh");
      return added;
    });
    keeping(list, () => list.replaceChildren(...kept));
    later.delete(list);
    document.getElementById(`${list.id}-new`)?.remove();
    tick();
  };
  const keyed = (root) => all("[id]", root).filter((node) => node.parentElement === root);
  const update = (list, fresh) => {
    const known = new Set(keyed(list).map((node) => node.id));
    const incoming = new Set(keyed(fresh).map((node) => node.id));
    const added = [...incoming].filter((id) => !known.has(id)).length;
    const gone = [...known].filter((id) => !incoming.has(id));
    const follows = list.matches("[data-follow]") && list.getBoundingClientRect().top > 0 && !list.matches(":hover");
    if (quiet() && !list.querySelector("input:checked") || !known.size || !list.matches("[data-rows], [data-follow]") || follows || (!added && !gone.length)) {
      if (!busy(list)) return merge(list, fresh);
    }
    for (const node of keyed(fresh)) {
      const old = document.getElementById(node.id);
      if (old && busy(old) && old.textContent !== node.textContent) list.dataset.stale = "1"; // until its reader leaves it
      else if (old && old.textContent !== node.textContent) keeping(old, () => old.replaceChildren(...document.importNode(node, true).childNodes));
      if (old) old.className = node.className + (old.classList.contains("picked") ? " picked" : "");
    }
    for (const id of gone) document.getElementById(id).classList.add("is-gone");
    const told = [added && words(said.sayNew, { added }), gone.length && words(said.sayGone, { gone: gone.length })].filter(Boolean);
    if (told.length) offer(list, fresh, words(said.sayShow, { what: told.join(", ") }));
    tick();
  };
  const replace = (part, fresh) => {
    const steps = []; // where the focus is, so that it is not lost with what it was on
    if (part.contains(document.activeElement)) {
      for (let node = document.activeElement; node !== part; node = node.parentElement) steps.unshift([...node.parentElement.children].indexOf(node));
    }
    const held = part.contains(document.activeElement) && document.activeElement.tagName;
    part.replaceWith(fresh);
    const node = steps.reduce((at, step) => at?.children[step], fresh);
    if (held && node?.tagName === held) node.focus({ preventScroll: true });
  };
  /* A part of the page as it is now takes the place of what is shown. */
  const take = (part, fresh) => {
    if (part.matches("[data-rows], [data-follow]")) update(part, fresh);
    else if (busy(part)) part.dataset.stale = "1";
    else replace(part, fresh);
  };
  window.tocsin = {
    clock: (at) => new Date(at + skew).toLocaleTimeString("en-GB", { timeZone: zone }),
    words, take, tick,
  };
  for (const kind of ["toggle", "focusout"]) {
    document.addEventListener(kind, (event) => {
      const part = event.target.closest?.("[data-stale]");
      if (part) setTimeout(() => { if (!busy(part)) { delete part.dataset.stale; again(); } }, 50);
    }, true);
  }

  /* Menus close when one looks elsewhere; a form is sent once. */
  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent && Date.now() - Number(form.dataset.sent) < 3000) event.preventDefault();
    else form.dataset.sent = String(Date.now());
  });
  addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });
  setTimeout(() => { for (const form of all("[data-undo]")) form.remove(); }, 10000);
  /* A long list of boxes can be narrowed to what is looked for; what is ticked stays. Enter ticks the only one found. */
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const narrowed = (find) => {
    const wanted = plain(find.value.trim());
    return all("label", find.nextElementSibling).filter((one) => {
      const found = plain(one.querySelector("bdi").textContent).includes(wanted);
      one.hidden = !found && !one.querySelector(":checked");
      return found;
    });
  };
  for (const kind of ["input", "search"]) {
    document.addEventListener(kind, ({ target }) => { if (target.matches("[data-narrow]")) narrowed(target); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-narrow]")) return;
    event.preventDefault();
    const found = narrowed(event.target);
    if (event.isComposing || !event.target.value.trim() || found.length !== 1) return;
    found[0].querySelector("input").checked = true;
    found[0].querySelector("input").focus();
    event.target.value = "";
    narrowed(event.target);
  });
  const filters = document.querySelector(".filter-switch");
  for (const select of all("[data-filters] select")) select.addEventListener("change", () => { if (!filters?.getClientRects().length) select.form.requestSubmit(); });
  const counted = document.querySelector("[data-selected]");
  const count = () => { if (counted) put(counted, words(said.sayPicked, { count: document.querySelector("[name=all]:checked")?.dataset.count || all("[data-row] input:checked").length })); };
  document.addEventListener("change", count);
  count();
  for (const tab of all(".tabs [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
  for (const screen of all("[data-bottom]")) screen.scrollTop = screen.scrollHeight;

  /* Keys. In a field no letter is a command. */
  const keys = document.getElementById("keys");
  const letters = () => localStorage.getItem("tocsin-letters") !== "off";
  const box = document.querySelector("[data-keys-switch]");
  if (box) {
    box.checked = letters();
    box.addEventListener("change", () => localStorage.setItem("tocsin-letters", box.checked ? "on" : "off"));
  }
  const visible = (node) => node.offsetParent !== null || node.getClientRects().length > 0;
  const picked = () => document.querySelector("[data-row].picked");
  const pick = (step) => {
    const rows = all("[data-row]").filter(visible);
    const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(picked()) + step))];
    picked()?.classList.remove("picked");
    next?.classList.add("picked");
    next?.scrollIntoView({ block: "nearest" });
  };
  const press = (node) => {
    if (node.matches("summary")) {
      node.parentElement.open = !node.parentElement.open;
      node.parentElement.querySelector(".sheet input:not([type=hidden]), .sheet textarea, .sheet button")?.focus();
    } else if (node.matches("textarea, input, select")) node.focus();
    else node.click();
  };
  const command = (key) => {
    const row = picked();
    const node = (row && all(`[data-key="${key}"]`, row).find(visible))
      || (!row || !["a", "r"].includes(key) ? all(`[data-key="${key}"]`).find((one) => visible(one) && !one.closest("[data-row]")) : null);
    if (node) press(node);
    return Boolean(node);
  };
  const escape = () => {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
    if (document.activeElement.matches("input, textarea, select")) document.activeElement.blur();
    else if (picked()) picked().classList.remove("picked");
    else if (document.referrer.startsWith(location.origin)) history.back();
  };
  const others = {
    "?": () => keys?.showModal(),
    "/": () => document.querySelector("[data-filter]")?.focus(),
    j: () => pick(1),
    k: () => pick(-1),
    x: () => { const check = picked()?.querySelector("input[type=checkbox]:not(:disabled)"); if (check) { check.checked = !check.checked; count(); } },
    Enter: () => { const to = picked()?.dataset.href; if (to) location.assign(to); return Boolean(to); },
  };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      document.querySelector("[data-find]")?.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || keys?.open) return;
    if (event.key === "Escape") { escape(); return; }
    if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    if (!letters() && event.key !== "?") return;
    if (event.key === "Enter" && event.target.closest("a, button, summary, input")) return;
    if (going && Date.now() - going < 1500) {
      going = 0;
      const to = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (to) { event.preventDefault(); location.assign(to.href); }
      return;
    }
    if (event.key === "g") { going = Date.now(); return; }
    if (event.key.length > 1 && event.key !== "Enter") return;
    const done = others[event.key] ? others[event.key]() !== false : command(CSS.escape(event.key));
    if (done) event.preventDefault();
  });
})();
