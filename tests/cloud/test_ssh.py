"""Commands over SSH: host keys are pinned, and every way to be refused is told apart."""

from __future__ import annotations

import dataclasses
import socket
import threading

import asyncssh
import paramiko
import pytest

from pothole.cloud import ssh
from pothole.errors import PipelineFailure, UserError

pytestmark = pytest.mark.slow


@pytest.fixture
def master(cluster, settings):
    ips = dict(zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True))
    return ssh.hosts(settings, ips)[0]


def test_a_command_and_what_it_prints(master):
    assert ssh.run(master, "cat; echo $((6 * 7))", stdin="in\n") == "in\n42\n"


def test_a_failing_command_is_told_with_its_last_words(master):
    with pytest.raises(PipelineFailure, match=r"trying on .* ended with exit status 3: no such thing"):
        ssh.run(master, "echo no such thing >&2; exit 3", what="trying")


def test_much_output_on_both_streams_does_not_block(master):
    assert len(ssh.run(master, "head -c 400000 /dev/zero >&2; head -c 400000 /dev/zero | tr '\\0' x")) == 400_000


def test_an_unknown_host_key_is_refused_and_shown(master):
    with pytest.raises(UserError, match="is not known: it shows ssh-ed25519 SHA256:") as told:
        ssh.run(dataclasses.replace(master, host_key=None), "true")
    assert f"SPARK_MASTER_HOST_KEY='{master.host_key}'" in str(told.value)


def public(kind="ssh-ed25519"):
    return " ".join(asyncssh.generate_private_key(kind).export_public_key().decode().split()[:2])


def test_another_host_key_is_refused(master):
    with pytest.raises(UserError, match="shows another host key than the pinned one"):
        ssh.run(dataclasses.replace(master, host_key=public()), "true")


def known(home, monkeypatch, host, *keys):
    """This machine's known hosts, as OpenSSH keeps them."""
    (home / ".ssh").mkdir()
    (home / ".ssh" / "known_hosts").write_text("".join(f"[{host.address}]:{host.port} {key}\n" for key in keys))
    monkeypatch.setenv("HOME", str(home))


def test_known_hosts_are_asked_where_no_key_is_pinned(master, tmp_path, monkeypatch):
    known(tmp_path, monkeypatch, master, public("ssh-rsa"), master.host_key)
    assert ssh.run(dataclasses.replace(master, host_key=None), "echo in") == "in\n"


def test_several_known_keys_do_not_let_in_what_the_pinned_one_refuses(master, tmp_path, monkeypatch):
    known(tmp_path, monkeypatch, master, public("ssh-rsa"), master.host_key)
    with pytest.raises(UserError, match="shows another host key than the pinned one"):
        ssh.run(dataclasses.replace(master, host_key=public()), "true")


def test_several_known_keys_do_not_refuse_the_pinned_one(master, tmp_path, monkeypatch):
    known(tmp_path, monkeypatch, master, public("ssh-rsa"), public())
    assert ssh.run(master, "echo in") == "in\n"


def test_a_wrong_key_and_one_that_is_not_there(master, tmp_path):
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(tmp_path / "wrong"))
    with pytest.raises(UserError, match="refuses the key"):
        ssh.run(dataclasses.replace(master, key_file=str(tmp_path / "wrong")), "true")
    with pytest.raises(UserError, match="cannot read the key nowhere"):
        ssh.run(dataclasses.replace(master, key_file="nowhere"), "true")


@pytest.mark.parametrize("form", ["openssh", "pkcs1-pem"])
def test_an_rsa_key_is_refused_as_any_other(master, tmp_path, form):
    asyncssh.generate_private_key("ssh-rsa").write_private_key(str(tmp_path / "wrong"), form)
    with pytest.raises(UserError, match="refuses the key"):
        ssh.run(dataclasses.replace(master, key_file=str(tmp_path / "wrong")), "true")


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa"])
def test_a_key_with_a_passphrase_or_in_an_unknown_form_is_told_with_its_place(master, tmp_path, kind):
    text = asyncssh.generate_private_key(kind).export_private_key("openssh", passphrase="secret").decode()
    (tmp_path / "locked").write_text(text)
    with pytest.raises(UserError, match=r"cannot read the key \S+/locked: it has a passphrase") as told:
        ssh.run(dataclasses.replace(master, key_file=str(tmp_path / "locked")), "true")
    assert "SPARK_SSH_KEY_FILE" in str(told.value)
    held = dataclasses.replace(master, key_file=None, private_key=text)
    with pytest.raises(UserError, match="Airflow's connection spark_master: it has a passphrase") as told:
        ssh.run(held, "true")
    assert "private_key" in str(told.value) and "SPARK_SSH_KEY_FILE" not in str(told.value)
    with pytest.raises(UserError, match="connection spark_master: it is in no form that is known"):
        ssh.run(dataclasses.replace(held, private_key="KEY"), "true")


def test_a_certificate_beside_the_key_is_read(master, tmp_path):
    made = asyncssh.read_private_key(tmp_path / "key")
    made.generate_user_certificate(made, "operator", principals=["crew"]).write_certificate(tmp_path / "key-cert.pub")
    assert ssh._private_key(master).public_blob.key_type == "ssh-ed25519-cert-v01@openssh.com"
    (tmp_path / "key-cert.pub").write_text("none")
    with pytest.raises(UserError, match=r"cannot read the certificate \S+/key-cert\.pub"):
        ssh.run(master, "true")


def test_the_key_of_the_connection_opens(master, tmp_path):
    text = (tmp_path / "key").read_text()
    assert ssh.run(dataclasses.replace(master, key_file=None, private_key=text), "echo in") == "in\n"


def test_a_node_that_is_off(cluster, master, said):
    cluster.master.down()
    with pytest.raises(ssh.UnreachableError, match="does not answer"):
        ssh.run(master, "true")
    with pytest.raises(ssh.UnreachableError, match="took no command within 1 s"):
        ssh.wait_until_answers([master], 1, said.append)
    cluster.master.up()
    ssh.wait_until_answers([master], 10, said.append)


@pytest.fixture
def hung(master):
    """A node that takes every key and every session, and never answers what it is asked to run."""
    over, key, taken = threading.Event(), paramiko.ECDSAKey.generate(), list[paramiko.Transport]()

    class Hung(paramiko.ServerInterface):
        def check_auth_publickey(self, username, key):
            return paramiko.AUTH_SUCCESSFUL

        def check_channel_request(self, kind, chanid):
            return paramiko.OPEN_SUCCEEDED

        def check_channel_exec_request(self, channel, command):
            return over.wait(60)

    def serve():
        taken.append(paramiko.Transport(listening.accept()[0]))
        taken[0].add_server_key(key)
        taken[0].start_server(server=Hung())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        line = f"{key.get_name()} {key.get_base64()}"
        yield dataclasses.replace(master, address="127.0.0.1", port=listening.getsockname()[1], host_key=line)
        over.set()
        thread.join(10)
        taken[0].close()


def test_a_node_that_does_not_answer_the_command_costs_no_more_than_its_time(hung):
    with pytest.raises(ssh.UnreachableError, match="no end within 1 s"):  # it would never answer
        ssh.run(hung, "true", timeout_seconds=1)


def test_a_command_that_takes_too_long(master):
    for command in ("sleep 2", "sleep 2 &"):  # the second has ended, and its output has not
        with pytest.raises(ssh.UnreachableError, match="no end within 1 s"):
            ssh.run(master, command, timeout_seconds=1)
    ssh.run(master, "sleep 2")  # nothing of them is left when the node goes


def test_keys_are_not_shown(master):
    assert "SECRET" not in repr(dataclasses.replace(master, private_key="SECRET"))
