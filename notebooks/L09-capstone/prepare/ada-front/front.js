// The front of the shop: pages for customers on port 8080, and orders handed on to the back.
//
// SIGN is the sign above the door, BACK the address of the back, as name:port.

const fs = require("fs");
const http = require("http");
const path = require("path");

const sign = process.env.SIGN || "The shop";
const back = process.env.BACK || "back:5000";
const pages = path.join(__dirname, "pages");

function answer(response, status, text) {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(text);
}

function show(response, name) {
  fs.readFile(path.join(pages, name), "utf8", (error, text) => {
    if (error) answer(response, 500, `the page ${name} is not here: ${error.message}\n`);
    else answer(response, 200, text.replace("SIGN", sign));
  });
}

function handOn(request, response) {
  const asked = http.get(`http://${back}${request.url}`, { timeout: 2000 }, (reply) => {
    let text = "";
    reply.setEncoding("utf8");
    reply.on("data", (part) => (text += part));
    reply.on("end", () => answer(response, reply.statusCode, text));
  });
  asked.on("timeout", () => asked.destroy(new Error("it takes too long")));
  asked.on("error", (error) => answer(response, 502, `the back does not answer at ${back}: ${error.message}\n`));
}

const front = http.createServer((request, response) => {
  const where = request.url.split("?")[0];
  if (where === "/") show(response, "welcome.txt");
  else if (where === "/about") show(response, "about.txt");
  else if (where === "/order" || where === "/orders") handOn(request, response);
  else answer(response, 404, "the front knows /, /about, /orders and /order?what=…\n");
});

process.on("SIGTERM", () => process.exit(0));
front.listen(8080, () => console.log("the front listens on port 8080"));
