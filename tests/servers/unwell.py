"""An S3 that is not well: it refuses some requests and passes the others on to a real one."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OWN = {"content-length", "transfer-encoding", "connection"}
_CODES = {503: "SlowDown", 403: "AccessDenied"}


class Unwell(ThreadingHTTPServer):
    """``refusals`` holds what the next requests are answered, ``always`` what all are; else they are passed on.

    ``denied`` holds what this role may not do: actions of EC2 and STS, or methods of S3 with a part of the path.
    ``role`` says of a request (method, path, source of a copy, body) what it needs and may not do: nothing, if it may.
    """

    behind: str
    refusals: list[int]
    always: int | None = None
    denied: set[str]
    role: Callable[[str, str, str, bytes], list[str]] | None = None
    forbidden: list[str]
    refused = 0
    daemon_threads = True

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: Unwell
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        refusal = self.server.always or (self.server.refusals.pop(0) if self.server.refusals else None)
        refusal = 403 if self._denied(body) else refusal
        if refusal:
            self.server.refused += 1
            told = _refusal(refusal, body).encode()
            self._answer(refusal, [("Content-Type", "application/xml"), ("Content-Length", str(len(told)))], told)
            return
        behind = http.client.HTTPConnection(self.server.behind.removeprefix("http://"), timeout=30)
        try:
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
        finally:
            behind.close()
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in _OWN]
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self._answer(answer.status, [*headers, ("Content-Length", length or "0")], content)

    def _denied(self, body: bytes) -> bool:
        if self.server.role is not None:
            beyond = self.server.role(self.command, self.path, self.headers.get("x-amz-copy-source") or "", body)
            self.server.forbidden += beyond
            if beyond:
                return True
        asked = f"{self.command} {self.path}"
        return any(f"Action={what}&".encode() in body or _fits(what, asked) for what in self.server.denied)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _answer(self, code: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(code)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _refusal(code: int, body: bytes) -> str:
    """As S3 says it, or as EC2 and STS do."""
    if b"Version=2016-11-15" in body:
        said = "<Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error>"
        return f"<Response><Errors>{said}</Errors></Response>"
    said = f"<Error><Code>{_CODES[code]}</Code><Message>no</Message></Error>"
    return f"<ErrorResponse>{said}</ErrorResponse>" if b"Action=" in body else said


def _fits(what: str, asked: str) -> bool:
    method, _, part = what.partition(" ")
    return bool(part) and asked.startswith(f"{method} ") and part in asked


@contextmanager
def unwell(behind: str) -> Iterator[Unwell]:
    made = Unwell(("127.0.0.1", 0), _Handler)
    made.behind, made.refusals, made.denied = behind, [], set()
    made.forbidden = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
