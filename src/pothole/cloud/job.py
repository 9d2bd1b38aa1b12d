"""A job on the master that outlives the connection that started it: started once, followed, ended as a whole.

``JOB_DIR/jobs/NAME`` holds its ``log``, ``pid`` (with the machine's boot and the process's start time, for pids are
used again) and, when it has ended, ``exit``.
"""

from __future__ import annotations

import base64
import codecs
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass

from pothole import log
from pothole.cloud import ssh
from pothole.cloud.say import Say
from pothole.cloud.settings import CloudSettings
from pothole.cloud.ssh import Host, UnreachableError
from pothole.errors import PipelineFailure, UserError

_POLL_SECONDS = 2.0
_LOST_SECONDS = 600.0  # how long a master may be out of reach while a job runs

_FUNCTIONS = r"""
boot=$(cat /proc/sys/kernel/random/boot_id)
started() { [ -r "/proc/$1/stat" ] && sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
alive() {  # is the job's first process still there?
  [ -s pid ] || return 1
  read -r pid of since < pid
  [ "$of" = "$boot" ] && [ -n "$since" ] && [ "$(started "$pid")" = "$since" ]
}
end() {
  [ -s pid ] || return 0
  read -r pid of since < pid
  [ "$of" = "$boot" ] || return 0
  # a pid is not given again while its session lives: another process of that pid means that all of ours are gone
  case "$(started "$pid")" in "" | "$since") ;; *) return 0 ;; esac
  for signal in TERM KILL; do
    # the whole session: spark-submit's children too
    pkill "-$signal" -s "$pid" 2>/dev/null || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      pgrep -s "$pid" >/dev/null 2>&1 || return 0
      sleep 0.5
    done
  done
  echo "process $pid cannot be ended" >&2
  return 1
}
"""


@dataclass(frozen=True)
class State:
    """Where a job is: ``running``, ``ended`` with an exit status, or ``gone`` without one."""

    name: str
    exit_status: int | None = None


def _folder(settings: CloudSettings, name: str) -> str:
    return shlex.quote(f"{settings.job_dir}/jobs/{name}")


def start(master: Host, name: str, command: str, settings: CloudSettings, say: Say) -> None:
    """End an earlier attempt of that name, then start the command (a shell's) detached."""
    script = f"""
set -e
folder={_folder(settings, name)}
mkdir -p "$folder"
cd "$folder"
{_FUNCTIONS}
if alive; then echo "an earlier attempt was still running and was ended"; fi
end
rm -f pid exit log
cat > command
: > log
setsid bash -c 'bash command > log 2>&1; echo $? > exit.new; mv exit.new exit' > /dev/null 2>&1 < /dev/null &
pid=$!
echo "$pid $boot $(started "$pid")" > pid
"""
    said = ssh.run(master, f"bash -c {shlex.quote(script)}", stdin=_script(command), what=f"starting {name}")
    for line in said.splitlines():
        say(line)
    say(f"{name} started on {master.private_ip}; its log: {settings.job_dir}/jobs/{name}/log")


def _script(command: str) -> str:
    return f'cd "$HOME" || exit 1\n{command}\n'


def follow(
    master: Host,
    name: str,
    settings: CloudSettings,
    say: Say,
    *,
    limit_seconds: float,
    each_minute: Callable[[], None] | None = None,
) -> None:
    """Print the job's log while it runs, until it has ended well.

    A lost connection is made anew; the job does not notice. PipelineFailure when it failed, or ran for longer than
    ``limit_seconds`` (it is ended then); UserError when its exit status says that somebody must mend something first.
    """
    watch = _Watch(master, name, settings, say)
    began, minute = time.monotonic(), time.monotonic()
    while True:
        state = watch.look()
        if state.name == "ended":
            break
        if state.name == "gone":
            raise PipelineFailure(f"{name} is gone from {master.private_ip}: {watch.last_words()}")
        if time.monotonic() - began > limit_seconds:
            end(master, name, settings, say)
            raise PipelineFailure(
                f"{name} took longer than {limit_seconds:.0f} s and was ended",
                hint="STAGE_LIMIT_SECONDS sets the limit; more workers make it faster",
            )
        if each_minute is not None and time.monotonic() - minute > 60:
            minute = time.monotonic()
            each_minute()
        time.sleep(_POLL_SECONDS)
    if state.exit_status:
        kind = UserError if state.exit_status == UserError.exit_status else PipelineFailure
        raise kind(
            f"{name} failed with exit status {state.exit_status}: {watch.last_words()}",
            hint=f"SSH operator error: exit status = {state.exit_status} (원격 작업 실패): its whole log is "
            f"{settings.job_dir}/jobs/{name}/log on {master.private_ip}",
        )
    say(f"{name} has ended well")


def command_of(master: Host, name: str, settings: CloudSettings) -> str | None:
    """The command of the job's last start; None when there was none."""
    said = ssh.run(master, f"cat {_folder(settings, name)}/command 2>/dev/null || true", what=f"looking for {name}")
    return said or None


def tell(master: Host, name: str, settings: CloudSettings, say: Say, *, follow: bool) -> State:
    """Say the job's whole log, with ``follow`` until it has ended. The job itself is left alone."""
    watch = _Watch(master, name, settings, say)
    while True:
        state = watch.look()
        if not follow or state.name != "running":
            return state
        time.sleep(_POLL_SECONDS)


class _Watch:
    """Reads a job's log from where it was, over one connection as long as that lasts."""

    def __init__(self, master: Host, name: str, settings: CloudSettings, say: Say) -> None:
        self._master, self._say = master, say
        self._folder, self._offset, self._rest = _folder(settings, name), 0, ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines: list[str] = []

    def look(self) -> State:
        """Its state, after everything it has printed so far was said."""
        deadline, said = time.monotonic() + _LOST_SECONDS, False
        while True:
            try:
                return self._look()
            except UnreachableError as error:
                if time.monotonic() > deadline:
                    raise
                if not said:
                    self._say(f"{error.message}; trying again, the job goes on")
                    said = True
                time.sleep(_POLL_SECONDS)

    def _look(self) -> State:
        script = f"""cd {self._folder} || exit 1
{_FUNCTIONS}
if [ -s exit ]; then echo "ended $(cat exit)"; elif alive; then echo running
else sleep 1; if [ -s exit ]; then echo "ended $(cat exit)"; else echo gone; fi; fi
tail -c +{self._offset + 1} log | base64
"""
        printed = ssh.run(self._master, f"bash -c {shlex.quote(script)}", what="looking at the job")
        first, _, encoded = printed.partition("\n")
        name, _, status = first.partition(" ")
        self._print(base64.b64decode(encoded), last=name != "running")
        return State(name, int(status) if status else None)

    def _print(self, content: bytes, *, last: bool) -> None:
        """Say the lines that have ended; the last one need not."""
        self._offset += len(content)
        *lines, self._rest = (self._rest + self._decoder.decode(content, last)).split("\n")
        if last and self._rest:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._say(line)
        self._lines = (self._lines + lines)[-200:]

    def last_words(self) -> str:
        """The line that tells the cause, else the last lines."""
        telling = [n for n, line in enumerate(self._lines) if log.error_in(line)]
        last = [line for line in self._lines if line.strip()][-3:]
        if telling:
            first, *after = self._lines[telling[-1] :][:2]
            last = [str(log.error_in(first)), *(after if first.startswith("ERROR ") else [])]
        return " | ".join(line.strip() for line in last) or "it printed nothing"


def end(master: Host, name: str, settings: CloudSettings, say: Say) -> None:
    """End the job with all its processes; nothing to end is fine."""
    script = f"cd {_folder(settings, name)} 2>/dev/null || exit 0\n{_FUNCTIONS}\nalive && echo ended\nend"
    said = ssh.run(master, f"bash -c {shlex.quote(script)}", what=f"ending {name}", timeout_seconds=90)
    if said.strip():
        say(f"{name} was ended")
