"""An S3 that is not well: it refuses some requests and passes the others on to a real one."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OWN = {"content-length", "transfer-encoding", "connection"}
_CODES = {503: "SlowDown", 403: "AccessDenied"}


class Unwell(ThreadingHTTPServer):
    """``refusals`` holds what the next requests are answered, ``always`` what all are; else they are passed on."""

    behind: str
    refusals: list[int]
    always: int | None = None
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
        if refusal:
            self.server.refused += 1
            told = f"<Error><Code>{_CODES[refusal]}</Code><Message>no</Message></Error>".encode()
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

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _answer(self, code: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(code)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def unwell(behind: str) -> Iterator[Unwell]:
    made = Unwell(("127.0.0.1", 0), _Handler)
    made.behind, made.refusals = behind, []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
