// lifecycle: the states of one container as boxes, arrows with the commands that lead from one to another, and a token
// that moves to the present one; below, the steps that were seen.

const STEP_WORDS = { start: "Start", stop: "Stop", pause: "Pause", unpause: "Continue", remove: "Remove" };

function stateBox() {
  const words = element("strong"), mark = element("span", { class: "slipway-mark" }), keeps = element("span", { class: "slipway-keeps" });
  const box = element("li", { class: "slipway-card slipway-step" }, element("span", {}, words, " ", mark), keeps);
  box.update = (state) => {
    setAttributes(box, { "data-id": state.id, "data-status": state.now ? state.id : "" });
    if (state.now) box.setAttribute("aria-current", "step");
    else box.removeAttribute("aria-current");
    setText(words, state.words);
    setText(mark, state.now ? "← now" : "");
    keeps.replaceChildren(...state.keeps.split(" · ").map((part) => element("span", {}, part)));
  };
  return box;
}

function wayArrow() {
  const sign = element("span", { class: "slipway-sign" }), words = element("code");
  const arrow = element("li", { class: "slipway-way" }, sign, words);
  arrow.update = (way) => {
    setAttributes(arrow, { "data-id": way.id, "data-status": way.taken ? "taken" : "" });
    const [start, end] = way.id.split("-");
    setAttributes(arrow, { title: `${way.words}: from ${start} to ${end}${way.taken ? ", just now" : ""}` });
    setText(sign, way.taken ? "✓ " : "");
    setText(words, way.words);
  };
  return arrow;
}

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

// The token comes to a box from where it was before.
function moveTo(token, box) {
  const from = token.isConnected ? token.getBoundingClientRect() : null;
  box.prepend(token);
  const to = token.getBoundingClientRect();
  if (!from || STILL.matches || (from.x === to.x && from.y === to.y)) return;
  token.animate([{ transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` }, { transform: "none" }],
    { duration: 500, easing: "ease-in-out" });
}

function render({ model, el }) {
  const picture = frame(model, el, "Life of a container");
  const boxes = new Map(), buttons = new Map(), arrows = new Map();
  const token = element("span", { class: "slipway-token", "aria-hidden": "true" });
  const states = element("ol", { class: "slipway-states", role: "list", "aria-label": "States" });
  const ways = element("ul", { class: "slipway-ways", role: "list", "aria-label": "Commands between the states" });
  const machine = element("div", { class: "slipway-wide", tabindex: "0", role: "group", "aria-label": "States and commands" },
    element("div", { class: "slipway-machine" }, states, ways));
  const acts = element("p", { class: "slipway-acts" });
  const steps = element("ol", { "aria-label": "What happened" });
  const trouble = element("p", { class: "slipway-more" });
  picture.body.append(machine, acts, element("p", { class: "slipway-side" }, "What happened"), steps, trouble);

  let last = "";
  const draw = () => {
    const state = model.get("state");
    const held = acts.contains(document.activeElement);
    setText(picture.heading, `${state.name}, from ${state.image}: ${state.words}`);
    keepChildren(states, boxes, state.states, stateBox);
    keepChildren(ways, arrows, state.ways, wayArrow);
    const now = state.states.find((one) => one.now);
    if (now) moveTo(token, boxes.get(now.id));
    else token.remove();
    keepChildren(acts, buttons, state.acts, () => {
      const button = actButton(picture);
      const fill = button.update;
      button.update = ({ id, line, container }) =>
        fill(id, STEP_WORDS[id], model.get("state").name, line, { type: id, container });
      return button;
    });
    if (held && !acts.contains(document.activeElement)) (acts.querySelector("button") ?? picture.root).focus();
    steps.replaceChildren(...state.steps.map((step) => element("li", {}, step)));
    setText(trouble, state.trouble);
    if (last && last !== state.words) picture.say(`${state.name} is ${state.words}`);
    last = state.words;
  };
  draw();
  model.on("change:state", draw);
  return () => { model.off("change:state", draw); picture.stop(); };
}

export default { render };
