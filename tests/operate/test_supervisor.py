"""The supervisor: how long it waits before it starts something again."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from workspace.operate.part import Part
from workspace.operate.supervisor import STABLE, Child, Supervisor


def test_what_was_stable_for_a_while_starts_again_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor()
    child = supervisor.add(Child(Part("sleeper", ["sleep", "60"]), tmp_path / "sleeper.log", dict(os.environ)))
    for ran in (0.0, 1.0, STABLE - 1, STABLE + 1, 0.0):
        process = child.start()
        child.started -= ran
        process.kill()
        process.wait()
        supervisor.look()
        child.due = 0.0
    said = "".join(capfd.readouterr())
    assert re.findall(r"again in ([0-9.]+) s", said) == ["0.2", "0.4", "0.8", "0.2", "0.4"]
