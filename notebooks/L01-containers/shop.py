"""The shop: a small web service in one file of Python. It tells every visitor what it sells."""

import signal
import sys


def close(number, frame):
    print("the shop is closed", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, close)  # first of all, so that the shop can close while it still opens

from http.server import BaseHTTPRequestHandler, HTTPServer

GOODS = "tea, bread, candles"


class Shop(BaseHTTPRequestHandler):
    """Answers every request with the list of goods."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"Welcome. Today we sell {GOODS}.\n".encode())


server = HTTPServer(("", 8000), Shop)
print("the shop is open, on Python", sys.version.split()[0], flush=True)
server.serve_forever()
