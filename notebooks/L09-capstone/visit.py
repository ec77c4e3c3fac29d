"""Ask a container for a page, from outside, through its published port."""

import time
from http.client import HTTPConnection, HTTPException


def visit(container, port, path="/", seconds=5):
    """Return the page of the server that listens on this port inside the container, or say why there is none.

    A program that has been started needs a moment before it listens, so it is asked again until the time is up; so is
    one that waits for another (status 502).
    """
    container.reload()
    doors = container.ports.get(f"{port}/tcp")
    if not doors:
        return f"nobody answers: {container.name} publishes no port {port}"
    began = time.monotonic()
    while True:
        connection = HTTPConnection("127.0.0.1", int(doors[0]["HostPort"]), timeout=seconds)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            page = answer.read().decode().strip()
            if answer.status != 502 or time.monotonic() - began > seconds:  # 502: the server waits for another one
                return page
        except (OSError, HTTPException):
            if time.monotonic() - began > seconds:
                return f"nobody answers behind port {port} of {container.name}"
        finally:
            connection.close()
        time.sleep(0.1)
