// The console's page: draws what the server says, sends what the person says. It decides nothing.
// Everything from the server is inserted as text (never as HTML); cards are edited in place by revision.

const $ = (selector, root = document) => root.querySelector(selector);
const STATES = { open: "Open", claimed: "Claimed", snoozed: "Snoozed", closed: "Closed", asked: "Second person" };
const EMPTY = {
  "hot-leads": ["No hot leads yet", "The moment a lead turns hot, its card appears here. The first to press Claim has it.", ["/lead hot", "/rekindle help"]],
  campaigns: ["No campaigns yet", "Launches, results and everything to confirm or hold will be told here.", ["/campaign show", "/rekindle help campaign"]],
  ops: ["All quiet", "Rekindle writes here when mail is paused, a delivery needs a decision, or something is wrong.", ["/rekindle status", "/rekindle help"]],
};
const NOTES = { "hot-leads": "Leads to call now", campaigns: "Launches and results", ops: "What Rekindle says about itself" };
const KEEP = 400; // messages kept in a channel's page; older ones stay on the server
const QUIET_MS = 60_000; // no event for so long, pings included, means that the stream is dead

const cards = new Map(); // id → the newest revision seen
const asking = new Map(); // card id → the form open in it, { intent, element }
const pressed = new Set(); // card ids whose press is under way
const channels = new Map(); // name → { title, list, button, unread }
let me = null;
let clock = null;
let current = null;
let last = 0; // how far the page has come: the seq of the last post or edit it heard of

// ---- small tools ----------------------------------------------------------------------------------------------

/** A page of the house under the address by which we were reached, whatever its own is. */
const here = (link) => { const { pathname, search } = new URL(link, location); return pathname + search; };

/** An element with attributes (`on…` are listeners; null, undefined and false are left out) and children. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** Text as nodes, where only addresses of this very site become links: a lead cannot plant one. */
function linked(text) {
  return String(text ?? "").split(/(https?:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 === 1 && URL.canParse(part) && new URL(part).origin === location.origin ? h("a", { href: part }, part) : part);
}

class SignedOut extends Error {}

async function ask(path, body) {
  const headers = { "X-Requested-With": "console", "Content-Type": "application/json" };
  const answer = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  if (answer.status === 401 || answer.status === 403) { signOut(); throw new SignedOut(); }
  const value = await answer.json().catch(() => null);
  if (value === null || (!answer.ok && value.ok !== false)) throw new Error(`the server said ${answer.status}`);
  return value;
}

/** A reply to what the person did; what went wrong on the way is a reply too. */
async function reply(path, body) {
  try {
    return await ask(path, body);
  } catch (error) {
    if (error instanceof SignedOut) return { ok: false, code: "signed_out", text: "You are signed out." };
    return { ok: false, code: "unreachable", text: "Rekindle could not be reached, so it is not known whether this took effect. Look first, then try again." };
  }
}

function signOut() {
  stream.close();
  $("#app").hidden = true;
  $("#signed-out").hidden = false;
}

// ---- the calendar ---------------------------------------------------------------------------------------------

let shape = {};
function setClock(told) {
  clock = { ...told, at: Date.parse(told.calendar), since: performance.now() };
  const format = (options) => {
    try { return new Intl.DateTimeFormat("en-GB", { timeZone: told.zone, ...options }); }
    catch { return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options }); }
  };
  shape = {
    day: format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    time: format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    clock: format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  };
  const everyDay = 86_400 / told.speed;
  $("#speed").textContent = `demo: a day every ${everyDay >= 120 ? `${+(everyDay / 60).toFixed(1)} min` : `${+everyDay.toFixed(1)} s`}`;
  $("#speed").hidden = told.speed === 1;
  $("#clock").title = told.zone;
  tick();
}
const now = () => clock.at + (performance.now() - clock.since) * clock.speed;
let nextTick = 0;
function tick() {
  clearTimeout(nextTick);
  $("#clock").textContent = shape.clock.format(now());
  $("#clock").dataset.calendar = $("#clock").dateTime = new Date(now()).toISOString();
  nextTick = setTimeout(tick, clock.speed === 1 ? 1000 : 200);
}

// ---- channels and messages ------------------------------------------------------------------------------------

function addChannel({ name, title }) {
  if (channels.has(name)) return;
  const button = h("button", { type: "button", "data-channel": name, onclick: () => show(name) }, h("span", {}, name), h("b", { class: "unread", hidden: true }));
  $("#channels").append(h("li", {}, button));
  channels.set(name, { title, list: [], button, unread: 0 });
}

function show(name) {
  current = name;
  for (const [each, channel] of channels) {
    if (each === name) { channel.button.setAttribute("aria-current", "page"); countUnread(channel, 0); }
    else channel.button.removeAttribute("aria-current");
  }
  const channel = channels.get(name);
  $("#channel-title").textContent = channel.title;
  $("#channel-note").textContent = NOTES[name] ?? "";
  $("#composer").placeholder = "Message, or / for commands";
  $("#feed").replaceChildren(...channel.list);
  drawEmpty();
  toBottom();
}

function countUnread(channel, count) {
  channel.unread = count;
  const badge = $(".unread", channel.button);
  badge.textContent = count;
  badge.hidden = count === 0;
  if (count) channel.button.dataset.unread = count; else delete channel.button.dataset.unread;
  const all = [...channels.values()].reduce((sum, each) => sum + each.unread, 0);
  document.title = all ? `(${all}) Rekindle console` : "Rekindle console";
}

function drawEmpty() {
  const empty = $("#empty");
  empty.hidden = channels.get(current).list.length > 0;
  const [title, words, commands] = EMPTY[current] ?? ["Nothing here yet", "Say something, or try a command.", ["/rekindle help"]];
  const tries = commands.map((text) => h("button", { type: "button", class: "plain", onclick: () => fill(text) }, text));
  empty.replaceChildren(h("img", { src: "/assets/logo.svg", alt: "", width: 40, height: 40 }), h("h2", {}, title), h("p", {}, words), h("div", { class: "tries" }, tries));
}

const nearBottom = () => $("#scroll").scrollHeight - $("#scroll").scrollTop - $("#scroll").clientHeight < 120;
function toBottom() {
  $("#scroll").scrollTop = $("#scroll").scrollHeight;
  $("#newer").hidden = true;
}

/** Puts an item at the end of a channel, after a line for the day where the day has changed. */
function append(name, item, at, from) {
  const channel = channels.get(name);
  if (!channel) return;
  const day = shape.day.format(at);
  const before = channel.list.at(-1);
  const added = before?.dataset.day === day ? [item] : [h("li", { class: "day", "data-day": day }, h("span", {}, day)), item];
  item.dataset.day = day;
  item.dataset.at = at;
  const close = before?.dataset.from === from && before?.dataset.day === day && at - before.dataset.at < 300_000;
  item.classList.toggle("follows", close && !("private" in before.dataset) && !$(".card", before));
  const stick = live && name === current && (nearBottom() || from === me.handle);
  channel.list.push(...added);
  const dropped = channel.list.splice(0, Math.max(0, channel.list.length - KEEP));
  if (name !== current) return;
  dropped.forEach((old) => old.remove());
  $("#feed").append(...added);
  drawEmpty();
  if (stick) toBottom(); else $("#newer").hidden = !live;
}

function line(from, at, attributes, ...body) {
  const bot = from === "rekindle";
  const name = bot ? "Rekindle" : from === me.handle ? me.name : from;
  const face = bot ? h("img", { class: "face", src: "/assets/logo.svg", alt: "" }) : h("span", { class: "face", "aria-hidden": "true" }, name.slice(0, 1).toUpperCase());
  const stamp = h("time", { datetime: new Date(at).toISOString() }, shape.time.format(at));
  return h("li", { class: "message", "data-from": from, ...attributes }, face, h("div", { class: "said" }, h("p", { class: "by" }, h("b", {}, name), bot && h("span", { class: "bot" }, "bot"), stamp), ...body));
}

const words = (text, mono) => text && h("div", { class: mono ? "text mono" : "text", tabindex: mono ? 0 : null }, linked(text));

/** What an answer says: its picture with the words beside it, or the words alone. */
const saying = ({ text, mono, picture }) => picture ? h("div", {}, words(picture.words, false), figure(picture)) : words(text, mono);
const echo = (text) => h("p", { class: "echo", "data-echo": true }, text);
const onlyYou = () => h("p", { class: "only" }, "Only you can see this");

/** A picture that the server drew of figures; nothing that anybody wrote is in it. */
function figure(picture) {
  const holder = document.createElement("template");
  holder.innerHTML = picture.svg;
  return h("figure", { class: "drawn" }, holder.content, h("figcaption", {}, picture.legend));
}

function addMessage(message) {
  const known = channels.get(message.channel)?.list.some((item) => item.dataset.message === String(message.id));
  if (message.card) remember(message.card);
  if (known) return;
  const at = Date.parse(message.at);
  append(message.channel, line(message.from, at, { "data-message": message.id, "data-private": message.private },
    message.private && onlyYou(), words(message.text, message.mono), message.card && drawCard(cards.get(message.card.id))), at, message.from);
  const channel = channels.get(message.channel);
  if (channel && message.channel !== current && message.from !== me.handle && live) countUnread(channel, channel.unread + 1);
}

// ---- cards ----------------------------------------------------------------------------------------------------

/** Keeps the newer of what is known and what came, and edits every copy on the page. */
function remember(card) {
  const known = cards.get(card.id);
  // Of one revision, what came later was drawn later: its points have faded since.
  if (known && (known.revision > card.revision || JSON.stringify(known) === JSON.stringify(card))) return;
  cards.set(card.id, card);
  if (known) redraw(card.id, known.revision < card.revision);
}

const copies = (id) => `[data-card="${CSS.escape(id)}"]`;

function redraw(id, flash = false) {
  const card = cards.get(id);
  for (const old of [...channels.values()].flatMap(({ list }) => list).flatMap((item) => [...item.querySelectorAll(copies(id))])) {
    const held = document.activeElement;
    const focus = old.contains(held) ? (held.closest("[data-ask]") ? held : { intent: held.dataset.intent }) : null;
    const fresh = drawCard(card);
    const stick = nearBottom();
    old.replaceWith(fresh);
    if (flash || old.classList.contains("edited")) fresh.classList.add("edited");
    fresh.addEventListener("animationend", () => fresh.classList.remove("edited"));
    if (focus instanceof Element && fresh.contains(focus)) focus.focus();
    else if (focus) ([...fresh.querySelectorAll("[data-intent]")].find((button) => button.dataset.intent === focus.intent) ?? fresh).focus();
    if (stick) toBottom();
  }
}

function drawCard(card) {
  const field = (tag, name, ...children) => children.some((child) => child !== null && child !== undefined && child !== "") && h(tag, { class: name, "data-field": name }, ...children);
  const points = (text) => {
    const [, number, rest] = /^([+−-]\d[\d.,]*)\s+(.+)$/s.exec(text) ?? [];
    return h("li", {}, number ? [h("b", { class: number[0] === "+" ? "up" : "down" }, number), h("span", {}, rest)] : h("span", { class: "whole" }, text));
  };
  const form = asking.get(card.id);
  if (form && !card.buttons.some((button) => button.intent === form.intent)) asking.delete(card.id);
  const rated = card.score !== null && card.score !== undefined;
  return h("article", { class: "card", tabindex: -1, "aria-label": `${card.title}, ${card.state}`, "aria-busy": pressed.has(card.id) ? "true" : null,
    "data-card": card.id, "data-kind": card.kind ?? "alert", "data-state": card.state, "data-accent": card.accent, "data-revision": card.revision },
  h("header", {}, h("span", { class: "state" }, STATES[card.state] ?? card.state), field("p", "headline", card.headline)),
  h("div", { class: "head" },
    h("div", { class: "who" }, field("h2", "title", card.title), field("p", "subtitle", card.subtitle), field("p", "email", card.email)),
    (rated || card.badge) && h("div", { class: "rate" }, rated && field("b", "score", card.score), card.badge && field("span", "badge", card.badge))),
  card.lines?.length > 0 && h("ul", { class: "lines", "data-field": "lines" }, card.lines.map(points)),
  card.facts?.length > 0 && h("dl", { class: "facts", "data-field": "facts" }, card.facts.map(({ label, value, link }) => h("div", {}, h("dt", {}, label), h("dd", {}, link ? h("a", { href: here(link), target: "_blank", rel: "noopener" }, value) : value)))),
  field("p", "status", card.status),
  card.buttons?.length > 0 && h("footer", { class: "actions" }, card.buttons.map((button) => h("button", {
    type: "button", class: button.style, "data-intent": button.intent, "aria-disabled": pressed.has(card.id) ? "true" : null,
    "aria-expanded": button.ask ? String(asking.get(card.id)?.intent === button.intent) : null,
    onclick: () => button.ask ? openForm(card.id, button) : press(card.id, button.intent, null),
  }, button.ask ? `${button.label}…` : button.label))),
  asking.get(card.id)?.element);
}

/** The value a button asks for: a choice is a row of buttons, words and amounts are a field, more than one are a form. */
function openForm(id, { intent, label, style, ask: wanted }) {
  if (pressed.has(id)) return;
  const close = () => { asking.delete(id); redraw(id); };
  if (asking.get(id)?.intent === intent) return close();
  if (wanted.kind === "form") return void openLongForm(id, intent, close);
  const send = (value) => { asking.delete(id); press(id, intent, value); };
  const name = `ask-${id}-${intent}`;
  const choices = wanted.choices ?? [];
  const amount = wanted.kind === "amount";
  const inside = wanted.kind === "choice"
    ? h("fieldset", {}, h("legend", {}, wanted.label), choices.map(({ value, label: text }) => h("button", { type: "button", "data-choice": value, onclick: () => send(value) }, text)))
    : [h("label", { for: name }, wanted.label), h("div", { class: "row" },
      h("input", { id: name, name: "value", required: true, maxlength: 500, type: "text", inputmode: amount ? "decimal" : null, list: choices.length ? `${name}-list` : null, placeholder: amount ? "12,000" : null }),
      choices.length > 0 && h("datalist", { id: `${name}-list` }, choices.map(({ value, label: text }) => h("option", { value }, text))),
      h("button", { type: "submit", class: style === "danger" ? "danger" : "primary" }, label))];
  const element = h("form", { class: "asking", "data-ask": intent, autocomplete: "off",
    onsubmit: (event) => { event.preventDefault(); const value = new FormData(element).get("value")?.trim(); if (value) send(value); },
    onkeydown: (event) => { if (event.key === "Escape") { element.closest(".card").querySelector(`[data-intent="${CSS.escape(intent)}"]`)?.focus(); close(); } } }, inside);
  asking.set(id, { intent, element });
  redraw(id);
  $("input, [data-choice]", element)?.focus();
}

async function openLongForm(id, intent, close) {
  const answer = await reply("/console/form", { card: id, intent });
  if (!answer.form) return told(id, answer);
  const done = (answer) => { asking.delete(id); if (answer) told(id, answer); else close(); };
  const element = drawForm(answer.form, done, { "data-ask": intent });
  asking.set(id, { intent, element });
  redraw(id);
  $("input, select", element)?.focus();
}

let drawn = 0; // forms so far, for the ids of their fields

/** A form, sent as a whole. What is wrong is said at its field; `done` hears what came of it, or nothing when it was given up. */
function drawForm({ of, title, about, fields }, done, attributes = {}) {
  const name = `form-${++drawn}`;
  const rows = fields.map((field) => {
    const id = `${name}-${field.name}`;
    const list = field.kind === "lead" || (field.kind === "words" && field.choices.length > 0) ? `${id}-list` : null;
    const shared = { id, name: field.name, "aria-required": String(field.required), "aria-describedby": `${id}-fault` };
    const option = ({ value, label }) => h("option", { value, selected: value === field.value }, label);
    const input = field.kind === "choice"
      ? h("select", shared, h("option", { value: "" }, "Choose one"), field.choices.map(option))
      : field.kind === "lines"
        ? h("textarea", { ...shared, rows: 3, maxlength: 1000, placeholder: field.hint }, field.value)
        : h("input", { ...shared, type: "text", maxlength: 500, placeholder: field.hint, value: field.value, list });
    const proposals = list && h("datalist", { id: list }, field.choices.map(option));
    if (field.kind === "lead") {
      const look = async () => {
        const told = await ask(`/console/complete?text=${encodeURIComponent(`/lead show ${input.value}`)}`).catch(() => null);
        proposals.replaceChildren(...(told?.suggestions ?? []).map(({ label, help }) => h("option", { value: label }, help)));
      };
      input.addEventListener("input", look);
      look();
    }
    return h("div", { class: "field" }, h("label", { for: id }, field.label, !field.required && h("i", {}, " (may be left empty)")), input, proposals, h("p", { class: "fault", id: `${id}-fault`, role: "alert", hidden: true }));
  });
  const send = h("button", { type: "submit", class: "primary" }, "Done");
  const form = h("form", { class: "asking form", autocomplete: "off", novalidate: true, "aria-label": title, ...attributes,
    onsubmit: async (event) => {
      event.preventDefault();
      if (send.disabled) return;
      send.disabled = true;
      const answer = await reply("/console/fill", { of, filled: Object.fromEntries(new FormData(form)) });
      send.disabled = false;
      if (!answer.faults) return done(answer);
      for (const input of form.querySelectorAll("input, select, textarea")) {
        const fault = answer.faults[input.name];
        const words = document.getElementById(`${input.id}-fault`);
        words.textContent = fault ?? "";
        words.hidden = !fault;
        input.setAttribute("aria-invalid", String(Boolean(fault)));
      }
      $("[aria-invalid=true]", form)?.focus();
    },
    onkeydown: (event) => { if (event.key === "Escape") done(null); } },
  h("p", { class: "about" }, h("b", {}, title), about && ` ${about}`), rows,
  h("div", { class: "row" }, send, h("button", { type: "button", onclick: () => done(null) }, "Cancel")));
  return form;
}

async function press(id, intent, value) {
  if (pressed.has(id)) return;
  pressed.add(id);
  redraw(id);
  const answer = await reply("/console/press", { card: id, intent, value });
  pressed.delete(id);
  told(id, answer);
}

/** Shows what came of it: the card as it stands now, and the words below each of its copies. */
function told(id, answer) {
  if (answer.card) remember(answer.card);
  redraw(id);
  const stick = nearBottom();
  for (const card of document.querySelectorAll(copies(id))) {
    card.parentElement.querySelectorAll(".note").forEach((old) => old.remove());
    if (answer.text) card.after(privately(answer, { class: "note" }));
  }
  if (stick) toBottom();
}

function privately(answer, attributes) {
  const dismiss = h("button", { type: "button", class: "dismiss", "aria-label": "Dismiss", onclick: () => note.remove() });
  const note = h("div", { ...attributes, role: "status", "data-private": true, "data-ok": String(answer.ok), "data-code": answer.code }, onlyYou(), saying(answer), dismiss);
  return note;
}

// ---- the composer ---------------------------------------------------------------------------------------------

const composer = $("#composer");
const sent = []; // what was sent, for the up arrow
let recalled = 0;
let options = [];
let chosen = -1;
let asked = 0; // counts completions asked for, so that a late answer is dropped

function fill(text) {
  composer.value = text;
  composer.focus();
  typed();
}

function typed() {
  composer.rows = Math.min(8, composer.value.split("\n").length);
  $("#send").disabled = composer.value.trim() === "";
  complete();
}

async function complete() {
  const text = composer.value;
  const mine = ++asked;
  if (!text.startsWith("/") || text.includes("\n")) return offer([]);
  await new Promise((done) => setTimeout(done, 60));
  if (mine !== asked) return;
  const told = await ask(`/console/complete?text=${encodeURIComponent(text)}`).catch(() => null);
  if (mine === asked) offer(told?.suggestions ?? []);
}

function offer(suggestions) {
  options = suggestions.filter(({ insert }) => insert !== composer.value);
  $("#suggestions").replaceChildren(...options.map(({ insert, label, help }, index) => h("div", {
    role: "option", id: `option-${index}`, "data-insert": insert, "aria-selected": "false",
    onpointerdown: (event) => { event.preventDefault(); accept(index); },
  }, h("b", {}, label), h("span", {}, help))));
  $("#suggestions").hidden = options.length === 0;
  composer.setAttribute("aria-expanded", String(options.length > 0));
  choose(-1);
}

function choose(index) {
  chosen = index;
  [...$("#suggestions").children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
  if (index < 0) return composer.removeAttribute("aria-activedescendant");
  composer.setAttribute("aria-activedescendant", `option-${index}`);
  $(`#option-${index}`).scrollIntoView({ block: "nearest" });
}

const accept = (index) => fill(options[index].insert);

composer.addEventListener("input", typed);
composer.addEventListener("blur", () => { asked += 1; offer([]); });
composer.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (chosen >= 0) accept(chosen); else $("#talk").requestSubmit();
  } else if (event.key === "Escape") {
    asked += 1;
    offer([]);
  } else if (options.length > 0 && event.key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    accept(Math.max(chosen, 0));
  } else if (options.length > 0 && step) {
    event.preventDefault();
    choose(chosen < 0 && step < 0 ? options.length - 1 : (chosen + step + options.length) % options.length);
  } else if (step && sent.length > 0 && (composer.value === "" || composer.value === sent[recalled])) {
    event.preventDefault();
    recalled = Math.min(Math.max(recalled + step, 0), sent.length);
    composer.value = sent[recalled] ?? "";
    $("#send").disabled = composer.value === "";
  }
});

$("#talk").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = composer.value.trim();
  if (!text || !me) return;
  const channel = current;
  sent.push(text);
  recalled = sent.length;
  fill("");
  if (!text.startsWith("/")) {
    const answer = await reply("/console/say", { channel, text });
    if (!answer.ok) append(channel, line("rekindle", now(), { "data-private": true, "data-ok": "false", "data-code": answer.code }, onlyYou(), echo(text), words(answer.text)), now(), "rekindle");
    return;
  }
  const waiting = h("div", { class: "text waiting" }, "Working…");
  const item = line("rekindle", now(), { "data-private": true, "aria-busy": "true" }, onlyYou(), echo(text), waiting);
  append(channel, item, now(), me.handle);
  const answer = await reply("/console/say", { channel, text });
  item.removeAttribute("aria-busy");
  const answered = (place, answer) => {
    if (answer.card) remember(answer.card);
    const stick = nearBottom();
    item.dataset.ok = String(answer.ok);
    if (answer.code) item.dataset.code = answer.code;
    place.replaceWith(...[saying(answer), answer.card && drawCard(cards.get(answer.card.id))].filter(Boolean));
    if (stick) toBottom();
  };
  if (!answer.form) return answered(waiting, answer);
  const form = drawForm(answer.form, (answer) => { answered(form, answer ?? { ok: true, text: "Given up; nothing was done." }); composer.focus(); });
  waiting.replaceWith(form);
  toBottom();
  $("input, select", form)?.focus();
});

$("#newer").addEventListener("click", toBottom);

// ---- the stream -----------------------------------------------------------------------------------------------

let live = false; // the first state is drawn: what comes now is news
const stream = {
  source: null, quiet: 0, tries: 0, lost: false,
  open() {
    this.close();
    // The browser reconnects by itself with Last-Event-ID; `after` is for the first time, and for after a refusal.
    this.source = new EventSource(`/console/events?after=${last}`);
    const on = (name, does) => this.source.addEventListener(name, (event) => { this.heard(); last = Math.max(last, Number(event.lastEventId) || 0); does(event.data ? JSON.parse(event.data) : null); });
    on("message", addMessage);
    on("card", remember);
    on("clock", setClock);
    on("ping", () => {});
    this.source.addEventListener("open", () => {
      this.heard();
      // What was missed comes again by itself; the state says the rest: a role, a channel, a clock that was set.
      if (this.lost) ask("/console/state").then(take).then(() => { this.lost = false; this.tries = 0; $("#connection").hidden = true; }).catch(() => this.retry());
    });
    this.source.addEventListener("error", () => { this.shown(); if (this.source?.readyState === EventSource.CLOSED) this.retry(); });
    this.heard();
  },
  heard() { clearTimeout(this.quiet); this.quiet = setTimeout(() => { this.shown(); this.retry(); }, QUIET_MS); },
  shown() { this.lost = true; $("#connection").hidden = false; },
  retry() {
    this.close();
    this.quiet = setTimeout(() => ask("/console/state").then(() => this.open()).catch((error) => { if (!(error instanceof SignedOut)) this.retry(); }), Math.min(15_000, 500 * 2 ** this.tries++));
  },
  close() { clearTimeout(this.quiet); this.source?.close(); this.source = null; },
};

function take(state) {
  me = state.me;
  setClock(state.clock);
  $("#me").replaceChildren(h("span", { class: "face", "aria-hidden": "true" }, me.name.slice(0, 1).toUpperCase()), h("b", {}, me.name), h("span", { class: "role" }, me.role));
  Object.assign($("#me").dataset, { handle: me.handle, role: me.role });
  $("#me").hidden = false;
  state.channels.forEach(addChannel);
  if (!current) show(channels.keys().next().value);
  state.messages.forEach(addMessage);
  last = Math.max(last, state.last ?? 0);
}

async function start() {
  try {
    take(await ask("/console/state"));
  } catch (error) {
    if (error instanceof SignedOut) return;
    $("#connection").hidden = false;
    setTimeout(start, 2000);
    return;
  }
  $("#connection").hidden = true;
  live = true;
  $("#feed").setAttribute("aria-busy", "false");
  toBottom();
  stream.open();
  if (matchMedia("(hover: hover)").matches) composer.focus(); // no keyboard over the page of a phone
}
start();
