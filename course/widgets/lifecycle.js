// lifecycle: the states of one container in a row, the present one marked; below, what is kept, and the steps seen.

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

function render({ model, el }) {
  const picture = frame(model, el, "Life of a container");
  const boxes = new Map(), buttons = new Map();
  const states = element("ol", { class: "slipway-states", "aria-label": "States" });
  const acts = element("p", { class: "slipway-acts" });
  const steps = element("ol", { "aria-label": "What happened" });
  const trouble = element("p", { class: "slipway-more" });
  picture.body.append(states, acts, element("p", { class: "slipway-side" }, "What happened"), steps, trouble);

  let last = "";
  const draw = () => {
    const state = model.get("state");
    const held = acts.contains(document.activeElement);
    setText(picture.heading, `${state.name}, from ${state.image}: ${state.words}`);
    keepChildren(states, boxes, state.states, stateBox);
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
