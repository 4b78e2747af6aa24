// What the pages do by themselves: copy a command, search a list, say that something is under way.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.closest(".command").querySelector("code").textContent;
  const tell = (words) => {
    const before = button.textContent;
    button.textContent = words;
    setTimeout(() => { button.textContent = before; }, 1600);
  };
  navigator.clipboard.writeText(text).then(() => tell("Copied"), () => tell("Select it, and copy"));
});

document.addEventListener("input", (event) => {
  const list = event.target.dataset.filter && document.getElementById(event.target.dataset.filter);
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  let found = 0;
  for (const item of list.children) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
    found += item.hidden ? 0 : 1;
  }
  list.nextElementSibling.hidden = found > 0;
});

document.addEventListener("toggle", (event) => {
  if (event.target.matches("[data-picker][open]")) event.target.querySelector("input").focus();
}, true);

document.addEventListener("keydown", (event) => {
  const picker = event.target.closest("[data-picker][open]");
  if (event.key === "Escape" && picker) {
    picker.open = false;
    picker.querySelector("summary").focus();
  }
  const list = event.target.closest(".picker .panel, .list");
  if (!list || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const stops = [...list.querySelectorAll("input, li:not([hidden]) a")];
  const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) { event.preventDefault(); next.focus(); }
  });

document.addEventListener("keydown", (event) => {
  // Enter in the search of a picker opens the only endpoint that is left, instead of sending the form around it.
  if (event.key !== "Enter" || !event.target.dataset.filter) return;
  event.preventDefault();
  const left = document.querySelectorAll(`#${event.target.dataset.filter} li:not([hidden]) a`);
  if (left.length === 1) left[0].click();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-busy]")) return;
  const button = event.submitter;
  if (button) { button.setAttribute("aria-busy", "true"); }
  event.target.setAttribute("aria-busy", "true");
});

// A part that comes again each second changes only where it differs: the focus, what is selected and what is scrolled stay.
const alike = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && (old.id || "") === (fresh.id || "");
const morph = (old, fresh) => {
  if (old.nodeName === "TIME" && old.dateTime === fresh.dateTime) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (fresh.data === old.data) return;
    if (fresh.data.startsWith(old.data)) old.appendData(fresh.data.slice(old.data.length)); else old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "aria-busy" && !(name === "open" && old.matches("details"))) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let found = place;
    while (found && !alike(found, child)) found = found.nextSibling;
    if (!found) { old.insertBefore(child, place); continue; }
    while (place !== found) { const gone = place; place = place.nextSibling; gone.remove(); }
    morph(found, child);
    place = found.nextSibling;
  }
  while (place) { const gone = place; place = place.nextSibling; gone.remove(); }
};
htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap: (style, target, fragment) => {
    const fresh = fragment.firstElementChild;
    if (style !== "morph" || !fresh) return false;
    morph(target, fresh);
    return [target];
  },
});

// What was typed into a form waits in this tab: Back, a reload or the address of its answer brings it again. No password.
const stored = (form) => `typed:${form.dataset.keep}`;
const kept = (key) => JSON.parse(sessionStorage.getItem(key) || "null");
const fields = (form) => [...form.elements].filter((each) => each.name && !["password", "hidden", "submit"].includes(each.type));
const value = (each) => (each.type === "checkbox" ? each.checked : each.value);
const put = (each, text) => { each[each.type === "checkbox" ? "checked" : "value"] = text; };
const changed = new Set();
const keep = (event) => {
  const form = event.target.form;
  if (!form || !form.dataset.keep) return;
  changed.add(event.target.name);
  const values = fields(form).map((each) => [each.name, value(each)]);
  sessionStorage.setItem(stored(form), JSON.stringify({ search: form.dataset.search || "", values, changed: [...changed] }));
};
document.addEventListener("input", keep);
document.addEventListener("change", keep);
const restore = (form, before) => {
  const typed = new Map(before.values);
  for (const each of fields(form)) if (typed.has(each.name)) put(each, typed.get(each.name));
  for (const name of before.changed) changed.add(name);
};
// Another file, or another endpoint, keeps what was changed in the fields that it has as well: never what allows a delete.
const OF_ONE_FILE = /^(confirm|max_deletes|sync)$/;
const OF_ONE_ENDPOINT = /^(output|overwrite|mode|state|fields|rules|fixed|param[.])/;
const carry = (form) => {
  const from = document.referrer && new URL(document.referrer).pathname;
  if (!from || location.pathname !== form.dataset.keep) return;
  const before = kept(`typed:${from}`) || kept(`typed:${from.replace(/[/][^/]*$/, "")}`);
  if (!before) return;
  const same = from === form.dataset.keep || from.startsWith(`${form.dataset.keep}/`);
  if (same && before.search === (form.dataset.search || "")) return;
  const targets = new Set([...document.querySelectorAll("#targets option")].map((each) => each.value));
  const typed = new Map(before.values.filter(([name]) => before.changed.includes(name)));
  for (const each of fields(form)) {
    const text = typed.get(each.name);
    if (text === undefined || OF_ONE_FILE.test(each.name)) continue;
    if (!same && (OF_ONE_ENDPOINT.test(each.name) || (each.name.startsWith("target.") && text && !targets.has(text)))) continue;
    put(each, text);
    changed.add(each.name);
  }
};
document.addEventListener("DOMContentLoaded", () => {
  const asked = new URLSearchParams(location.search).has("again");
  const [visit] = performance.getEntriesByType("navigation");
  if (asked) {
    const before = (kept(`typed:${location.pathname}`) || {}).search;
    if (before && !location.search.includes(before.slice(1))) { location.replace(`${location.pathname}${before}&again`); return; }
  }
  const returns = asked || ["reload", "back_forward"].includes(visit && visit.type);
  for (const form of document.querySelectorAll("form[data-keep]")) {
    const before = kept(stored(form));
    const here = before && before.search === (form.dataset.search || "");
    if (here && returns) restore(form, before);
    else if (here && location.pathname !== form.dataset.keep) for (const name of before.changed) changed.add(name);
    else if (!returns) carry(form);
  }
});

// A link to a part that is folded away opens it.
const unfold = () => {
  const meant = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (meant && meant.matches("details")) { meant.open = true; meant.querySelector("summary").focus(); }
};
window.addEventListener("hashchange", unfold);
window.addEventListener("pageshow", unfold);

window.addEventListener("pageshow", () => {
  for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
  const wrong = document.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
});

// A page that is not whole yet loads again, without a step in the history.
for (const again of document.querySelectorAll("[data-again]")) setTimeout(() => location.replace(location.href), Number(again.dataset.again));

// Times are those of this place; UTC is in their title.
const local = () => {
  for (const each of document.querySelectorAll("time[data-local]:not([title])")) {
    const moment = new Date(each.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    each.title = each.textContent;
    each.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
};
local();
document.addEventListener("htmx:afterSwap", local);

// The form of a link stands over its page; without scripts, or where it cannot be fetched, the link leads to it.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  try {
    const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), "text/html");
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "add-title");
    dialog.append(page.querySelector("main .head"), page.querySelector("form.overlay"));
    document.body.append(dialog);
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    dialog.querySelector("a.button").addEventListener("click", (leave) => { leave.preventDefault(); dialog.close(); });
    dialog.showModal();
    dialog.querySelector("input:not([type=hidden])").focus();
  } catch { location.assign(link.href); }
});
