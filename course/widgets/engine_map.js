// engine_map: images as blueprints on the left, containers as hulls on the right, a line from each to its image.

const WORDS = { start: "Start", stop: "Stop", unpause: "Continue" };
const MOST_BARS = 12; // layers drawn in a stack; the number beside it is always exact

function imageCard() {
  const name = element("strong"), others = element("small"), detail = element("span");
  const stack = element("span", { class: "slipway-stack", "aria-hidden": "true" });
  const card = element("li", { class: "slipway-card slipway-image" }, stack, element("span", {}, name, " ", others, element("br"), detail));
  card.update = (image) => {
    setAttributes(card, { "data-id": image.id });
    setText(name, image.name);
    setText(others, image.others ? `also ${image.others}` : "");
    setText(detail, image.detail);
    const bars = Math.min(image.layers, MOST_BARS);
    if (stack.childElementCount !== bars) stack.replaceChildren(...Array.from({ length: bars }, () => element("i")));
  };
  return card;
}

function containerCard(picture) {
  const name = element("strong"), state = element("span", { class: "slipway-state" }), from = element("small");
  const main = actButton(picture), log = actButton(picture), remove = actButton(picture);
  const card = element("li", { class: "slipway-card slipway-container" },
    element("span", {}, name, " ", state, element("br"), from), element("span", { class: "slipway-acts" }, main, log, remove));
  card.update = (row) => {
    setAttributes(card, { "data-id": row.id, "data-status": row.status });
    setText(name, row.name);
    setText(state, row.words);
    setText(from, `from ${row.image}`);
    const act = (button, type, word, refusal) =>
      button.update(type, word, row.name, row.lines[type], { type, container: row.id }, refusal);
    act(main, row.main, WORDS[row.main]);
    act(log, "log", "Log");
    act(remove, "remove", "Remove", row.removable ? "" : `○ ${row.name} is ${row.status}: stop it first`);
  };
  return card;
}

function drawLines(grid, svg, state, images, containers) {
  const origin = grid.getBoundingClientRect();
  const paths = [];
  for (const row of state.containers) {
    const from = images.get(row.image_id)?.getBoundingClientRect(), to = containers.get(row.id)?.getBoundingClientRect();
    if (!from || !to || to.left <= from.right) continue; // one column on a narrow page: the words say it
    const [x1, y1] = [from.right - origin.left, from.top + from.height / 2 - origin.top];
    const [x2, y2] = [to.left - origin.left, to.top + to.height / 2 - origin.top];
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const middle = (x1 + x2) / 2;
    setAttributes(path, { d: `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`, "data-status": row.status });
    paths.push(path);
  }
  svg.replaceChildren(...paths);
}

function render({ model, el }) {
  const picture = frame(model, el, "Engine map");
  const images = new Map(), containers = new Map();
  const left = element("ul", { "aria-label": "Images" }), right = element("ul", { "aria-label": "Containers" });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  setAttributes(svg, { "aria-hidden": "true", class: "slipway-lines" });
  const empty = element("p", { class: "slipway-empty" }, "No container yet.");
  const grid = element("div", { class: "slipway-grid" }, svg,
    element("div", { class: "slipway-left" }, element("p", { class: "slipway-side" }, "Images"), left),
    element("div", {}, element("p", { class: "slipway-side" }, "Containers"), right, empty));
  const more = element("p", { class: "slipway-more" }), older = fold(() => draw());
  const view = element("div", { class: "slipway-scroll", role: "region", "aria-label": "Images and containers", tabindex: "0" }, grid);
  picture.body.append(view, older, more);

  const draw = () => {
    const state = model.get("state");
    const held = document.activeElement?.closest?.(".slipway-container");
    const place = held ? [...right.children].indexOf(held) : -1;
    setText(picture.heading, state.summary);
    older.update(state.older);
    const shown = state.containers.filter(older.shows);
    keepChildren(left, images, state.images.filter(older.shows), imageCard);
    keepChildren(right, containers, shown, () => containerCard(picture));
    if (place >= 0 && !held.isConnected) { // its container is gone: the focus goes to the next one
      const next = right.children[Math.min(place, right.children.length - 1)];
      (next?.querySelector("button") ?? picture.root).focus();
    }
    setText(empty, state.containers.length ? "No container of this lesson yet." : "No container yet.");
    empty.hidden = shown.length > 0;
    setText(more, [state.more, state.trouble].filter(Boolean).join(" "));
    if (state.change) picture.say(state.change);
    redraw();
  };
  let frameAsked = 0;
  const redraw = () => {
    cancelAnimationFrame(frameAsked);
    frameAsked = requestAnimationFrame(() => drawLines(grid, svg, model.get("state"), images, containers));
  };
  const sized = new ResizeObserver(redraw);
  draw();
  sized.observe(grid);
  view.addEventListener("scroll", redraw, { passive: true });
  right.addEventListener("animationend", redraw); // a line ends where the hull has come to lie
  model.on("change:state", draw);
  return () => {
    cancelAnimationFrame(frameAsked);
    sized.disconnect();
    model.off("change:state", draw);
    picture.stop();
  };
}

export default { render };
