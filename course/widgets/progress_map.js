// progress_map: the lessons in order, their exercises inside, and a link that opens a lesson's notebook.

function exerciseRow() {
  const title = element("span"), state = element("span", { class: "slipway-state" }), detail = element("small");
  const row = element("li", { class: "slipway-exercise" }, state, " ", title, " ", detail);
  row.update = (exercise) => {
    setAttributes(row, { "data-id": exercise.id, "data-status": exercise.status });
    setText(title, exercise.title);
    setText(state, exercise.words);
    setText(detail, exercise.detail);
  };
  return row;
}

function lessonCard() {
  const link = element("a"), state = element("span", { class: "slipway-state" }), detail = element("small");
  const mark = element("span", { class: "slipway-mark" });
  const exercises = element("ul"), rows = new Map();
  const card = element("li", { class: "slipway-card slipway-lesson" },
    element("p", {}, state, " ", link, " ", mark), detail, exercises);
  card.update = (lesson) => {
    setAttributes(card, { "data-id": lesson.id, "data-status": lesson.status });
    if (lesson.next) card.setAttribute("aria-current", "step"); else card.removeAttribute("aria-current");
    setText(link, lesson.name);
    setAttributes(link, { "aria-label": `Open ${lesson.name}` });
    openBeside(link, lesson.link);
    setText(state, lesson.words);
    setText(mark, lesson.next ? "← next" : "");
    setText(detail, lesson.detail);
    keepChildren(exercises, rows, lesson.exercises, exerciseRow);
  };
  return card;
}

function render({ model, el }) {
  const picture = frame(model, el, "Your progress");
  const cards = new Map();
  const list = element("ol", { class: "slipway-lessons", "aria-label": "Lessons" });
  const words = element("span"), go = element("a", { class: "slipway-go" });
  picture.body.append(element("p", { class: "slipway-next" }, words, " ", go), list);
  let last = "";
  const draw = () => {
    const state = model.get("state");
    setText(picture.heading, `Your progress: ${state.summary}`);
    keepChildren(list, cards, state.lessons, lessonCard);
    const next = state.lessons.find((lesson) => lesson.next);
    setText(words, state.next);
    go.hidden = !next;
    if (next) { setText(go, `Go to ${next.id}`); openBeside(go, next.link); }
    if (last && last !== state.next) picture.say(state.next);
    last = state.next;
  };
  draw();
  model.on("change:state", draw);
  return () => { model.off("change:state", draw); picture.stop(); };
}

export default { render };
