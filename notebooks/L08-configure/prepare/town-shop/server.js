// The shop of a town. It is set up from outside:
//
//   TOWN   the town; the shop does not open without it      PORT   the port that it listens on, 7080 if not given
//   NAME   the name of the shop, "shop" if not given        HOST   the address that it listens on, 0.0.0.0 (all) if not given
//   --sign TEXT   what the sign at the door says

const http = require("http");

const { TOWN, NAME = "shop", PORT = "7080", HOST = "0.0.0.0" } = process.env;
let sign = "closed";

function giveUp(code, message) {
  console.error(message);
  process.exit(code);
}

const words = process.argv.slice(2);
while (words.length) {
  const word = words.shift();
  if (word !== "--sign") giveUp(2, `unknown word: ${word}`);
  sign = words.shift();
}
if (!TOWN) giveUp(1, "the variable TOWN is not set");

const server = http.createServer((request, response) => {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`Welcome to the ${NAME} of ${TOWN}. The sign says: ${sign}.\n`);
});

process.on("SIGTERM", () => {
  console.log("the shop is closed");
  process.exit(0);
});

server.listen(Number(PORT), HOST, () => console.log(`the ${NAME} listens on ${HOST}, port ${PORT}`));
