// How far a long command is: words, a bar, and a button that cancels it.

function meter(picture) {
  const words = element("span"), bar = element("progress"), cancel = element("button", { type: "button", "data-act": "cancel" }, "Cancel");
  bar.max = 100;
  bar.setAttribute("aria-label", "progress");
  const root = element("p", { class: "slipway-meter" }, bar, words, cancel);
  cancel.addEventListener("click", () => picture.also({ type: "cancel" }));
  root.update = (state) => { // {share: 0 to 100, words} or null
    if (!state && root.contains(document.activeElement)) picture.root.focus();
    root.hidden = !state;
    if (!state) return;
    bar.value = state.share;
    setText(words, state.words);
  };
  root.hidden = true;
  return root;
}
