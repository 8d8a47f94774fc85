"""`manage.py up`: set up and start everything on one machine; stop it cleanly on SIGTERM or SIGINT.

SIGHUP replaces the web processes one after the other: a fresh one serves before the old one closes its sockets with
1012, so clients come back without a lost or doubled message. It also takes over a renewed certificate.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from workspace.operate import client_build, paths, programs
from workspace.operate.instance import AlreadyRunning, Instance
from workspace.operate.part import Part
from workspace.operate.progress import say, step
from workspace.operate.supervisor import Child

WORKER_THREADS = 8
QUEUES = "default,mirror,mending"
HANGS_AFTER = 20.0
ROLL_SECONDS = 60.0


class Stopped(BaseException):
    """We were told to stop while setting up."""


def main(argv: list[str]) -> int:
    """Run until told to stop; the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Set up and start Roost.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument(
        "--imap-host",
        default=os.environ.get("ROOST_IMAP_HOST"),
        help="where mail programs reach IMAP: as --host, unless said otherwise; by TLS beyond this machine",
    )
    parser.add_argument("--data", default=os.environ.get("ROOST_DATA") or str(paths.default_data()))
    options = parser.parse_args(argv[1:])
    instance = Instance(paths.Data(Path(options.data).absolute()), imap_host=options.imap_host or options.host)
    wishes = Wishes()
    try:
        instance.claim()
        listener = _listen(options.host, options.port)
        Up(instance, listener, options.host, wishes, _listen_for_mail()).run()
        return 0
    except Stopped:
        return 0
    except (AlreadyRunning, RuntimeError) as error:
        say(str(error))
        return 1
    finally:
        wishes.may_interrupt = False
        programs.end_all()
        instance.stop()


class Wishes:
    """What signals ask for. While setting up, stopping interrupts whatever is under way."""

    def __init__(self) -> None:
        self.stop, self.roll = threading.Event(), threading.Event()
        self.may_interrupt = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, lambda *_: self.roll.set())

    def _stop(self, *_: object) -> None:
        self.stop.set()
        if self.may_interrupt:
            self.may_interrupt = False
            programs.end_all()
            raise Stopped


def _listen_for_mail() -> socket.socket | None:
    """The socket of SMTP_LISTEN: only root may open those of ports below 1024, and the gateway is not root."""
    where = os.environ.get("SMTP_LISTEN", "")
    host, _, port = where.rpartition(":")
    if where and (not host or not port.isdecimal() or int(port) > 65535):
        raise RuntimeError(f"SMTP_LISTEN has to be host:port, not {where!r}.")
    return _listen(host.removeprefix("[").removesuffix("]"), int(port), "SMTP_LISTEN") if where else None


def _listen(host: str, port: int, choice: str = "--port") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise RuntimeError(
            f"Port {port} on {host} can't be used: {error.strerror}. Choose another with {choice}."
        ) from None
    listener.listen(2048)
    return listener


class Up:
    """One run of `up`."""

    def __init__(
        self, instance: Instance, listener: socket.socket, host: str, wishes: Wishes, smtp: socket.socket | None = None
    ) -> None:
        self.instance = instance
        self.supervisor = instance.supervisor
        self.listener = listener
        self.smtp = smtp
        self.wishes = wishes
        shown = host if host not in ("0.0.0.0", "::") else "127.0.0.1"
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{listener.getsockname()[1]}"
        instance.env.setdefault("ROOST_URL", self.url)
        self.web: list[Child] = []
        self.popen: dict[str, Any] = {}

    def run(self) -> None:
        token = self._start()
        self.instance.remember()
        self.supervisor.watch_health()
        print(f"ready: {self.url}", flush=True)
        if token:
            print(f"set up: {self.instance.env['ROOST_URL'].rstrip('/')}/setup/{token}", flush=True)
        self.wishes.may_interrupt = False
        while not self.wishes.stop.wait(0.1):
            self.supervisor.look()
            if self.wishes.roll.is_set():
                self.wishes.roll.clear()
                self._roll_web()
        say("stopping")

    def _start(self) -> str | None:
        """Start everything, what does not need each other side by side; the token of the first set-up, if it waits."""
        with ThreadPoolExecutor(2) as pool:
            try:
                self.popen = self.instance.drop_privileges()
                pool.submit(_compile) if "user" in self.popen else None
                building = pool.submit(client_build.build) if client_build.needed() else None
                with step("starting PostgreSQL, Valkey and Dovecot"):
                    self.instance.start_servers()
                    if self.smtp is not None:
                        self.instance.provide_certificate()
                self.instance.remember()
                preparing = pool.submit(self._prepare)
                if building is not None:
                    with step("building the web client"):
                        building.result()
                if not self._is_migrated():
                    with step("migrating the database"):
                        preparing.result()
                with step("starting Roost"):
                    self._start_web()
                    token = preparing.result()
                    self._start_workers()
            except BaseException:
                programs.end_all()  # or leaving the pool would wait for them
                raise
        self._migrated.write_text(_migrations())
        return token

    def _prepare(self) -> str | None:
        words = [sys.executable, str(paths.ROOT / "manage.py"), "prepare"]
        out = programs.run(words, env=self.instance.env, **self.popen)
        token: str | None = json.loads(out)["token"]
        return token

    @property
    def _migrated(self) -> Path:
        return self.instance.data.path / "run" / "migrated"

    def _is_migrated(self) -> bool:
        return self._migrated.exists() and self._migrated.read_text() == _migrations()

    def _start_web(self) -> None:
        count = max(1, int(os.environ.get("WEB_PROCESSES") or 1))
        self.web = [self._one_web(number) for number in range(count)]
        for child in self.web:
            child.wait_until_ready()

    def _one_web(self, number: int) -> Child:
        pulse = self.instance.data.work / f"web-{number}"
        pulse.unlink(missing_ok=True)
        descriptor = self.listener.fileno()
        part = Part(
            name=f"web-{number}",
            argv=[sys.executable, "-m", "workspace.operate.web", str(descriptor), str(pulse)],
            ready=lambda: pulse.exists() and pulse.read_text() == str(child.process and child.process.pid),
            healthy=lambda: _age(pulse) < HANGS_AFTER,
            orphan_signal=signal.SIGTERM,
            popen=self.popen,
        )
        child = self.supervisor.add(self.instance.child(part, pass_fds=(descriptor,)))
        self.supervisor.start(child)
        return child

    def _start_workers(self) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "workspace.celery"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        schedule = str(self.instance.data.work / "beat")
        threads = ["-P", "threads", "-c", str(WORKER_THREADS)]
        for name, argv in (
            ("worker", [*celery, "worker", *threads, "-l", "WARNING", "-Q", QUEUES, *quiet]),
            ("beat", [*celery, "beat", "-l", "WARNING", "-s", schedule, "--pidfile="]),
            ("watcher", [sys.executable, str(paths.ROOT / "manage.py"), "watch"]),
        ):
            self._start_worker(name, argv)
        smtp = (self.smtp.fileno(),) if self.smtp is not None else ()
        gateway = [sys.executable, str(paths.ROOT / "manage.py"), "gateway"]
        self._start_worker("gateway", [*gateway, *(f"--smtp-socket={descriptor}" for descriptor in smtp)], smtp)

    def _start_worker(self, name: str, argv: list[str], pass_fds: tuple[int, ...] = ()) -> None:
        child = self.instance.child(Part(name, argv, popen=self.popen), pass_fds)
        self.supervisor.start(self.supervisor.add(child))

    def _roll_web(self) -> None:
        say("replacing the web processes")
        self._renew_certificate()
        for number, old in enumerate(list(self.web)):
            fresh = self._one_web(number)
            end = time.monotonic() + ROLL_SECONDS
            while not (serves := fresh.part.ready()) and time.monotonic() < end and not self.wishes.stop.wait(0.1):
                self.supervisor.look()  # other children may die meanwhile, and this one too
            if serves:
                self.web[number] = fresh
            else:
                say(f"! the new web process does not answer (see {fresh.log}); the old one stays")
            self._let_go(old if serves else fresh)

    def _renew_certificate(self) -> None:
        try:
            self.instance.renew_certificate()
        except RuntimeError as error:
            say(f"! {error}")

    def _let_go(self, child: Child) -> None:
        self.supervisor.children.remove(child)
        self.supervisor.stop([child])
        self.supervisor.write_record()


def _compile() -> None:
    """Keep our programs' bytecode, which their user may not write beside them."""
    if not sys.dont_write_bytecode:
        for room in ("workspace", "channels_app"):
            compileall.compile_dir(paths.ROOT / room, quiet=2)


def _age(pulse: Path) -> float:
    """Seconds since a web process's event loop last turned, by the file system's clock."""
    probe = pulse.with_suffix(".now")
    probe.touch()
    return probe.stat().st_mtime - pulse.stat().st_mtime


def _migrations() -> str:
    """Which migrations this version has: when they are those of the last run, the web may start beside them."""
    found = sorted(str(path.relative_to(paths.ROOT)) for path in paths.ROOT.glob("*/*/migrations/0*.py"))
    return hashlib.sha256("\n".join(found).encode()).hexdigest()
