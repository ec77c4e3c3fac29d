// What all pictures share. Everything that the engine says arrives as text and stays text: textContent and a closed
// list of attributes, never HTML.

const PLAIN = new Set(["class", "type", "role", "title", "tabindex", "aria-label", "aria-live", "aria-hidden",
  "aria-disabled", "aria-describedby", "aria-expanded", "data-status", "data-id", "data-act", "viewBox", "d"]);

function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (!PLAIN.has(name)) throw new Error(`attribute ${name} is not in the closed list`);
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

// JupyterLab's shortcuts for what has the focus are found at that node itself: there they must be suppressed too.
function keepsKeys(node) {
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  return node;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Keep one child for each item, by id: a node that stays keeps its focus. `make` returns a node with an `update`.
function keepChildren(parent, known, items, make) {
  const wanted = new Set(items.map((item) => item.id));
  for (const [id, node] of known) {
    if (!wanted.has(id)) { node.remove(); known.delete(id); }
  }
  let place = parent.firstChild;
  for (const item of items) {
    let node = known.get(item.id);
    if (!node) { node = make(item); known.set(item.id, node); }
    node.update(item);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}

// Call `ended` once, when the kernel behind a picture ends or starts again while the page stays open. JupyterLab and
// Notebook 7 tell it by their kernel connection; elsewhere a command that gets no answer says so (see `ask`).
function followKernel(model, ended) {
  const kernel = model.widget_manager?.kernel;
  const told = (_, status) => {
    if (["dead", "restarting", "autorestarting", "terminating"].includes(status)) ended();
  };
  kernel?.statusChanged?.connect(told);
  kernel?.disposed?.connect(ended);
  return () => { kernel?.statusChanged?.disconnect(told); kernel?.disposed?.disconnect(ended); };
}

const PATIENCE = 10000; // milliseconds without an answer, after which a picture says that it still waits

// The hue of a layer, from its digest: the same one in every picture.
function hueOf(digest) {
  let sum = 0;
  for (const letter of digest) sum = (sum * 31 + letter.charCodeAt(0)) % 360;
  return sum;
}

// A bar: `part` is from 0 to 1, or null while it is unknown.
function bar(label) {
  const node = element("progress", { "aria-label": label });
  node.max = 1;
  node.update = (part) => {
    if (typeof part === "number") node.value = part;
    else node.removeAttribute("value");
  };
  return node;
}

// A button that folds what other lessons made away, and unfolds it. `changed` draws the picture again.
function fold(changed) {
  const button = element("button", { type: "button", class: "slipway-fold", "data-act": "fold" });
  let open = false;
  button.shows = (item) => open || !item.older;
  button.update = (words) => { // "12 older, made in L01, L02", or "" where there is nothing to fold
    button.hidden = !words;
    setAttributes(button, { "aria-expanded": open });
    setText(button, `${open ? "▾" : "▸"} ${words || ""}`);
  };
  button.addEventListener("click", () => { open = !open; changed(); });
  return button;
}

// How far a long command is: a bar, words, and a button that cancels it.
function meter(picture) {
  const words = element("span"), part = bar("progress");
  const cancel = element("button", { type: "button", "data-act": "cancel" }, "Cancel");
  const root = element("p", { class: "slipway-meter" }, part, words, cancel);
  cancel.addEventListener("click", () => picture.also({ type: "cancel" }));
  root.update = (state) => { // {share: 0 to 100, or null while it is unknown; words}, or null
    if (!state && root.contains(document.activeElement)) picture.root.focus();
    root.hidden = !state;
    if (!state) return;
    part.update(typeof state.share === "number" ? state.share / 100 : null);
    setText(words, state.words);
  };
  root.hidden = true;
  return root;
}

// The frame of a picture: a heading, the body, one polite region, the docker-py line of the button in hand, a log.
function frame(model, el, title) {
  const root = element("section", { class: "slipway", role: "group", "aria-label": title, tabindex: "-1" });
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab leaves the keys to the buttons
  const heading = element("p", { class: "slipway-title" });
  const body = element("div", { class: "slipway-body" });
  const said = element("p", { class: "slipway-said", role: "status", "aria-live": "polite" });
  const code = element("code", { class: "slipway-line" });
  const copy = element("button", { type: "button", "data-act": "copy" }, "Copy");
  const same = element("p", { class: "slipway-same" }, "The same in a cell: ", code, " ", copy);
  const over = element("p", { class: "slipway-over", role: "status", "aria-live": "polite" });
  const say = (text) => setText(said, text);
  let number = 0;
  const send = (command) => { // with the number of the command that runs: so `also` cancels that one
    const heard = !root.hasAttribute("data-ended");
    if (heard) model.send({ id: number, command });
    else say("✗ nothing was done: the kernel of this picture has ended");
    return heard;
  };
  const far = meter({ root, also: send });
  const log = element("pre", { class: "slipway-log", tabindex: "0", "aria-label": "end of the log" });
  same.hidden = log.hidden = true;
  root.append(heading, over, body, far, said, same, log);
  el.append(root);

  let waiting = 0;
  const ended = () => {
    clearTimeout(waiting);
    root.setAttribute("data-ended", "true");
    setText(over, "■ The kernel of this picture has ended: it shows how things were. Run its cell again for a new one.");
  };
  const showLine = (line) => { setText(code, line); same.hidden = !line; };
  const ask = (command) => {
    number += 1;
    if (!send(command)) return;
    say("…");
    clearTimeout(waiting);
    waiting = setTimeout(() => say("… no answer yet: the kernel runs a cell, or it has ended"), PATIENCE);
  };
  copy.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(code.textContent); say("✓ copied"); } catch {
      getSelection().selectAllChildren(code); // no right to write: the line is selected, to copy with the keyboard
      say("○ the line is selected; copy it with the keyboard");
    }
  });
  const answered = (message) => {
    if (!message || message.re !== number) return;
    clearTimeout(waiting);
    say(message.notice || "");
    if (typeof message.log === "string") { setText(log, message.log); log.hidden = false; }
  };
  model.on("msg:custom", answered);
  const drawFar = () => far.update(model.get("progress")?.words ? model.get("progress") : null);
  drawFar();
  model.on("change:progress", drawFar);
  const unfollow = followKernel(model, ended);
  const stop = () => { clearTimeout(waiting); unfollow(); model.off("change:progress", drawFar); model.off("msg:custom", answered); };
  return { root, heading, body, say, showLine, ask, also: send, stop };
}

// A button that asks for a command, and shows the docker-py line of it as soon as it is reached.
function actButton(picture) {
  const button = element("button", { type: "button" });
  button.addEventListener("focus", () => picture.showLine(button.line));
  button.addEventListener("pointerenter", () => picture.showLine(button.line));
  button.addEventListener("click", () => {
    picture.showLine(button.line);
    if (button.refusal && !picture.root.hasAttribute("data-ended")) picture.say(button.refusal);
    else picture.ask(button.asked);
  });
  button.update = (act, word, name, line, asked, refusal = "") => {
    setAttributes(button, { "data-act": act, "aria-label": `${word} ${name}`.trim(), title: line,
      "aria-disabled": String(Boolean(refusal)) });
    setText(button, word);
    Object.assign(button, { line, asked, refusal }); // not `command`: browsers have a property of that name
    if (document.activeElement === button) picture.showLine(line);
  };
  return button;
}
