"""An OpenAI-compatible endpoint of embeddings on this machine, with faults on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSIONS = 8

Embed = Callable[[Sequence[str], int], list[list[float]]]
# What a fault does with a request; true: it has answered it.
Fault = Callable[["Handler", dict[str, Any]], bool]


def hashed(texts: Sequence[str], dimensions: int) -> list[list[float]]:
    """A vector for each text that depends on nothing but the text, of values that float4 and its text hold exactly."""

    def vector(text: str) -> list[float]:
        return [(byte - 128) / 64 for byte in hashlib.shake_256(text.encode()).digest(dimensions)]

    return [vector(text) for text in texts]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        endpoint = self.server.endpoint
        with endpoint.lock:
            endpoint.requests.append(body)
            endpoint.headers.append(dict(self.headers))
            endpoint.running += 1
            endpoint.most_running = max(endpoint.most_running, endpoint.running)
            fault = endpoint.faults.popleft() if endpoint.faults else endpoint.always
        try:
            time.sleep(endpoint.latency)
            if fault is None or not fault(self, body):
                self.answer(endpoint.reply(body))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with endpoint.lock:
                endpoint.running -= 1

    def answer(self, document: object, status: int = 200, **headers: str) -> None:
        self.send(document if isinstance(document, bytes) else json.dumps(document).encode(), status, **headers)

    def send(self, data: bytes, status: int = 200, *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.endpoint = endpoint

    def handle_error(self, *_: object) -> None:
        """Clients that do not trust the certificate, or are killed, are no errors here."""


class Endpoint:
    """What the server was asked, and how it is to answer."""

    def __init__(self, embed: Embed = hashed) -> None:
        self.embed = embed
        self.lock = threading.Lock()
        self.server = Server(self)
        self.reset()

    def reset(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        # One for each of the next requests, then `always`.
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.latency = 0.0
        self.running = 0
        self.most_running = 0

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/embeddings"

    @property
    def texts(self) -> list[str]:
        """All texts that it was asked for, in the order of requests."""
        return [text for request in self.requests for text in request["input"]]

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        vectors = self.embed(body["input"], body.get("dimensions") or DIMENSIONS)
        coded = [
            base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            if body.get("encoding_format") == "base64"
            else vector
            for vector in vectors
        ]
        return {
            "object": "list",
            "model": body["model"],
            "data": [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(coded)],
            "usage": {"prompt_tokens": sum(map(len, body["input"])), "total_tokens": sum(map(len, body["input"]))},
        }


@contextmanager
def running(embed: Embed = hashed, tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    endpoint = Endpoint(embed)
    if tls:
        # The handshake belongs to the connection's thread: one that fails must not stop the others.
        endpoint.server.socket = tls.wrap_socket(
            endpoint.server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=endpoint.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.server.shutdown()
        endpoint.server.server_close()


def status(code: int, error: str = "", message: str = "", **headers: str) -> Fault:
    """An answer of this status."""

    def fault(handler: Handler, _: dict[str, Any]) -> bool:
        handler.answer({"error": {"code": error or None, "message": message}}, code, **headers)
        return True

    return fault


def body(data: bytes) -> Fault:
    """An answer with these bytes."""

    def fault(handler: Handler, _: dict[str, Any]) -> bool:
        handler.send(data)
        return True

    return fault


def changed(change: Callable[[dict[str, Any]], object]) -> Fault:
    """The right answer, but for what `change` does to it."""

    def fault(handler: Handler, request: dict[str, Any]) -> bool:
        document = handler.server.endpoint.reply(request)
        change(document)
        handler.answer(document)
        return True

    return fault


def refusing(word: str, code: int = 400) -> Fault:
    """Refuses requests that have the word in a text."""

    def fault(handler: Handler, request: dict[str, Any]) -> bool:
        if any(word in text for text in request["input"]):
            return status(code, "invalid_input", f"a text has {word}")(handler, request)
        return False

    return fault


def hanging(seconds: float) -> Fault:
    """No answer for so long, and then none."""

    def fault(handler: Handler, _: dict[str, Any]) -> bool:
        time.sleep(seconds)
        handler.close_connection = True
        return True

    return fault


def cut(handler: Handler, request: dict[str, Any]) -> bool:
    """Half of the right answer, and then the connection is closed."""
    data = json.dumps(handler.server.endpoint.reply(request)).encode()
    handler.send(data[: len(data) // 2], length=len(data))
    handler.close_connection = True
    return True


def dripping(seconds: float) -> Fault:
    """The right answer, byte for byte, in so many seconds."""

    def fault(handler: Handler, request: dict[str, Any]) -> bool:
        data = json.dumps(handler.server.endpoint.reply(request)).encode()
        handler.send(b"", length=len(data))
        for i in range(len(data)):
            handler.wfile.write(data[i : i + 1])
            handler.wfile.flush()
            time.sleep(seconds / len(data))
        return True

    return fault


def oversized(size: int) -> Fault:
    """An answer of so many bytes, which are sent without end in view."""

    def fault(handler: Handler, _: dict[str, Any]) -> bool:
        handler.send(b"", length=size)
        for _ in range(size // 65536):
            handler.wfile.write(b" " * 65536)
        return True

    return fault
