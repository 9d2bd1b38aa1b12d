"""Asks pip-audit whether what constraints.txt pins has known vulnerabilities; says so where nobody could answer.

Exit status 0 if every pin was looked up and is clean, 1 for a vulnerability, 2 if some could be looked up nowhere:
pip-audit itself calls that clean.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = Path(__file__).parents[1] / "constraints.txt"


def main(pip_audit: str) -> int:
    """Run this program over the pins; the exit status."""
    command = [pip_audit, "-r", str(PINS), "--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (ran.stderr.strip().splitlines() or ["without a word"])[-1]
        print(f"not audited: pip-audit reached no database, or failed: {last}", file=sys.stderr)
        return 2
    return told(found)


def told(found: list[dict[str, Any]]) -> int:
    """Print what was found; the exit status."""
    bad = [entry for entry in found if entry.get("vulns")]
    skipped = [entry for entry in found if "skip_reason" in entry]
    for entry in bad:
        for vulnerability in entry["vulns"]:
            mended = ", ".join(vulnerability.get("fix_versions") or []) or "no version yet"
            print(f"{entry['name']} {entry['version']}: {vulnerability['id']}, mended in {mended}")
    for entry in skipped:
        print(f"not audited: {entry['name']}: {entry['skip_reason']}", file=sys.stderr)
    print(f"{len(found) - len(skipped)} of {len(found)} pins audited, {len(bad)} with known vulnerabilities")
    return 1 if bad else 2 if skipped or not found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
