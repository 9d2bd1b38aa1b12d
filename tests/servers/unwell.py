"""An S3 that is not well: it refuses some requests and passes the others on to a real one."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_CODES = {503: "SlowDown", 403: "AccessDenied"}


class Unwell(ThreadingHTTPServer):
    """``refusals`` holds what the next requests are answered, ``always`` what all are; else they are passed on."""

    behind: str
    refusals: list[int]
    always: int | None = None
    refused = 0

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: Unwell

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        refusal = self.server.always or (self.server.refusals.pop(0) if self.server.refusals else None)
        if refusal:
            self.server.refused += 1
            body = f"<Error><Code>{_CODES[refusal]}</Code><Message>no</Message></Error>".encode()
            self._answer(refusal, body, "application/xml")
            return
        request = urllib.request.Request(f"{self.server.behind}{self.path}", headers=dict(self.headers))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self._answer(answer.status, answer.read(), answer.headers.get("Content-Type", ""))
        except urllib.error.HTTPError as error:
            self._answer(error.code, error.read(), error.headers.get("Content-Type", ""))

    def _answer(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
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
