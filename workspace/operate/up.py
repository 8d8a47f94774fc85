"""`manage.py up`: set up and start everything on one machine; stop it cleanly on SIGTERM or SIGINT.

SIGHUP replaces the web processes one after the other: a fresh one serves before the old one closes its sockets with
1012, so clients come back without a lost or doubled message.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workspace.operate import client_build, paths
from workspace.operate.instance import AlreadyRunning, Instance
from workspace.operate.part import Part
from workspace.operate.progress import say, step
from workspace.operate.supervisor import Child

QUEUES = "default,mirror"


def main(argv: list[str]) -> int:
    """Run until told to stop; the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Set up and start Roost.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--data", default=os.environ.get("ROOST_DATA") or str(paths.default_data()))
    options = parser.parse_args(argv[1:])
    instance = Instance(paths.Data(Path(options.data).absolute()))
    stop, roll = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: roll.set())
    try:
        listener = _listen(options.host, options.port)
        instance.claim()
    except (AlreadyRunning, RuntimeError) as error:
        say(str(error))
        return 1
    try:
        return Up(instance, listener, options.host, stop, roll).run()
    except RuntimeError as error:
        say(f"Roost could not start: {error}")
        return 1
    finally:
        instance.stop()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise RuntimeError(
            f"Port {port} on {host} can't be used: {error.strerror}. Choose another with --port."
        ) from None
    listener.listen(2048)
    return listener


class Up:
    """One run of `up`."""

    def __init__(
        self, instance: Instance, listener: socket.socket, host: str, stop: threading.Event, roll: threading.Event
    ) -> None:
        self.instance = instance
        self.listener = listener
        self.stop, self.roll = stop, roll
        port = listener.getsockname()[1]
        shown = host if host not in ("0.0.0.0", "::") else "127.0.0.1"
        self.url = os.environ.get("ROOST_URL") or f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
        self.probe = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/api/v1/setup"
        self.web: list[Child] = []

    def run(self) -> int:
        self._set_up()
        if self.stop.is_set():
            return 0
        with step("starting Roost"):
            self._start_programs()
        print(f"ready: {self.url}", flush=True)
        if link := self._setup_link():
            print(f"set up: {link}", flush=True)
        while not self.stop.wait(0.25):
            self.instance.supervisor.look()
            if self.roll.is_set():
                self.roll.clear()
                self._roll_web()
        say("stopping")
        return 0

    def _set_up(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            building = pool.submit(client_build.build) if client_build.needed() else None
            with step("starting PostgreSQL, Valkey and Dovecot"):
                self.instance.start_servers()
            self.instance.env["ROOST_URL"] = self.url
            with step("migrating the database"):
                self._manage("migrate", "-v0")
            if building is not None:
                with step("building the web client"):
                    building.result()
        self.instance.remember()

    def _manage(self, *words: str) -> str:
        argv = [sys.executable, str(paths.ROOT / "manage.py"), *words]
        done = subprocess.run(argv, env=self.instance.env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"manage.py {words[0]} failed:\n{done.stderr[-3000:]}")
        return done.stdout.strip()

    def _start_programs(self) -> None:
        for number in range(int(os.environ.get("WEB_PROCESSES", "1"))):
            self.web.append(self._start_web(number))
        python = [sys.executable, "-m", "celery", "-A", "workspace.celery"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        worker = [*python, "worker", "-P", "threads", "-c", "8", "-l", "WARNING", "-Q", QUEUES, *quiet]
        beat = [*python, "beat", "-l", "WARNING", "-s", str(self.instance.data.path / "run" / "beat"), "--pidfile="]
        watch = [sys.executable, str(paths.ROOT / "manage.py"), "watch"]
        for part in (Part("worker", worker), Part("beat", beat), Part("watcher", watch)):
            child = self.instance.supervisor.add(self.instance.child(self._ours(part)))
            child.start()

    def _ours(self, part: Part) -> Part:
        return Part(part.name, part.argv, part.ready, popen={"cwd": paths.ROOT})

    def _start_web(self, number: int) -> Child:
        descriptor = self.listener.fileno()
        argv = [sys.executable, "-m", "uvicorn", "workspace.asgi:application", "--fd", str(descriptor)]
        argv += ["--ws", "websockets-sansio", "--ws-max-size", "65536", "--ws-per-message-deflate", "false"]
        argv += ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--no-access-log"]
        argv += ["--log-level", "warning", "--timeout-graceful-shutdown", "4"]
        part = Part(f"web-{number}", argv, self._answers, popen={"cwd": paths.ROOT})
        child = self.instance.supervisor.add(self.instance.child(part, pass_fds=(descriptor,)))
        child.start_and_wait()
        return child

    def _answers(self) -> bool:
        with urllib.request.urlopen(self.probe, timeout=5) as response:
            return bool(response.status == 200)

    def _roll_web(self) -> None:
        say("replacing the web processes")
        for number, old in enumerate(list(self.web)):
            self.web[number] = self._start_web(number)
            time.sleep(1.0)  # the old one answers too, so `ready` may have been its answer
            self.instance.supervisor.children.remove(old)
            self.instance.supervisor.stop([old])

    def _setup_link(self) -> str | None:
        token = self._manage("setup_token")
        return f"{self.url}/setup/{token}" if token else None
