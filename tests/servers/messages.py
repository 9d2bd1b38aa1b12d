"""Where notifications end in tests: a page that takes Slack's posts, and a mail server; both keep what they get."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any


class Inbox:
    """Texts that came, and the ports they came to."""

    def __init__(self) -> None:
        self.slack, self.mail = list[str](), list[str]()
        self.slack_port = self.mail_port = 0

    @property
    def environ(self) -> dict[str, str]:
        """The connections and variables that lead here."""
        slack = {"conn_type": "slackwebhook", "host": f"http://127.0.0.1:{self.slack_port}", "password": "T0/B0/secret"}
        extra = {"disable_tls": True, "disable_ssl": True, "from_email": "airflow@roads.example"}
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": self.mail_port, "extra": extra}
        return {
            "AIRFLOW_CONN_SLACK": json.dumps(slack), "SLACK_CONN_ID": "slack",
            "AIRFLOW_CONN_MAIL": json.dumps(mail), "SMTP_CONN_ID": "mail", "NOTIFY_EMAIL": "crew@roads.example",
        }  # fmt: skip


@contextmanager
def inbox() -> Iterator[Inbox]:
    """Both servers, on free ports."""
    made = Inbox()
    slack, mail = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _slack(made)), _Mail(("127.0.0.1", 0), _mail(made))
    with _serving(slack) as made.slack_port, _serving(mail) as made.mail_port:
        yield made


class _Mail(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def _serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _slack(made: Inbox) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.slack.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            return

    return Handler


def _mail(made: Inbox) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().strip().upper():
                if line == b"DATA":
                    self._say("354 go on")
                    made.mail.append(_text(b"".join(iter(self.rfile.readline, b".\r\n"))))
                self._say("221 bye" if line == b"QUIT" else "250 ok")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Handler


def _text(content: bytes) -> str:
    mail = message_from_bytes(content, policy=policy.default)
    body = mail.get_body()
    return f"{mail['subject']}\n{mail['to']}\n{body.get_content() if body else ''}"
