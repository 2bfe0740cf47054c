"""README and docs/: every command and snippet runs, every link leads somewhere, nothing is stale.

A page's blocks run in their order, in one folder. What a block is, its first line says:

- ```` ```console ````: commands behind `$ `, and below each what it prints, `…` for the rest.
- ```` ```sh ````: commands alone.
- ```` ```python ````: run as a cell; a ```` ```text ```` block behind it is what it shows.
- with a file's name: that file. If there is one already, these lines are in it.
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import hookanalysis as ha
import manual
from hookanalysis.cli import cli, main
from hookanalysis.errors import InputError, ReportError
from hookanalysis.reporting.pages import find_chromium
from hookanalysis.settings import Known, Settings, read_settings

ROOT = manual.ROOT
README = ROOT / "README.md"
EXAMPLE = ROOT / "docs" / "example"
BLOCK = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What cannot run here, and what proves it instead.
ELSEWHERE = {
    r"make (demo|test|test-long|lab)": ".ci/run",
    r"\. \.venv/bin/activate": "make makes it",
    r"pip install (\.|'(\.|hookanalysis)\[\w+\]')": ".ci/run installs the wheel",
    r"make wheel|pip download .*|docker (build|run) .*": "test_the_container_works_offline",
    r'hookanalysis load "postgresql://.*': "tests/test_postgres.py",
    r'eval "\$\(_HOOKANALYSIS_COMPLETE=.*': "test_completion_is_offered",
}
# What a short run leaves out; of a report it checks all but the drawing.
SLOW = re.compile(r"hookanalysis (daily|demo) |papermill |sh \S+\.sh")
# Programs that hand out logs: here the example's, each in its own wrapping, and at its own hour.
PROGRAMS = {
    "aws": '{{"timestamp":{millis},"message":{quoted}}}',
    "docker": "{line}",
    "gcloud": '{{"timestamp":"{time}","jsonPayload":{line}}}',
    "heroku": "{time} app[web.1]: {line}",
    "journalctl": '{{"__REALTIME_TIMESTAMP":"{millis}000","MESSAGE":{quoted}}}',
    "kubectl": "{time} {line}",
}
TABLE = """\
event_id,received_at,processed_at,status
db5b5fab-8f4d-4e27-9da1-494c73cf256d,2026-07-14 16:02:07+00,2026-07-14 16:02:08+00,done
79cb9e86-830c-41c2-8dcc-69292f45e678,2026-07-14 16:11:40+00,,new
"""


def check_unit(text: str) -> None:
    """As systemd sees it; its script is not there."""
    kind = "timer" if "[Timer]" in text else "service"
    configparser.ConfigParser().read_string(text)
    if shutil.which("systemd-analyze"):
        unit = Path(f"unit/hooks-daily.{kind}").absolute()
        unit.parent.mkdir(exist_ok=True)
        unit.write_text(text.replace("/srv/hooks/daily.sh", "/bin/true"), encoding="utf-8")
        done = subprocess.run(
            ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


CHECKS: dict[str, Callable[[str], object]] = {
    ".crontab": lambda text: [
        re.fullmatch(r"([\d*/,-]+ ){5}.+|\w+=.*|#.*", line) or pytest.fail(line)
        for line in text.splitlines()
    ],
    ".json": json.loads,
    ".py": ast.parse,
    ".logrotate": lambda text: (
        re.fullmatch(r"(/\S+ \{\n( +[a-z]+( \d+)?\n)+\}\n)+", text) or pytest.fail(text)
    ),
    ".service": check_unit,
    ".sh": lambda text: subprocess.run(["sh", "-n"], input=text, text=True, check=True),
    ".timer": check_unit,
    ".toml": tomllib.loads,
    ".yml": lambda text: import_module("yaml").safe_load(text),
    ".sql": str.strip,  # tests/test_stores.py runs it
    **dict.fromkeys((".conf", ".csv", ".log"), str.strip),  # commands of the page read them
}


@dataclass(frozen=True)
class Block:
    """A fenced block, and the text between the block before and this one."""

    language: str
    file: str
    text: str
    before: str


def blocks_of(page: Path) -> list[Block]:
    text, found, end = page.read_text(encoding="utf-8"), [], 0
    for match in BLOCK.finditer(text):
        found.append(Block(match[1], match[2] or "", match[3], text[end : match.start()]))
        end = match.end()
    return found


def commands_of(block: Block) -> list[tuple[str, str]]:
    """The commands of a block, each with what it is said to print."""
    text = block.text.replace("\\\n", " ")
    if block.language == "sh":
        lines = [line.partition("  #")[0].strip() for line in text.splitlines()]
        return [(line, "") for line in lines if line and not line.startswith("#")]
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, printed) for command, _, printed in (p.partition("\n") for p in parts)]


def test_what_is_generated_is_current() -> None:
    stale = [page.name for page, text in manual.fill().items() if text != page.read_text("utf-8")]
    assert stale == [], "run `make docs`"


def test_the_readme_is_short_and_set_up_takes_two_commands() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 250
    first = next(block for block in blocks_of(README) if block.language == "sh")
    assert [command for command, _ in commands_of(first)] == ["make demo", "make test"]


def test_every_link_leads_somewhere_and_every_page_is_linked() -> None:
    broken, linked = [], set()
    for page in [*manual.PAGES, ROOT / "CONTRIBUTING.md", ROOT / "data" / "samples" / "README.md"]:
        text = BLOCK.sub("", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"\w+:", target):
                continue
            name, _, anchor = target.partition("#")
            home = (page.parent / name).resolve() if name else page
            linked.add(home)
            if not home.exists() or (anchor and anchor not in anchors_of(home)):
                broken.append(f"{page.name}: {target}")
    assert broken == []
    assert {page for page in manual.PAGES if page != README} <= linked


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_setting_is_described_with_its_default(tmp_path: Path) -> None:
    page = ROOT / "docs" / "reference.md"
    settings = page.read_text(encoding="utf-8").partition("## Settings")[2].partition("\n## ")[0]
    names = [field.name for kind in (Settings, Known) for field in fields(kind)]
    assert [name for name in names if not re.search(rf"\b{name}\b", settings)] == []
    listed = next(block for block in blocks_of(page) if block.file.endswith("all.toml"))
    (tmp_path / "all.toml").write_text(listed.text, encoding="utf-8")
    assert read_settings(tmp_path / "all.toml") == Settings()


def test_every_format_is_named() -> None:
    listed = subprocess.check_output([sys.executable, "-m", "hookanalysis", "formats"], text=True)
    page = (ROOT / "docs" / "your-logs.md").read_text(encoding="utf-8")
    ids = [line.split()[0] for line in listed.splitlines()]
    assert [name for name in ids if f"`{name}`" not in page] == []


def test_what_is_named_in_passing_exists() -> None:
    options = {name: {o for p in c.params for o in p.opts} for name, c in cli.commands.items()}
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    unknown = []
    for page in [*manual.PAGES, ROOT / "CONTRIBUTING.md"]:
        for named in re.findall(r"`([^`\n]+)`", BLOCK.sub("", page.read_text(encoding="utf-8"))):
            program, *words = named.split()
            known = set().union(*options.values())
            if program == "hookanalysis" and words:
                known = options.get(words[0], set())
                unknown += [] if words[0] in options else [named]
            elif program == "make" and words and words[0] not in targets:
                unknown.append(named)
            unknown += [named for word in named.split() if word[:2] == "--" and word not in known]
    assert unknown == []


def test_nothing_is_left_out_that_no_page_says() -> None:
    blocks = [block for page in manual.PAGES for block in blocks_of(page)]
    typed = [command for block in blocks for command, _ in commands_of(block)]
    assert [way for way in ELSEWHERE if not any(re.fullmatch(way, said) for said in typed)] == []


def test_completion_is_offered() -> None:
    """As a shell asks for it; the pages name the variable."""
    asked = {"_HOOKANALYSIS_COMPLETE": "bash_complete", "COMP_WORDS": "hookanalysis re"}
    code = "import sys; sys.argv[0] = 'hookanalysis'; from hookanalysis.cli import main; main()"
    said = subprocess.check_output(
        [sys.executable, "-c", code], env={**os.environ, **asked, "COMP_CWORD": "1"}, text=True
    )
    assert set(said.split()) == {"plain,reconcile", "plain,report"}


@pytest.mark.parametrize(
    ("page", "slow"),
    [
        *((page, False) for page in manual.PAGES if page.stem != "your-logs"),
        *(pytest.param(page, True, marks=pytest.mark.long) for page in manual.PAGES),
    ],
    ids=lambda value: getattr(value, "stem", value),
)
def test_commands_and_snippets_work(
    page: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    slow: bool,
) -> None:
    blocks = blocks_of(page)
    reader = Reader(tmp_path, monkeypatch, slow=slow)
    if any("demo.duckdb" in block.text for block in blocks):
        Path("demo").mkdir()
        shutil.copy(request.getfixturevalue("samples"), "demo/demo.duckdb")
    reader.read(blocks)


class Reader:
    """Somebody who types in what a page says, beginning in a checkout in which `make demo` ran."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, slow: bool) -> None:
        self.slow, self.patch = slow, monkeypatch
        self.names: dict[str, Any] = {}
        home = folder / "checkout"
        shutil.copytree(EXAMPLE, home / "docs" / "example")
        for name in ("data", "notebooks"):
            (home / name).symlink_to(ROOT / name)
        self.place = folder / "place"
        place_programs(folder / "bin")
        monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delenv("HOOKANALYSIS_WORKSPACE", raising=False)
        monkeypatch.chdir(home)
        if not slow:
            monkeypatch.setattr("hookanalysis.reporting.kernels.run_notebook", stop_drawing)

    def read(self, blocks: list[Block]) -> None:
        shown = None
        for block in blocks:
            if block.language == "python" and not block.file:
                shown = self.run_cell(block.text)
                continue
            if block.file:
                take_file(block)
            elif block.language in {"console", "sh"}:
                for command, printed in commands_of(block):
                    self.run_command(command, printed)
            else:
                assert block.language == "text", f"what is a block of {block.language!r}?"
                if shown is not None and not block.before.strip():
                    assert_shown(block.text, shown)
                assert not re.match(r"\$ |hookanalysis |make ", block.text)
            shown = None

    def run_cell(self, text: str) -> str | None:
        tree = ast.parse(text)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        try:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(tree, "snippet", "exec"), self.names)
                value = eval(ast.unparse(last), self.names) if last else None
        except ReportError:
            assert not self.slow
            return None
        return f"{printed.getvalue()}{value}"

    def run_command(self, command: str, printed: str) -> None:
        if re.fullmatch("|".join(ELSEWHERE), command) or (SLOW.match(command) and not self.slow):
            return
        if command.endswith(".pdf") and not has_chromium():
            return
        for value in self.names.values():
            if isinstance(value, ha.Workspace):
                value.close()  # one program at a time may write
        if exported := re.fullmatch(r"export (\w+)=(\S+)", command):
            self.patch.setenv(exported[1], exported[2])
            return
        if command.startswith("hookanalysis ") and not re.search(r"[|<>&;]", command):
            code, said = self.run_here(command)
            drawn = self.slow or not command.startswith("hookanalysis report ")
            assert code in ({2} if "error: " in printed else {0, 1} if drawn else {3}), said
            if not drawn:
                return
        else:
            code, said = self.run_shell(command)
            assert code == 0, said
        assert_shown(printed, said)

    def run_here(self, command: str) -> tuple[int, str]:
        """In this process: a program's start takes a second."""
        self.patch.setattr(sys, "argv", shlex.split(command))
        mask = os.umask(0)
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()) as said,
                contextlib.redirect_stderr(said),
                pytest.raises(SystemExit) as ended,
            ):
                main()
        finally:
            os.umask(mask)
        return int(ended.value.code or 0), said.getvalue()

    def run_shell(self, command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", f'{command}\ncode=$?; pwd > "$0"; exit $code', self.place],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        self.patch.chdir(self.place.read_text(encoding="utf-8").strip())
        return done.returncode, done.stdout


def has_chromium() -> bool:
    with contextlib.suppress(InputError):
        return bool(find_chromium())
    return False


def stop_drawing(*_: object, **__: object) -> None:
    raise ReportError("this run is a short one")


def place_programs(folder: Path) -> None:
    folder.mkdir()
    texts = {
        name: f'exec "{sys.executable}" -m {name} "$@"' for name in ("hookanalysis", "papermill")
    }
    texts["psql"] = f"cat <<'end'\n{TABLE}end"
    lines = (EXAMPLE / "logs" / "app.log").read_text(encoding="utf-8").splitlines()
    for hour, (name, form) in enumerate(PROGRAMS.items(), 10):
        written = []
        for line in (line.replace("T16:", f"T{hour}:") for line in lines):
            time = json.loads(line)["time"]
            millis = round(datetime.fromisoformat(time).timestamp() * 1000)
            told = {"line": line, "quoted": json.dumps(line), "time": time, "millis": millis}
            written.append(form.format(**told) + "\n")
        (folder / f"{name}.txt").write_text("".join(written), encoding="utf-8")
        texts[name] = f'cat "{folder / name}.txt"'
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)


def take_file(block: Block) -> None:
    path = Path(block.file)
    if path.suffix in {".csv", ".log"} and path.exists():
        assert_shown(block.text, path.read_text(encoding="utf-8"))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    CHECKS[path.suffix](block.text)
    if path.suffix == ".toml" and path.parent.name != "formats":
        read_settings(path)


def assert_shown(expected: str, said: str) -> None:
    """What a page shows stands in what is said, in this order; `…` leaves something out."""
    text, at = " ".join(said.split()), 0
    for part in (" ".join(piece.split()) for piece in expected.split("…")):
        at = text.find(part, at)
        assert at >= 0, f"{part!r} is not in:\n{said}"
        at += len(part)
