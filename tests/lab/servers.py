"""Other servers than nginx: each run as its users run it, with the log that it writes by itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from .programs import HERE, free_ports, stop, wait_for
from .sender import SECRET

_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
Program = subprocess.Popen[bytes]
NODE_MODULES = HERE / "node" / "node_modules"
GO_PATH = Path("/usr/share/gocode")  # where Debian puts sources


@dataclass(frozen=True)
class Server:
    """A program that writes a log of the requests that it gets.

    Args:
        name: Its name.
        missing: What must be installed first; empty when it is there.
        start: Starts it in a folder, on a port, before the application on another port, for which
            an application server has no use.
        proxy: It stands before the application, which gunicorn then runs.
    """

    name: str
    missing: str
    start: Callable[[Path, int, int], Program]
    proxy: bool = False


def _environment(folder: Path, **more: str) -> dict[str, str]:
    known = {"LAB_LOGS": str(folder / "logs"), "LAB_SECRET": SECRET, "TZ": "UTC"}
    return os.environ | known | {"PYTHONPATH": str(HERE.parent), "PYTHONUNBUFFERED": "1"} | more


def _run(folder: Path, command: list[str], output: str = "", **more: str) -> Program:
    """Start a program; what it prints is a log where that is given a name, else it is set aside."""
    place = folder / "logs" / output if output else folder / "run" / f"{Path(command[0]).name}.out"
    with place.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder / "run",
            env=_environment(folder, **more),
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def start_gunicorn(folder: Path, port: int) -> Program:
    """The lab's application, whose logs go to the folder."""
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "8"]
    command += ["--worker-tmp-dir", str(folder / "run"), "--no-control-socket"]
    return _run(folder, [*command, "lab.app:application"])


def _configure(folder: Path, name: str, **known: object) -> str:
    text = (HERE / name).read_text(encoding="utf-8")
    for key, value in {**known, "run": folder / "run", "logs": folder / "logs"}.items():
        text = text.replace(f"@{key}@", str(value))
    config = folder / "run" / name
    config.write_text(text, encoding="utf-8")
    return str(config)


def _apache(folder: Path, port: int, app: int) -> Program:
    config = _configure(folder, "apache.conf", port=port, app=app)
    return _run(folder, [_find("apache2"), "-D", "FOREGROUND", "-f", config])


def _haproxy(folder: Path, port: int, app: int) -> Program:
    config = _configure(folder, "haproxy.cfg", port=port, app=app)
    return _run(folder, [_find("haproxy"), "-db", "-f", config], "haproxy.log")


def _caddy(folder: Path, port: int, app: int) -> Program:
    config = _configure(folder, "Caddyfile", port=port, app=app)
    home = str(folder / "run")
    command = [_find("caddy"), "run", "--adapter", "caddyfile", "--config", config]
    return _run(folder, command, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home)


def _uvicorn(folder: Path, port: int, _app: int) -> Program:
    """As in a container: its lines have no time, the runtime writes it beside each."""
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "lab.asgi_app:application"]
    program = subprocess.Popen(
        command,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    Thread(target=_log_as_docker, args=(program, folder / "logs" / "container-json.log")).start()
    return program


def _log_as_docker(program: Program, path: Path) -> None:
    assert program.stdout
    with path.open("a", encoding="utf-8") as log, program.stdout as lines:
        for line in lines:
            time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            entry = {"log": line.decode(), "stream": "stdout", "time": time}
            log.write(json.dumps(entry, separators=(",", ":")) + "\n")
            log.flush()


def _django(folder: Path, port: int, _app: int) -> Program:
    command = [sys.executable, str(HERE / "django_app.py"), "runserver", "--noreload"]
    return _run(folder, [*command, f"127.0.0.1:{port}"], "runserver.log")


def _flask(folder: Path, port: int, _app: int) -> Program:
    command = [sys.executable, "-m", "flask", "--app", "lab.flask_app", "run", "--port", str(port)]
    return _run(folder, command, "werkzeug.log")


def _uwsgi(folder: Path, port: int, _app: int) -> Program:
    command = [_find("uwsgi_python3"), "--http-socket", f"127.0.0.1:{port}", "--die-on-term"]
    command += ["--threads", "8", "--need-app", "--module", "lab.app:application"]
    return _run(folder, command, "uwsgi.log")


def _on_node(script: str, log: str) -> Callable[[Path, int, int], Program]:
    def start(folder: Path, port: int, _app: int) -> Program:
        command = [_find("node"), str(HERE / "node" / script)]
        return _run(folder, command, log, LAB_PORT=str(port), NO_COLOR="1")

    return start


def _rails(folder: Path, port: int, _app: int) -> Program:
    command = [_find("puma"), "--bind", f"tcp://127.0.0.1:{port}", "--threads", "8:8"]
    return _run(folder, [*command, str(HERE / "ruby" / "config.ru")], RAILS_ENV="production")


def _gin(folder: Path, port: int, _app: int) -> Program:
    """Made of Debian's sources, without modules and network."""
    binary = folder / "run" / "gin-app"
    known = {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOFLAGS": "-p=1"}
    known["GOCACHE"] = str(folder / "run" / "cache")
    build = [_find("go"), "build", "-o", str(binary), str(HERE / "go" / "gin.go")]
    subprocess.run(build, env=_environment(folder, **known), check=True)
    return _run(folder, [str(binary)], "gin.log", LAB_PORT=str(port))


def _find(program: str) -> str:
    return shutil.which(program, path=_PATH) or ""


def _lacks(program: str, package: str) -> str:
    return "" if _find(program) else f"{program} is not installed (Debian: {package})"


def _lacks_module(name: str) -> str:
    return "" if find_spec(name) else f"{name} is not installed (PyPI)"


def _lacks_node() -> str:
    if not _find("node"):
        return "node is not installed (Debian: nodejs)"
    return (
        "" if NODE_MODULES.is_dir() else "its packages are not installed (npm ci in tests/lab/node)"
    )


def _lacks_gin() -> str:
    there = _find("go") and (GO_PATH / "src" / "github.com" / "gin-gonic").is_dir()
    return "" if there else "gin is not installed (Debian: golang-github-gin-gonic-gin-dev)"


SERVERS = (
    Server("apache", _lacks("apache2", "apache2"), _apache, proxy=True),
    Server("haproxy", _lacks("haproxy", "haproxy"), _haproxy, proxy=True),
    Server("caddy", _lacks("caddy", "caddy"), _caddy, proxy=True),
    Server("uvicorn", _lacks_module("uvicorn"), _uvicorn),
    Server("django", _lacks_module("django"), _django),
    Server("flask", _lacks_module("flask"), _flask),
    Server("uwsgi", _lacks("uwsgi_python3", "uwsgi-core uwsgi-plugin-python3"), _uwsgi),
    Server("express", _lacks_node(), _on_node("express.js", "morgan.log")),
    Server("fastify", _lacks_node(), _on_node("fastify.js", "fastify.log")),
    Server("nest", _lacks_node(), _on_node("nest.js", "nest.log")),
    Server("rails", _lacks("puma", "puma ruby-rails"), _rails),
    Server("gin", _lacks_gin(), _gin),
)


@contextmanager
def running(server: Server, folder: Path) -> Iterator[int]:
    """Run a server, and what stands behind it; gives the port that it listens to."""
    (folder / "logs").mkdir(parents=True)
    (folder / "run").mkdir()
    ports = free_ports("edge", "app")
    with ExitStack() as programs:
        if server.proxy:
            behind = start_gunicorn(folder, ports["app"])
            programs.callback(stop, behind)
            wait_for(ports["app"], behind)
        program = server.start(folder, ports["edge"], ports["app"])
        programs.callback(stop, program)
        wait_for(ports["edge"], program)
        yield ports["edge"]


@contextmanager
def silent_host() -> Iterator[int]:
    """A host that takes connections and never answers; gives its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening, suppress(OSError):
        yield listening.getsockname()[1]
