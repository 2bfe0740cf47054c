"""Files that were once read wrongly: no crash, no hang, and every byte is accounted for.

`make fuzz` breaks more of them at random; `.ci/run` does so for a minute.
"""

from __future__ import annotations

import base64
from pathlib import Path

import hookanalysis as ha
from fuzz import CORPUS, check, check_reading, seeds


def test_the_corpus_is_read_rightly(tmp_path: Path) -> None:
    files = sorted(CORPUS.glob("*.b64"))
    file, told = tmp_path / "fuzz.log", {}
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        for kept in files:
            text = base64.b64decode(kept.read_text())
            told[kept.name] = check_reading(text, file) or check(text, ws, file)
    assert len(seeds()) > 100 + len(files) > 105
    assert {name: wrong for name, wrong in told.items() if wrong} == {}
