// predict: the options as radio buttons, answered once; later two cards, yours and the engine's.

let questions = 0; // names of radio groups must differ within a page

function optionCard(group, chosen) {
  const input = keepsKeys(element("input", { type: "radio" })), words = element("span"), mark = element("span", { class: "slipway-mark" });
  input.name = group;
  input.addEventListener("change", chosen);
  const card = element("label", { class: "slipway-card slipway-option" }, input, words, " ", mark);
  card.input = input;
  card.update = (option) => {
    setAttributes(card, { "data-id": option.id, "data-status": option.mine ? "chosen" : "" });
    input.value = option.id;
    input.disabled = option.answered;
    if (option.mine) input.checked = true;
    setText(words, option.words);
    setText(mark, option.mine ? "← your prediction" : "");
  };
  return card;
}

function side(title) {
  const words = element("strong"), mark = element("span", { class: "slipway-state" });
  const card = element("div", { class: "slipway-card slipway-answer" }, element("p", { class: "slipway-side" }, title), words, " ", mark);
  card.update = (text, status, marked) => {
    setAttributes(card, { "data-status": status });
    setText(words, text);
    setText(mark, marked);
  };
  return card;
}

// Where the picture stands in a notebook, the next cell has the focus after an answer: Shift+Enter goes on.
function goOn(node) {
  const next = node.closest(".jp-Cell")?.nextElementSibling;
  if (!next?.classList.contains("jp-Cell")) return false;
  if (!next.hasAttribute("tabindex")) next.setAttribute("tabindex", "-1");
  next.focus();
  return next.contains(document.activeElement);
}

function render({ model, el }) {
  const picture = frame(model, el, `Predict: ${model.get("state").text}`);
  const group = `slipway-question-${questions += 1}`;
  const cards = new Map();
  const options = element("div", { class: "slipway-options", role: "radiogroup", "aria-label": "Options" });
  const button = actButton(picture);
  const acts = element("p", {}, button);
  const yours = side("You predicted"), engine = side("The answer");
  const sides = element("div", { class: "slipway-sides", tabindex: "-1" }, yours, engine);
  const because = element("p", { class: "slipway-because" });
  picture.body.append(options, acts, sides, because);

  const picked = () => [...cards.values()].find((card) => card.input.checked);
  const ready = () => {
    const letter = picked()?.input.value ?? "";
    const option = model.get("state").options.find((one) => one.id === letter);
    button.update("answer", letter ? `Predict ${letter}` : "Predict", "", option?.line ?? "", { type: "answer", letter },
      letter ? "" : "○ choose an option first");
    picture.showLine(option?.line ?? "");
  };
  options.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || model.get("state").chosen) return;
    const card = cards.get(event.key.toUpperCase());
    if (card) { card.input.checked = true; card.input.focus(); ready(); }
    else if (event.key === "Enter") button.click();
    else return;
    event.preventDefault();
  });

  let open = false;
  const draw = () => {
    const state = model.get("state");
    const truth = state.truth, answered = Boolean(state.chosen || truth);
    const held = picture.body.contains(document.activeElement);
    setText(picture.heading, `Predict: ${state.text}`);
    keepChildren(options, cards, state.options.map((one) => ({ ...one, answered, mine: one.id === state.chosen })),
      () => optionCard(group, ready));
    acts.hidden = answered;
    if (answered) picture.showLine(""); else ready();
    options.hidden = sides.hidden = because.hidden = false;
    if (truth) {
      yours.update(truth.yours, truth.status, truth.mark);
      engine.update(truth.engine, "right", "");
      setText(because, truth.because);
      options.hidden = true;
    } else sides.hidden = because.hidden = true;
    picture.say(state.said);
    const lost = !picture.body.contains(document.activeElement) || (acts.hidden && acts.contains(document.activeElement));
    const moved = held && open && answered && !truth && goOn(el);
    if (held && lost && !moved) picture.root.focus();
    open = !answered;
  };
  draw();
  model.on("change:state", draw);
  return () => { model.off("change:state", draw); picture.stop(); };
}

export default { render };
