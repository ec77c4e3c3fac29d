// The corner shop: it reads its prices from prices.txt at each sale, and notes the sale in its log and in its ledger.
//
//   /sell/GOODS   one sale            /ledger   all sales so far
//   /health       is the shop well?   /fault    the shop fails, to see what becomes of it

const fs = require("fs");
const http = require("http");

const LEDGER = "/data/ledger.txt";
let asked = false;

function priceOf(goods) {
  const lines = fs.readFileSync("prices.txt", "utf8").split("\n");
  const line = lines.find((one) => one.split(" ")[0] === goods);
  return line && line.split(" ")[1];
}

function sell(goods) {
  const price = priceOf(goods);
  if (!price) {
    console.log(`refused ${goods}: it has no price`);
    return [404, `we do not sell ${goods}`];
  }
  fs.appendFileSync(LEDGER, `${goods} ${price}\n`);
  console.log(`sold ${goods}`);
  return [200, `sold ${goods} for ${price}`];
}

function health() {
  if (!asked) console.log("somebody asks for the health of the shop");
  asked = true;
  fs.accessSync("/data", fs.constants.W_OK);
  return [200, "the shop is well"];
}

function fault() {
  setTimeout(() => {
    console.log("the shop has failed");
    process.exit(1);
  }, 100);
  return [200, "the shop will fail in a moment"];
}

function answer(path) {
  const [, page, goods] = path.split("/");
  if (page === "sell") return sell(goods);
  if (page === "ledger") return [200, fs.existsSync(LEDGER) ? fs.readFileSync(LEDGER, "utf8").trim() : "no sale yet"];
  if (page === "health") return health();
  if (page === "fault") return fault();
  return page === "" ? [200, "Welcome to the corner shop."] : [404, "there is no such page"];
}

const server = http.createServer((request, response) => {
  let status, body;
  try {
    [status, body] = answer(request.url);
  } catch (error) {
    [status, body] = [500, error.message];
  }
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${body}\n`);
});

process.on("SIGTERM", () => {
  console.log("the shop is closed");
  process.exit(0);
});

server.listen(7080, () => console.log("the shop is open"));
