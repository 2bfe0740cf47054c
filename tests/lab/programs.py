"""Starting and stopping the receiver's programs: nginx and gunicorn, each with its own files."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from .sender import SECRET

HERE = Path(__file__).parent
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
PORTS = ("edge", "app", "upstream_200", "upstream_503", "nobody")


class Receiver:
    """nginx in front of gunicorn, both children of this process, both stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.run = folder / "run"
        self.logs.mkdir()
        self.run.mkdir()
        self.ports = free_ports(*PORTS)
        self.nginx: subprocess.Popen[bytes] | None = None
        self.gunicorn: subprocess.Popen[bytes] | None = None
        # A host that takes connections and never answers: its backlog is never emptied.
        self.silent = socket.create_server(("127.0.0.1", 0), backlog=64)

    def start_nginx(self) -> None:
        """Start nginx and wait until it answers."""
        known: dict[str, object] = {**self.ports, "run": self.run, "logs": self.logs}
        text = (HERE / "nginx.conf").read_text(encoding="utf-8")
        for name, value in known.items():
            text = text.replace(f"@{name}@", str(value))
        config = self.run / "nginx.conf"
        config.write_text(text, encoding="utf-8")
        command = [str(NGINX), "-p", str(self.run), "-e", str(self.run / "error.log"), "-c"]
        with (self.run / "nginx.out").open("ab") as out:
            self.nginx = subprocess.Popen([*command, str(config)], stdout=out, stderr=out)
        wait_for(self.ports["edge"], self.nginx)

    def start_app(self) -> None:
        """Start the application server and wait until it answers."""
        address = f"127.0.0.1:{self.ports['app']}"
        command = [sys.executable, "-m", "gunicorn", "--chdir", str(HERE), "--bind", address]
        command += ["--threads", "16", "--worker-tmp-dir", str(self.run)]
        command += ["--no-control-socket", "app:application"]
        environment = os.environ | {"LAB_LOGS": str(self.logs), "LAB_SECRET": SECRET}
        with (self.run / "gunicorn.out").open("ab") as out:
            self.gunicorn = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        wait_for(self.ports["app"], self.gunicorn)

    def stop_nginx(self) -> None:
        """Stop nginx, as `systemctl stop` would."""
        stop(self.nginx)

    def stop_app(self) -> None:
        """Stop the application server; nginx stays."""
        stop(self.gunicorn)

    def rotate(self) -> None:
        """What logrotate does between stop and start: rename and compress the access log."""
        log = self.logs / "access.log"
        with gzip.open(self.logs / "access.log.1.gz", "wb") as packed:
            packed.write(log.read_bytes())
        log.unlink()

    def is_healthy(self) -> bool:
        """One health check through nginx."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["edge"], timeout=1)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def __enter__(self) -> Self:
        try:
            self.start_app()
            self.start_nginx()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_nginx()
        self.stop_app()
        self.silent.close()


def free_ports(*names: str) -> dict[str, int]:
    """A free port for each name."""
    with_sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: held.getsockname()[1] for name, held in with_sockets.items()}
    for held in with_sockets.values():
        held.close()
    return ports


def wait_for(port: int, program: subprocess.Popen[bytes]) -> None:
    """Wait until a program listens to a port."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and program.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{program.args!r} does not listen; its exit code: {program.poll()}")


def stop(program: subprocess.Popen[bytes] | None) -> None:
    """End a program, as its service manager would."""
    if program is None or program.poll() is not None:
        return
    program.terminate()
    try:
        program.wait(timeout=10)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
