/* Shortcuts on pages of schedules, whole without them: dragging over the final row opens the form for an override with
   its times filled in; dragging people of a list, or its arrows, puts them into another order. */
(() => {
  "use strict";
  const QUARTER = 900; // seconds: what one drags is never meant to the second
  const picture = document.querySelector("[data-cal]");
  const row = picture?.querySelector("svg[data-drag]");
  if (row && picture.dataset.cover) {
    const since = Number(picture.dataset.begins), until = Number(picture.dataset.ends);
    const at = (event) => {
      const box = row.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return Math.round((since + part * (until - since)) / QUARTER) * QUARTER;
    };
    let begun = null, mark = null, pressed = 0;
    const place = (from, to) => {
      mark.setAttribute("x", `${(Math.min(from, to) - since) * 100 / (until - since)}%`);
      mark.setAttribute("width", `${Math.abs(to - from) * 100 / (until - since)}%`);
    };
    row.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType === "touch") return; // a finger scrolls
      begun = at(event);
      pressed = event.clientX;
      mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      mark.setAttribute("class", "dragging");
      mark.setAttribute("height", "100%");
      row.append(mark);
      event.preventDefault();
    });
    addEventListener("pointermove", (event) => { if (begun !== null) place(begun, at(event)); });
    const drop = () => { begun = null; mark?.remove(); mark = null; };
    addEventListener("pointerup", (event) => {
      if (begun === null) return;
      const from = Math.min(begun, at(event)), to = Math.max(begun, at(event));
      drop();
      if (Math.abs(event.clientX - pressed) > 5 && to > from) {
        location.assign(`${picture.dataset.cover}?from=${from}&until=${to}`);
      }
    });
    addEventListener("keydown", (event) => { if (event.key === "Escape") drop(); });
    row.addEventListener("click", (event) => { if (Math.abs(event.clientX - pressed) > 5) event.preventDefault(); }, true);
  }

  /* Lists of people. The order of the rows is the order in which the form sends them. */
  const settle = (list) => {
    [...list.children].forEach((item, place) => {
      const [up, down, out] = item.querySelectorAll("button");
      const key = out.value.split("-")[1];
      up.value = `up-${key}-${place}`;
      down.value = `down-${key}-${place}`;
      out.value = `out-${key}-${place}`;
      up.disabled = !place;
      down.disabled = place === list.children.length - 1;
    });
  };
  for (const list of document.querySelectorAll("[data-order]")) {
    let held = null;
    for (const item of list.children) item.draggable = true;
    list.addEventListener("dragstart", (event) => {
      held = event.target.closest("li");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", held.textContent.trim());
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!held || !over || over === held || over.parentElement !== list) return;
      event.preventDefault();
      const below = event.clientY > over.getBoundingClientRect().top + over.offsetHeight / 2;
      list.insertBefore(held, below ? over.nextSibling : over);
    });
    list.addEventListener("drop", (event) => event.preventDefault());
    list.addEventListener("dragend", () => { held = null; settle(list); });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const [word] = (button?.value || "").split("-");
      if (word !== "up" && word !== "down") return;
      event.preventDefault();
      const item = button.closest("li");
      if (word === "up") item.previousElementSibling?.before(item);
      else item.nextElementSibling?.after(item);
      settle(list);
      if (!button.disabled) button.focus();
      else item.querySelector("button:not(:disabled)")?.focus();
    });
  }
})();
