// An exercise as a card: the verdict, a bar of points, one row for each goal, what to try next, and what helps.

const TONE = { passed: "passed", partly: "partly", failed: "failed", open: "open", unknown: "unknown", advice: "open" };

function goalRow() {
  const sign = element("span", { class: "slipway-sign", "aria-hidden": "true" });
  const state = element("span", { class: "slipway-state" }), title = element("span"), observed = element("small");
  const row = element("li", { class: "slipway-goal" }, sign, element("span", {}, state, " ", title, " ", observed));
  row.update = (goal) => {
    setAttributes(row, { "data-id": goal.id, "data-status": TONE[goal.status] ?? "open" });
    setText(sign, goal.words.split(" ")[0]);
    setText(state, `${goal.words.split(" ").slice(1).join(" ")}:`);
    setText(title, goal.title);
    setText(observed, goal.observed ? `— ${goal.observed}` : "");
  };
  return row;
}

function stepRow() {
  const name = element("dt"), text = element("dd");
  const row = element("div", {}, name, text);
  row.update = (step) => { setText(name, step.name); setText(text, step.text); };
  return row;
}

function render({ model, el }) {
  const picture = frame(model, el, `Exercise: ${model.get("state").title}`);
  picture.root.classList.add("slipway-exercise-card");
  const badge = element("strong", { class: "slipway-badge" }), points = element("span", { class: "slipway-points" });
  const part = bar("points earned");
  const note = element("p", { class: "slipway-note" });
  const goals = element("ul", { class: "slipway-goals", "aria-label": "Goals" });
  const steps = element("dl", { class: "slipway-steps" });
  const shown = element("p", { class: "slipway-shown" }), go = element("a", { class: "slipway-go" });
  const hints = element("ul", { class: "slipway-hints", "aria-label": "Hints" });
  const solution = element("pre", { class: "slipway-log", tabindex: "0", "aria-label": "Solution" });
  const acts = element("p", { class: "slipway-acts" });
  picture.body.append(element("p", { class: "slipway-verdict" }, badge, part, points), goals, note, steps,
    shown, element("p", {}, go), hints, solution, acts);
  let told = model.get("state").change;
  const goalRows = new Map(), stepRows = new Map(), buttons = new Map();

  const act = (one) => {
    const button = element("button", { type: "button" });
    button.addEventListener("click", () => {
      if (button.refusal && !picture.root.hasAttribute("data-ended")) picture.say(button.refusal);
      else picture.ask({ type: one.id });
    });
    button.update = ({ id, words, refusal }) => {
      setAttributes(button, { "data-act": id, "aria-disabled": String(Boolean(refusal)), title: refusal || words });
      setText(button, words);
      button.refusal = refusal;
    };
    return button;
  };
  const draw = () => {
    const state = model.get("state"), held = picture.root.contains(document.activeElement);
    setText(picture.heading, state.title);
    setAttributes(picture.root, { "data-status": TONE[state.status] ?? "open" });
    setText(badge, state.words);
    part.update(state.share / 100);
    setText(points, state.points);
    keepChildren(goals, goalRows, state.goals, goalRow);
    setText(note, state.note);
    note.hidden = !state.note;
    if (state.change && state.change !== told) picture.say(state.change);
    told = state.change;
    keepChildren(steps, stepRows, state.steps, stepRow);
    steps.hidden = !state.steps.length;
    setText(shown, state.shown);
    shown.hidden = !state.shown;
    setText(go, state.link_words);
    if (state.link) openBeside(go, state.link);
    go.parentElement.hidden = !state.link;
    hints.replaceChildren(...state.hints.map((line) => element("li", {}, line)));
    hints.hidden = !state.hints.length;
    setText(solution, state.solution);
    solution.hidden = !state.solution;
    keepChildren(acts, buttons, state.acts, act);
    if (held && !picture.root.contains(document.activeElement)) picture.root.focus();
  };
  draw();
  model.on("change:state", draw);
  return () => { model.off("change:state", draw); picture.stop(); };
}

export default { render };
