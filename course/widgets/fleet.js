// fleet: the containers of one image as cards, with their ports and a bar of what each answered.

const FLEET_WORDS = { kill: "Kill", start: "Start", remove: "Remove" };

function memberCard(picture) {
  const name = element("strong"), state = element("span", { class: "slipway-state" }), door = element("small");
  const fill = element("i"), answers = element("span"), last = element("small", { class: "slipway-last" });
  const bar = element("span", { class: "slipway-bar", "aria-hidden": "true" }, fill);
  const acts = element("span", { class: "slipway-acts" }), buttons = new Map();
  const card = element("li", { class: "slipway-card slipway-member" },
    element("span", {}, name, " ", state), door, element("span", { class: "slipway-answers" }, bar, answers), last, acts);
  card.update = (row) => {
    setAttributes(card, { "data-id": row.id, "data-status": row.status });
    setText(name, row.name);
    setText(state, row.words);
    setText(door, row.door);
    setText(answers, row.answers);
    setText(last, row.last);
    last.hidden = !row.last;
    fill.style.width = `${Number(row.share)}%`;
    const held = acts.contains(document.activeElement);
    keepChildren(acts, buttons, row.acts, () => {
      const button = actButton(picture), fillButton = button.update;
      button.update = ({ id, line }) => fillButton(id, FLEET_WORDS[id], row.name, line, { type: id, container: row.id });
      return button;
    });
    if (held && !acts.contains(document.activeElement)) (acts.querySelector("button") ?? picture.root).focus();
  };
  return card;
}

function render({ model, el }) {
  const picture = frame(model, el, "Fleet");
  const cards = new Map();
  const list = element("ul", { class: "slipway-members", "aria-label": "Containers" });
  const slider = keepsKeys(element("input", { type: "range", "aria-label": "How many containers" })), number = element("span", { class: "slipway-number" });
  slider.min = 0;
  const move = actButton(picture), ask = actButton(picture), clear = actButton(picture);
  const progress = meter(picture);
  const more = element("p", { class: "slipway-more" });
  picture.body.append(
    element("p", { class: "slipway-controls" }, element("span", {}, "Containers"), slider, number, move, ask, clear),
    progress, list, more);

  let chosen = model.get("state").number, before = chosen;
  const control = () => {
    const state = model.get("state");
    setText(number, String(chosen));
    move.update("move", `Move to ${chosen}`, "", state.moves[chosen], { type: "move", number: chosen },
      chosen === state.number ? `○ ${chosen} run already` : "");
  };
  slider.addEventListener("input", () => {
    chosen = Number(slider.value);
    control();
    picture.showLine(model.get("state").moves[chosen]);
  });
  const draw = () => {
    const state = model.get("state");
    const held = document.activeElement?.closest?.(".slipway-member");
    const place = held ? [...list.children].indexOf(held) : -1;
    if (before !== state.number) before = chosen = state.number;
    slider.max = state.most;
    slider.value = chosen;
    setText(picture.heading, state.summary);
    keepChildren(list, cards, state.members, () => memberCard(picture));
    if (place >= 0 && !held.isConnected) {
      const next = list.children[Math.min(place, list.children.length - 1)];
      (next?.querySelector("button") ?? picture.root).focus();
    }
    control();
    ask.update("ask", `Send ${state.ask_count} requests`, "", state.ask_line, { type: "ask", count: state.ask_count },
      state.members.length ? "" : "○ nobody is there to answer");
    clear.update("clear", "Remove all", "", state.clear_line, { type: "clear" },
      state.members.length ? "" : "○ nothing is there to remove");
    progress.update(state.asking);
    setText(more, [state.more, state.trouble].filter(Boolean).join(" "));
    if (state.change) picture.say(state.change);
  };
  draw();
  model.on("change:state", draw);
  return () => { model.off("change:state", draw); picture.stop(); };
}

export default { render };
