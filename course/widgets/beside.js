// Links to lessons that lie beside this one, for the progress map and the exercise cards.

// A lesson lies beside this one. Nothing but such a path becomes a link.
const BESIDE = /^\.\.\/[\w.-]+\/[\w.-]+\.ipynb$/;
// The folder of this notebook below the server's: /lab/tree/FOLDER/A.ipynb in JupyterLab, /notebooks/FOLDER/A.ipynb in Notebook 7.
const HERE = /\/(?:lab(?:\/workspaces\/[^/]+)?\/tree|notebooks)\/(.*?)[^/]*\.ipynb$/;

function openBeside(link, path) {
  if (!BESIDE.test(path)) return;
  link.setAttribute("href", path);
  const folder = HERE.exec(decodeURIComponent(location.pathname))?.[1];
  if (folder === undefined) return;
  // Both front ends carry out a command that a link names: the notebook opens without loading the page again.
  const absolute = new URL(path, `http://server/${folder}`).pathname.slice(1);
  link.setAttribute("data-commandlinker-command", "docmanager:open");
  link.setAttribute("data-commandlinker-args", JSON.stringify({ path: decodeURIComponent(absolute) }));
}
