// layers: towers of layers on common ground, the newest on top. A shared layer is one box over all of its columns; a
// box is as high as the logarithm of its size, and a layer has one colour wherever it stands.

const DOES = { added: "running", changed: "paused", deleted: "dead" }; // the colours of these states

function fileList(files) {
  return files.map((file) =>
    element("li", { "data-status": DOES[file.does] },
      element("span", { class: "slipway-state" }, file.mark), " ", file.path, " ", element("small", {}, file.detail ?? "")));
}

function columnHead(picture) {
  const title = element("strong"), state = element("span", { class: "slipway-state" }), detail = element("small");
  const note = element("span"), words = element("strong"), files = element("ul", { class: "slipway-files" });
  const more = element("small"), look = element("button", { type: "button", "data-act": "look" }, "Look again");
  const own = element("div", { class: "slipway-card slipway-own" }, element("span", {}, "its own layer: ", words), " ", look, files, more);
  const settings = element("ul", { class: "slipway-settings" });
  const head = element("div", { class: "slipway-column", role: "listitem" },
    element("p", {}, title, " ", state, element("br"), detail), note, settings, own);
  look.addEventListener("click", () => picture.ask({ type: "look" }));
  let line = "";
  look.addEventListener("focus", () => picture.showLine(line));
  look.addEventListener("pointerenter", () => picture.showLine(line));
  head.update = (column) => {
    line = column.line;
    setText(title, column.title);
    setText(state, column.state);
    setText(detail, column.detail);
    setText(note, column.note);
    setAttributes(look, { "aria-label": `Look again at ${column.title}` });
    own.hidden = !column.own;
    setText(words, column.own?.words ?? "");
    files.replaceChildren(...fileList(column.own?.files ?? []));
    setText(more, column.own?.more ?? "");
    settings.replaceChildren(...column.settings.map((setting) => element("li", {}, `${setting} (no layer)`)));
  };
  return head;
}

const LEAST = 52, STEP = 18; // pixels: of an empty layer, and for each tenfold of its size from 1 kB on

function layerBox(picture) {
  const number = element("small"), detail = element("small"), of = element("small");
  const code = element("code"), settings = element("ul", { class: "slipway-settings" });
  const open = actButton(picture);
  const box = element("div", { class: "slipway-card slipway-layer" },
    element("span", {}, number, " ", code), element("span", { class: "slipway-foot" }, detail, of, open));
  const item = element("div", { role: "listitem" }, settings, box);
  item.update = (layer) => {
    setAttributes(box, { "data-id": layer.id });
    box.style.setProperty("--sw-hue", hueOf(layer.layer));
    box.style.minHeight = `${LEAST + STEP * Math.max(0, Math.log10(Math.max(1, layer.size) / 1000))}px`;
    setText(number, `layer ${layer.number}`);
    setText(code, layer.instruction);
    setText(detail, layer.detail);
    setText(of, layer.span > 1 ? layer.of : "");
    settings.hidden = !layer.settings.length;
    settings.replaceChildren(...layer.settings.map((setting) => element("li", {}, `then ${setting} (no layer)`)));
    open.update("open", "Files", `of layer ${layer.number} of ${layer.of}`, layer.line,
      { type: "open", layer: layer.layer, start: 0 });
  };
  return item;
}

// What stands on a level over some columns: a box over those that share it, with what stands on it above; where a tower
// has ended, its name.
function towerOf(state, heads, boxes, first, span, level) {
  const row = element("div", { class: "slipway-columns" });
  row.style.gridTemplateColumns = `repeat(${span}, minmax(0, 1fr))`;
  for (let column = first; column < first + span;) {
    const layer = state.boxes.find((one) => one.level === level && one.first === column);
    const over = layer?.span ?? 1;
    const part = layer
      ? element("div", { class: "slipway-part" }, towerOf(state, heads, boxes, column, over, level + 1), boxes.get(layer.id))
      : heads.get(String(column));
    part.style.gridColumn = `span ${over}`;
    row.append(part);
    column += over;
  }
  return row;
}

// Make, update and drop the nodes for these items; says whether others are there than before.
function keepNodes(known, items, make) {
  const wanted = new Set(items.map((item) => item.id));
  const before = known.size;
  for (const id of [...known.keys()]) if (!wanted.has(id)) known.delete(id);
  const dropped = known.size !== before;
  const made = items.filter((item) => !known.has(item.id));
  for (const item of made) known.set(item.id, make());
  for (const item of items) known.get(item.id).update(item);
  return dropped || made.length > 0;
}

function openedPart(picture) {
  const title = element("strong"), words = element("span"), range = element("small");
  const list = element("ul", { class: "slipway-files slipway-scroll", tabindex: "0", role: "list", "aria-label": "Files of the layer" });
  const turn = (act, word) => {
    const button = element("button", { type: "button", "data-act": act }, word);
    button.addEventListener("click", () => picture.ask(button.asked));
    return button;
  };
  const before = turn("before", "Earlier files"), after = turn("after", "Later files"), shut = turn("shut", "Shut");
  shut.asked = { type: "shut" };
  const part = element("div", { class: "slipway-card slipway-opened" },
    element("p", {}, title, ": ", words), list, element("p", { class: "slipway-acts" }, range, before, after, shut));
  part.update = (opened) => {
    part.hidden = !opened.layer;
    if (part.hidden) return;
    setText(title, `Files of ${opened.title}`);
    setText(words, opened.words);
    setText(range, opened.range);
    list.replaceChildren(...fileList(opened.files));
    list.scrollTop = 0;
    for (const [button, start] of [[before, opened.before], [after, opened.after]]) {
      button.hidden = start === null;
      button.asked = { type: "open", layer: opened.layer, start };
    }
  };
  return part;
}

function render({ model, el }) {
  const picture = frame(model, el, "Layers");
  const heads = new Map(), boxes = new Map();
  const view = element("div", { class: "slipway-wide", role: "list", "aria-label": "Images and containers, each on its layers" });
  const key = element("small", {}, "The higher a layer, the larger, by the logarithm; one colour is one layer.");
  const opened = openedPart(picture), trouble = element("p", { class: "slipway-more" });
  picture.body.append(view, key, opened, trouble);

  const draw = () => {
    const state = model.get("state");
    setText(picture.heading, state.summary);
    const others = keepNodes(heads, state.columns, () => columnHead(picture));
    if (keepNodes(boxes, state.boxes, () => layerBox(picture)) || others) {
      const held = view.contains(document.activeElement) ? document.activeElement : null;
      const tower = towerOf(state, heads, boxes, 0, state.columns.length, 0);
      tower.classList.add("slipway-tower");
      tower.style.minWidth = `${170 * state.columns.length}px`;
      view.replaceChildren(tower);
      if (held) (held.isConnected ? held : picture.root).focus();
    }
    setText(trouble, state.trouble);
    if (state.change) picture.say(state.change);
  };
  const drawOpened = () => {
    const held = opened.contains(document.activeElement);
    opened.update(model.get("opened") ?? {});
    if (held && document.activeElement?.closest("[hidden]") !== null) picture.root.focus();
  };
  draw();
  drawOpened();
  model.on("change:state", draw);
  model.on("change:opened", drawOpened);
  return () => { model.off("change:state", draw); model.off("change:opened", drawOpened); picture.stop(); };
}

export default { render };
