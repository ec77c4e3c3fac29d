// Long work of a cell: one row for each part of it, with a symbol and a word, time or bytes, and a button that cancels.

const TONES = { done: "running", cached: "running", running: "paused", failed: "dead", stopped: "dead" };
const INTERRUPT_AFTER = 1500; // milliseconds: the kernel reads messages of a page while a cell runs, or it does not

function workRow() {
  const number = element("small"), what = element("code"), state = element("span", { class: "slipway-state" });
  const time = element("small"), last = element("small"), note = element("small", { class: "slipway-note" });
  const part = bar("how far it is");
  const row = element("li", { class: "slipway-card slipway-work" },
    number, element("span", {}, what, note), part, state, time, last);
  row.update = (one) => {
    setAttributes(row, { "data-id": one.id, "data-status": TONES[one.status] ?? "" });
    setText(number, one.number);
    setText(what, one.what);
    setText(state, one.words);
    setText(time, one.time);
    setText(last, one.last);
    setText(note, one.note);
    part.hidden = typeof one.part !== "number";
    part.update(one.part);
    setAttributes(part, { "aria-label": `how far ${one.what} is` });
  };
  return row;
}

function render({ model, el }) {
  const picture = frame(model, el, model.get("state").title);
  const rows = new Map();
  const list = element("ol", { class: "slipway-scroll", tabindex: "0", role: "list", "aria-label": "Steps" });
  const cancel = element("button", { type: "button", "data-act": "cancel" }, "Cancel");
  const output = element("pre", { class: "slipway-log", tabindex: "0", "aria-label": "Output of the step that failed" });
  const excerpt = element("pre", { class: "slipway-log", tabindex: "0", "aria-label": "The line of the Dockerfile" });
  const closing = element("p", { class: "slipway-title" });
  const advice = element("ul", { "aria-label": "Advice of hadolint, not an error" });
  picture.body.append(list, element("p", { class: "slipway-acts" }, cancel), output, excerpt, closing, advice);

  let waiting = 0;
  cancel.addEventListener("click", () => {
    picture.ask({ type: "cancel" });
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const kernel = model.widget_manager?.kernel;
      if (picture.root.hasAttribute("data-ended") || !model.get("state").running) return; // a new kernel does other work
      if (kernel?.interrupt) kernel.interrupt();
      else picture.say("… no answer: press the stop button of the cell");
    }, INTERRUPT_AFTER);
  });
  const draw = () => {
    const state = model.get("state");
    const held = document.activeElement === cancel;
    setText(picture.heading, state.title);
    keepChildren(list, rows, state.rows, workRow);
    cancel.hidden = !state.running;
    if (held && cancel.hidden) picture.root.focus();
    for (const [node, text] of [[output, state.output], [excerpt, state.excerpt]]) {
      setText(node, text);
      node.hidden = !text;
    }
    if (state.closing && closing.textContent !== state.closing) picture.say(""); // it is read once, below
    setText(closing, state.closing);
    advice.replaceChildren(...state.advice.map((one) => element("li", {}, `advice, ${one}`)));
    advice.hidden = !state.advice.length;
  };
  setAttributes(closing, { role: "status", "aria-live": "polite" });
  draw();
  model.on("change:state", draw);
  return () => { clearTimeout(waiting); model.off("change:state", draw); picture.stop(); };
}

export default { render };
