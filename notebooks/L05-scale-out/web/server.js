// The shop, now in one file of Node.js. What it sells can be set from outside, in the variable GOODS.

const http = require("http");
const os = require("os");

const goods = process.env.GOODS || "tea, bread, candles";
let visits = 0;

const server = http.createServer((request, response) => {
  visits += 1;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`Welcome. Today we sell ${goods}. Served by ${os.hostname()}, visit ${visits}.\n`);
});

process.on("SIGTERM", () => {
  console.log("the shop is closed");
  process.exit(0);
});

server.listen(7080, () => console.log("the shop is open on port 7080"));
