// two_machines: the images of two machines side by side; a full box is a layer that the other one has, an empty one travels.

const SEND_WORDS = { archive: "Send as archive", registry: "Push and pull" };

function layerBox() {
  const box = element("i");
  box.update = (layer) => setAttributes(box, { "data-status": layer.status, title: layer.words });
  return box;
}

function machineImage(picture) {
  const name = element("strong"), others = element("small"), detail = element("span"), there = element("span", { class: "slipway-state" });
  const digest = element("small"), travels = element("small"), layers = element("span", { class: "slipway-boxes", "aria-hidden": "true" });
  const acts = element("span", { class: "slipway-acts" }), boxes = new Map(), buttons = new Map();
  const card = element("li", { class: "slipway-card slipway-sent" },
    element("span", {}, name, " ", others), layers, detail, there, digest, travels, acts);
  card.update = (image) => {
    setAttributes(card, { "data-id": image.id, "data-status": image.status });
    setText(name, image.name);
    setText(others, image.others);
    setText(detail, image.detail);
    setText(there, image.there);
    setText(digest, image.digest);
    setText(travels, image.travels ? `To send it: ${image.travels}` : "");
    travels.hidden = !image.travels;
    keepChildren(layers, boxes, image.layers, layerBox);
    const held = acts.contains(document.activeElement);
    keepChildren(acts, buttons, image.acts, () => {
      const button = actButton(picture), fill = button.update;
      button.update = ({ id, line, refusal }) => fill(id, SEND_WORDS[id], image.name, line, { type: id, image: image.id }, refusal);
      return button;
    });
    acts.hidden = !image.acts.length;
    if (held && !acts.contains(document.activeElement)) picture.root.focus();
  };
  return card;
}

function machine(picture) {
  const title = element("p", { class: "slipway-side" }), list = element("ul"), more = element("p", { class: "slipway-more" });
  const cards = new Map(), older = fold(() => root.update(drawn));
  const root = element("div", { class: "slipway-machine" }, title, list, older, more);
  let drawn;
  root.update = (side) => {
    drawn = side;
    older.update(side.older);
    setText(title, side.title);
    setAttributes(root, { "data-id": side.id });
    setAttributes(list, { "aria-label": side.title });
    keepChildren(list, cards, side.images.filter(older.shows), () => machineImage(picture));
    setText(more, side.more);
  };
  return root;
}

function render({ model, el }) {
  const picture = frame(model, el, "Two machines");
  const sides = element("div", { class: "slipway-machines" }), known = new Map();
  const progress = meter(picture);
  const key = element("p", { class: "slipway-key" },
    element("i", { "data-status": "there", "aria-hidden": "true" }), " a layer that the other machine has  ",
    element("i", { "data-status": "missing", "aria-hidden": "true" }), " a layer that it does not have");
  const trouble = element("p", { class: "slipway-more" });
  picture.body.append(progress, sides, key, trouble);
  const draw = () => {
    const state = model.get("state");
    const held = picture.body.contains(document.activeElement);
    setText(picture.heading, `Two machines: ${state.summary}`);
    keepChildren(sides, known, state.sides, () => machine(picture));
    progress.update(state.sending);
    setText(trouble, state.trouble);
    if (state.change && !state.sending) picture.say(state.change);
    if (held && !picture.body.contains(document.activeElement)) picture.root.focus();
  };
  draw();
  model.on("change:state", draw);
  return () => { model.off("change:state", draw); picture.stop(); };
}

export default { render };
