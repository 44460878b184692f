/* What is found, beneath the search field. */
(() => {
  "use strict";
  const input = document.querySelector("[data-find]");
  if (!input) return;
  const svg = "http://www.w3.org/2000/svg";
  const make = (node, more, ...inside) => {
    for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
    node.append(...inside);
    return node;
  };
  const tag = (name, more, ...inside) => make(document.createElement(name), more, ...inside);
  const list = tag("ul", { id: "palette", class: "palette", role: "listbox", "aria-label": input.getAttribute("aria-label"), hidden: "" });
  input.form.append(list);
  make(input, { role: "combobox", "aria-autocomplete": "list", "aria-controls": "palette", "aria-expanded": "false" });

  let at = -1, shown = null, timer = 0, asking = null;
  const choose = (index) => {
    at = index;
    [...list.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const open = (is) => {
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    choose(-1);
  };
  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    shown = null;
    open(false);
  };
  const option = (hit, place) => tag("li", { id: `palette-${place}`, role: "option" }, tag("a", { href: hit.path, tabindex: "-1" },
    make(document.createElementNS(svg, "svg"), { class: "i", "aria-hidden": "true" }, make(document.createElementNS(svg, "use"), { href: `#i-${hit.icon}` })),
    tag("bdi", {}, hit.name), tag("small", {}, [hit.kind, hit.note].filter(Boolean).join(" · "))));
  const ask = async () => {
    const typed = input.value.trim();
    if (typed === shown) return;
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`/find?as=list&q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      const { hits } = await answer.json();
      if (document.activeElement !== input) return;
      shown = typed;
      list.replaceChildren(...hits.map(option));
      open(hits.length > 0);
    } catch { /* the form still works */ }
  };
  input.onfocus = ask;
  input.oninput = () => { clearTimeout(timer); timer = setTimeout(ask, 80); };
  input.onblur = () => setTimeout(() => list.contains(document.activeElement) || close(), 150);
  input.onkeydown = (event) => {
    const count = list.hidden ? 0 : list.children.length, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && count) { close(); event.stopPropagation(); }
    else if (event.key === "Enter" && at >= 0) location.assign(list.children[at].firstChild.href);
    else if (count && step) choose((Math.max(at, step > 0 ? -1 : 0) + step + count) % count);
    else return;
    event.preventDefault();
  };
})();
