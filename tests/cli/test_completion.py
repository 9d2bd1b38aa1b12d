"""``pothole --install-completion``: the script is written, and a shell that reads it completes commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs

BIN = Path(sys.executable).parent
FILES = {"bash": ".bash_completions/pothole.sh", "zsh": ".zfunc/_pothole"}


def environment(home: Path) -> dict[str, str]:
    detection = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    return os.environ | detection | {"HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}"}


@pytest.mark.parametrize("shell", FILES)
def test_the_script_is_installed_and_no_program_is_asked_twice(tmp_path: Path, shell: str) -> None:
    command = ["pothole", "--install-completion", shell]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert f"{shell} completion installed in {tmp_path / FILES[shell]}" in " ".join(done.stdout.split())
    script = (tmp_path / FILES[shell]).read_text()
    assert f"_POTHOLE_COMPLETE=complete_{shell}" in script
    shown = subprocess.run(
        ["pothole", "--show-completion", shell], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == script.split()
    if shutil.which(shell):
        subprocess.run([shell, "-n", tmp_path / FILES[shell]], check=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pothole", "back"], "backfill"),
        (["pothole", "lake", "re"], "repair"),
        (["pothole", "logs", "--fo"], "--follow"),
    ],
)
def test_bash_completes(tmp_path: Path, words: list[str], expected: str) -> None:
    needs.program("bash")
    subprocess.run(
        ["pothole", "--install-completion", "bash"], env=environment(tmp_path), capture_output=True, check=True
    )
    listed = " ".join(f'"{word}"' for word in words)
    script = f"""source {tmp_path / FILES["bash"]}
COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}
_pothole_completion pothole
echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == ([expected], "")
