// The balancer: one address for many servers. It asks the servers of the list SERVERS in turn, and leaves out those that
// do not answer. A list looks like this: "name:port,name:port".

const http = require("http");

const servers = (process.env.SERVERS || "").split(",").filter((server) => server);
let turn = 0;

function ask(server) {
  return new Promise((resolve) => {
    const request = http.get(`http://${server}/`, { timeout: 1000 }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (body += part));
      answer.on("end", () => resolve(answer.statusCode === 200 ? body : ""));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(""));
  });
}

// The page of the next server that answers; "" if none does.
async function next() {
  for (let tries = 0; tries < servers.length; tries += 1) {
    const server = servers[turn++ % servers.length];
    const page = await ask(server);
    if (page) return page;
    console.log(`no answer from ${server}`);
  }
  return "";
}

// How many different servers answer: each page says who served it.
async function count() {
  const pages = await Promise.all(servers.map(ask));
  const names = pages.map((page) => page.match(/Served by (\S+),/)).filter((found) => found);
  return new Set(names.map((found) => found[1])).size;
}

const balancer = http.createServer(async (request, response) => {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  if (request.url === "/fleet") {
    response.end(`${await count()} different servers answer\n`);
    return;
  }
  const page = await next();
  response.statusCode = page ? 200 : 502;
  response.end(page || `no server answers; the list is: ${servers.join(", ") || "empty"}\n`);
});

process.on("SIGTERM", () => process.exit(0));
balancer.listen(8080, () => console.log("the balancer is open on port 8080"));
