"""Commands on the nodes over SSH, with host keys that are pinned."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pothole.cloud.say import Say
from pothole.cloud.settings import SSH_CONN_ID, CloudSettings
from pothole.errors import PipelineFailure, UserError

_CONNECT_SECONDS = 15.0
_POLL_SECONDS = 2.0


class UnreachableError(PipelineFailure):
    """A node does not answer (off, booting, or the network is away); it may later."""


@dataclass(frozen=True)
class Host:
    """A node as it is dialled. ``private_ip`` is its address among the nodes."""

    address: str
    port: int
    user: str
    private_ip: str
    key_file: str | None = None
    private_key: str | None = field(default=None, repr=False)
    host_key: str | None = None
    key_variable: str = "SPARK_MASTER_HOST_KEY"
    """Where a missing host key is to be set, for the error."""


def hosts(
    settings: CloudSettings, ips: Mapping[str, str], *, private_key: str | None = None
) -> tuple[Host, list[Host]]:
    """Master and workers as they are dialled: private address by instance id, through the host map."""

    def host(instance_id: str, host_key: str | None, variable: str) -> Host:
        address, port = settings.host_map.get(ips[instance_id], (ips[instance_id], 22))
        return Host(
            address, port, settings.ssh_user, ips[instance_id], settings.ssh_key_file, private_key, host_key, variable
        )

    keys = settings.worker_host_keys or (None,) * len(settings.worker_ids)
    workers = [
        host(instance_id, key, f"WORKER{i}_HOST_KEY")
        for i, (instance_id, key) in enumerate(zip(settings.worker_ids, keys, strict=True), 1)
    ]
    return host(settings.master_id, settings.master_host_key, "SPARK_MASTER_HOST_KEY"), workers


@contextmanager
def connected(host: Host) -> Iterator[Any]:
    """A paramiko client. UserError for keys that do not fit, UnreachableError when nobody answers."""
    import paramiko

    client = paramiko.SSHClient()
    try:
        _trust(client, host)
        client.set_missing_host_key_policy(_unknown(host))
        _connect(client, host)
        yield client
    finally:
        client.close()


def _connect(client: Any, host: Host) -> None:
    import paramiko

    where, key = f"{host.user}@{host.address}:{host.port}", _private_key(host)
    try:
        client.connect(
            host.address,
            port=host.port,
            username=host.user,
            pkey=key,
            timeout=_CONNECT_SECONDS,
            banner_timeout=_CONNECT_SECONDS,
            auth_timeout=_CONNECT_SECONDS,
            allow_agent=key is None,
            look_for_keys=key is None,
        )
    except paramiko.BadHostKeyException as error:
        raise UserError(
            f"{where} shows another host key than the pinned one: {_fingerprint(error.key)}",
            hint=f"if the machine was made anew, set {host.key_variable}={_line(error.key)!r}; else do not connect",
        ) from None
    except paramiko.AuthenticationException as error:
        raise UserError(
            f"{where} refuses the key {_key_name(host)}: {error}",
            hint="check SPARK_SSH_KEY_FILE, SPARK_SSH_USER and the key pair of the instance",
        ) from None
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise UnreachableError(
            f"{where} does not answer: {error or type(error).__name__}",
            hint="SSH operator error (SSH 연결 실패): is the instance running, and does its security group let this "
            "machine in on that port?",
        ) from None


def _trust(client: Any, host: Host) -> None:
    """The pinned key alone, whatever this machine's known hosts say; they are asked where none is pinned."""
    import paramiko

    if host.host_key is None:
        client.load_system_host_keys()
        return
    name = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
    kind, text = host.host_key.split()[:2]
    try:
        key = paramiko.PKey.from_type_string(kind, base64.b64decode(text))
    except Exception as error:
        raise UserError(f"{host.key_variable} is no public host key: {error}") from None
    client.get_host_keys().add(name, kind, key)


def _unknown(host: Host) -> Any:
    import paramiko

    class Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002 -- Paramiko's
            raise UserError(
                f"the host key of {hostname} is not known: it shows {_fingerprint(key)}",
                hint=f"compare it with the instance's console output, then set {host.key_variable}={_line(key)!r}",
            )

    return Refuse()


def _private_key(host: Host) -> Any:
    """The key, with its certificate if one lies beside its file; None where this user's own are tried.

    Read here: of a file that it reads itself, paramiko tells that it is of no other kind, not that it was refused.
    """
    import paramiko

    if host.private_key is None and host.key_file is None:
        return None
    hint = f"check {'SPARK_SSH_KEY_FILE' if host.private_key is None else 'private_key in its extra'}"
    cannot = f"cannot read the key {_key_name(host)}"
    try:
        text = host.private_key if host.private_key is not None else Path(str(host.key_file)).read_text()
    except (OSError, ValueError) as error:
        raise UserError(f"{cannot}: {error}", hint=hint) from None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            key = kind.from_private_key(io.StringIO(text))
            break
        except paramiko.PasswordRequiredException:
            raise UserError(f"{cannot}: it has a passphrase", hint=f"{hint}: nobody is there to type it") from None
        except (paramiko.SSHException, ValueError):
            continue
    else:
        raise UserError(f"{cannot}: it is in no form that is known", hint=hint)
    certificate = f"{host.key_file}-cert.pub"
    if host.private_key is None and Path(certificate).is_file():
        try:
            key.load_certificate(certificate)
        except Exception as error:
            raise UserError(f"cannot read the certificate {certificate}: {error}", hint=hint) from None
    return key


def _key_name(host: Host) -> str:
    return f"of Airflow's connection {SSH_CONN_ID}" if host.private_key is not None else host.key_file or "of this user"


def _line(key: Any) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def _fingerprint(key: Any) -> str:
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def run(host: Host, command: str, *, stdin: str | None = None, timeout_seconds: float = 60.0, what: str = "") -> str:
    """Run a command in the node's shell; what it prints. PipelineFailure with its last words when it fails."""
    with connected(host) as client:
        status, out, err = execute(client, command, stdin=stdin, timeout_seconds=timeout_seconds)
    if status:
        last = " | ".join((err or out).strip().splitlines()[-3:])
        raise PipelineFailure(
            f"{what or 'a command'} on {host.private_ip} ended with exit status {status}: {last}",
            hint=f"SSH operator error: exit status = {status} (원격 명령 실패): the last words are the node's own",
        )
    return out


def execute(client: Any, command: str, *, stdin: str | None, timeout_seconds: float) -> tuple[int, str, str]:
    """Exit status, standard output and standard error. UnreachableError when the connection is lost, or time is up."""
    import paramiko

    transport, late = client.get_transport(), threading.Event()

    def give_up() -> None:
        late.set()
        transport.close()

    timer = threading.Timer(timeout_seconds, give_up)  # exec_command waits for the node's answer without a limit
    timer.daemon = True
    timer.start()
    try:
        channel = transport.open_session(timeout=_CONNECT_SECONDS)
        channel.exec_command(command)
        if stdin is not None:
            channel.sendall(stdin.encode())
        channel.shutdown_write()
        out, err = _drain(channel)
        status = channel.recv_exit_status()
        if late.is_set():
            raise TimeoutError
    except (OSError, EOFError, AttributeError, paramiko.SSHException) as error:
        told = f"no end within {timeout_seconds:.0f} s" if late.is_set() else error or type(error).__name__
        raise UnreachableError(f"the connection was lost: {told}") from None
    finally:
        timer.cancel()
    if status == -1:
        raise UnreachableError("the connection was lost before the command ended")
    return status, out.decode(errors="replace"), err.decode(errors="replace")


def _drain(channel: Any) -> tuple[bytes, bytes]:
    """Both streams to their end, whichever fills first."""
    out, err = bytearray(), bytearray()
    while True:
        while channel.recv_ready():
            out += channel.recv(65536)
        while channel.recv_stderr_ready():
            err += channel.recv_stderr(65536)
        ended = channel.exit_status_ready() and (channel.eof_received or channel.closed)
        if ended and not channel.recv_ready() and not channel.recv_stderr_ready():
            return bytes(out), bytes(err)
        time.sleep(0.01)


def wait_until_answers(nodes: Sequence[Host], deadline_seconds: float, say: Say) -> None:
    """Until every node takes a command. UnreachableError names the one that does not in time."""
    deadline = time.monotonic() + deadline_seconds
    for node in nodes:
        said = False
        while True:
            try:
                run(node, "true", timeout_seconds=_CONNECT_SECONDS)
                break
            except UnreachableError as error:
                if time.monotonic() > deadline:
                    raise UnreachableError(
                        f"{node.private_ip} runs but took no command within {deadline_seconds:.0f} s: {error.message}",
                        hint=error.hint,
                    ) from None
                if not said:
                    say(f"waiting for {node.private_ip} to answer on SSH")
                    said = True
                time.sleep(_POLL_SECONDS)
