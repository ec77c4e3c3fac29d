// The kernel's end of a picture, mocked: what anywidget gives to `render`, and what a test wants to know of it.
window.mount = async (esm, css, values, withKernel = true) => {
  const style = document.createElement("style");
  style.textContent = css;
  const el = document.createElement("main");
  document.body.replaceChildren(style, el);
  const listeners = [];
  const signal = () => {
    const known = new Set();
    return { connect: (f) => known.add(f), disconnect: (f) => known.delete(f), emit: (v) => known.forEach((f) => f(kernel, v)), known };
  };
  const kernel = { statusChanged: signal(), disposed: signal(), interrupts: 0, interrupt: async () => { kernel.interrupts += 1; } };
  const model = {
    get: (name) => values[name],
    on: (name, f) => listeners.push([name, f]),
    off: (name, f) => listeners.splice(0, listeners.length, ...listeners.filter(([n, g]) => n !== name || g !== f)),
    send: (message) => window.kernelEnd.sent.push(message),
    widget_manager: withKernel ? { kernel } : undefined,
  };
  const tell = (name, value) => listeners.filter(([n]) => n === name).forEach(([, f]) => f(value));
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const cleanup = (await import(url)).default.render({ model, el });
  URL.revokeObjectURL(url);
  window.kernelEnd = {
    sent: [],
    set: (changed) => {
      Object.assign(values, changed);
      Object.keys(changed).forEach((name) => tell(`change:${name}`));
    },
    answer: (message) => tell("msg:custom", message),
    status: (status) => kernel.statusChanged.emit(status),
    interrupts: () => kernel.interrupts,
    cleanup,
    left: () => listeners.length + kernel.statusChanged.known.size + kernel.disposed.known.size,
  };
};
