"""Settings: what a file may say, and that a wrong value is refused by name, never passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hookanalysis as ha
from hookanalysis.errors import InputError
from hookanalysis.formats.format import load_formats
from hookanalysis.settings import Known, Settings, read_settings

WRONG = {
    "grace_minutes": ["-5", "nan", "inf", "1e300", "true", '"15"'],
    "retention_days": ["1_000_001"],
    "formats": ["5", "[1]"],
    "endpoints": ["[1]", '"https://a.example/"', "{}"],
    "sender_ips": ['["nope"]', '["34.83.8.0/24"]', "[34]"],
    "secret_variable": ["1"],
    "sources": ["5", "[1]", "{}"],
}
WRONG_SOURCES = {
    "match": ["5", '["a", "b"]'],
    "timezone": ["5"],
    "day_first": ['"yes"', "1"],
    "sampled": ['"no"'],
    "layer": ['"egde"', '"sender"', "1"],
    "time_marks": ['"begin"'],
    "columns": ['"event_id"', "{event_id = 5}", '{event_id = ["Message", 5]}'],
}


def write(folder: Path, text: str) -> Path:
    file = folder / "hookanalysis.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_says_what_is_known(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        grace_minutes = 5
        sender_ips = ["2001:db8::1"]
        [[sources]]
        match = "*edge*"
        layer = "edge"
        columns = {event_id = ["Message", "Id"], time = "At"}
        [[sources]]
        timezone = "Asia/Tokyo"
        day_first = true
        """,
    )
    settings = read_settings(file)
    assert (settings.grace_minutes, settings.sender_ips) == (5, ("2001:db8::1",))
    known = settings.known_of("logs/edge.log")
    assert (known.layer, known.timezone, known.day_first) == ("edge", "Asia/Tokyo", True)
    assert known.columns == {"event_id": ["Message", "Id"], "time": "At"}
    assert settings.known_of("app.log").layer is None


@pytest.mark.parametrize(
    ("name", "line", "source"),
    [
        *((name, f"{name} = {value}", False) for name, said in WRONG.items() for value in said),
        *((n, f"{n} = {value}", True) for n, said in WRONG_SOURCES.items() for value in said),
        ("sources", "[sources]", False),
        ("grace", "grace = 15", False),
        ("zone", 'zone = "UTC"', True),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    tmp_path: Path, name: str, line: str, *, source: bool
) -> None:
    file = write(tmp_path, f"[[sources]]\n{line}" if source else line)
    with pytest.raises(InputError, match=name) as caught:
        read_settings(file)
    assert caught.value.where == str(file)


def test_what_code_says_is_checked_alike() -> None:
    with pytest.raises(InputError, match="layer"):
        Known(layer="egde")
    with pytest.raises(InputError, match="grace_minutes"):
        Settings(grace_minutes=-1)
    with (
        ha.connect(":memory:", settings=Settings()) as ws,
        pytest.raises(InputError, match="time_marks"),
    ):
        ws.load("access.log", time_marks="begin")


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing"])
def test_settings_that_are_no_file_are_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "s.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(InputError, match="settings cannot be read"):
        read_settings(path)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 99_999, f"grace_minutes = {'9' * 9_999}", "a = \x00"]
)
def test_hostile_toml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(InputError, match="settings cannot be read"):
        read_settings(tmp_path / "s.toml")
    with pytest.raises(InputError, match="cannot be used"):
        load_formats(tmp_path)
