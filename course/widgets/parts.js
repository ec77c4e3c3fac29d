// What all pictures share. Everything that the engine says arrives as text and stays text: textContent and a closed
// list of attributes, never HTML.

const PLAIN = new Set(["class", "type", "role", "title", "tabindex", "aria-label", "aria-live", "aria-hidden",
  "aria-disabled", "aria-describedby", "data-status", "data-id", "data-act", "viewBox", "d"]);

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
  const log = element("pre", { class: "slipway-log", tabindex: "0", "aria-label": "end of the log" });
  same.hidden = log.hidden = true;
  root.append(heading, body, said, same, log);
  el.append(root);

  let number = 0;
  const say = (text) => setText(said, text);
  const showLine = (line) => { setText(code, line); same.hidden = !line; };
  const ask = (command) => {
    number += 1;
    say("…");
    model.send({ id: number, command });
  };
  const also = (command) => model.send({ id: number, command }); // beside the one that runs: to cancel it
  copy.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(code.textContent); say("✓ copied"); } catch {
      getSelection().selectAllChildren(code); // no right to write: the line is selected, to copy with the keyboard
      say("○ the line is selected; copy it with the keyboard");
    }
  });
  const answered = (message) => {
    if (!message || message.re !== number) return;
    say(message.notice || "");
    if (typeof message.log === "string") { setText(log, message.log); log.hidden = false; }
  };
  model.on("msg:custom", answered);
  const stop = () => model.off("msg:custom", answered);
  return { root, heading, body, say, showLine, ask, also, stop };
}

// A button that asks for a command, and shows the docker-py line of it as soon as it is reached.
function actButton(picture) {
  const button = element("button", { type: "button" });
  button.addEventListener("focus", () => picture.showLine(button.line));
  button.addEventListener("pointerenter", () => picture.showLine(button.line));
  button.addEventListener("click", () => {
    picture.showLine(button.line);
    if (button.refusal) picture.say(button.refusal);
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
