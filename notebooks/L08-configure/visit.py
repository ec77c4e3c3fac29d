"""Ask a web server of this machine for its page."""

import time
from http.client import HTTPConnection, HTTPException


def visit(port, path="/", seconds=5):
    """Return the page that answers on this port of the address 127.0.0.1, or say that nobody answers.

    A program that has been started needs a moment before it listens, so a refusal is asked again for half a second,
    and a connection that is cut off for the whole time.
    """
    began = time.monotonic()
    while True:
        connection = HTTPConnection("127.0.0.1", int(port), timeout=seconds)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode().strip()
        except (OSError, HTTPException) as error:
            patience = 0.5 if isinstance(error, ConnectionRefusedError) else seconds
            if time.monotonic() - began > patience:
                return f"nobody answers on port {port}"
        finally:
            connection.close()
        time.sleep(0.1)
