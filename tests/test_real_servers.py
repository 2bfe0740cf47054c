"""Servers and frameworks, really run: the same attempts, read from each one's own logs, must give
the same verdicts, but for the time-outs (`compare`)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import hookanalysis as ha
from hookanalysis.settings import Known
from lab.servers import NODE_MODULES, SERVERS, Server
from lab.story import Story
from test_real_receiver import SETTINGS, compare

# None of the logs names the zone of its times. Nothing stands before these servers: they are the
# edge, as a user would say under [[sources]].
OUTERMOST = ("container-json.log", "runserver.log", "werkzeug.log")
SOURCES = (
    Known(timezone="UTC"),
    *(Known(match=f"*{name}", layer="edge") for name in OUTERMOST),
)


# That which needs nothing but Python is run each time.
@pytest.mark.parametrize(
    "server",
    [
        pytest.param(
            s,
            marks=(
                pytest.mark.skipif(bool(s.missing), reason=s.missing),
                *(() if s.name == "uvicorn" else (pytest.mark.long,)),
            ),
            id=s.name,
        )
        for s in SERVERS
    ],
)
def test_every_server_gives_the_same_verdicts(server: Server, stories: dict[str, Story]) -> None:
    story = stories[server.name]
    settings = replace(SETTINGS, sources=SOURCES)
    with ha.connect(":memory:", settings=settings) as ws:
        loaded = ws.load(story.exports, story.logs)
        assert not loaded.refused
        ws.reconcile()
        rows = ws.rows("SELECT event_uuid, outcome, detail FROM deliveries")
    # Not every application's log tells the path, and with it the endpoint; there is one alone.
    said = {(uuid, ""): (outcome, detail) for uuid, outcome, detail in rows}
    assert len(said) == len(rows)
    compare({(uuid, ""): verdict for (uuid, _), verdict in story.truth.items()}, said, most=3)


def test_the_packages_of_node_are_pinned_by_content_and_name_no_host() -> None:
    lock = json.loads((NODE_MODULES.parent / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {"node_modules/express", "node_modules/fastify", "node_modules/pino"} <= packages.keys()
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())
