"""The back of the shop: it takes orders, and keeps them in the file orders.txt of the folder ORDERS."""

import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(os.environ.get("ORDERS", "orders"))
FILE = FOLDER / "orders.txt"
HERE = socket.gethostname()  # in a container: the first digits of its id


def take(what):
    """Keep an order, and say its number."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FILE.open("a") as orders:
        orders.write(f"{HERE} {what}\n")
    return f"order {len(kept())}: {what}\n"


def kept():
    """The orders so far, each with the container that took it."""
    return FILE.read_text().splitlines() if FILE.exists() else []


def page():
    """All orders as text."""
    lines = [f"{len(kept())} orders"]
    for order in kept():
        taker, _, what = order.partition(" ")
        lines.append(f"{what}, taken by {'this' if taker == HERE else 'an earlier'} container")
    return "\n".join(lines) + "\n"


class Back(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urlsplit(self.path)
        status, text = 404, "the back knows /orders and /order?what=…\n"
        if asked.path == "/orders":
            status, text = 200, page()
        elif asked.path == "/order":
            try:
                status, text = 200, take(parse_qs(asked.query).get("what", ["nothing"])[0].split("\n")[0])
            except OSError as error:
                status, text = 500, f"the order was not kept: {error}\n"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        print("asked for", self.path, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("the back listens on port 5000", flush=True)
    ThreadingHTTPServer(("", 5000), Back).serve_forever()
