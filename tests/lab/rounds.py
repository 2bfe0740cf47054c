"""The attempts that every server of the lab receives, and the verdict that each event deserves."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

from .sender import Event, Sender
from .servers import Server, running, silent_host
from .story import QUIET_SECONDS, Story


def play_all(folder: Path, servers: list[Server]) -> dict[str, Story]:
    """Send every server the same attempts, all at the same time (half a minute)."""
    with ThreadPoolExecutor(len(servers) or 1) as pool:
        jobs = {
            server.name: pool.submit(_play, server, folder / server.name, number)
            for number, server in enumerate(servers)
        }
        return {name: job.result() for name, job in jobs.items()}


def _play(server: Server, folder: Path, seed: int) -> Story:
    story = Story(folder / "logs", folder / "exports")
    with running(server, folder) as port, silent_host() as silent, healthy(port):
        story.exports.mkdir()
        round_ = _Round(story, Sender(random.Random(seed)), port)
        time.sleep(QUIET_SECONDS)
        round_.play(silent)
        time.sleep(3)
        round_.sender.export(story.exports / "showpass-logs.csv")
        time.sleep(1)
    return story


@contextmanager
def healthy(port: int) -> Iterator[None]:
    """A monitor's health checks, twice a second: what shows that the logs are being written."""
    over = Flag()

    def check() -> None:
        while not over.wait(0.5):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            with suppress(OSError):
                connection.request("GET", "/health")
                connection.getresponse().read()
            connection.close()

    monitor = Thread(target=check)
    monitor.start()
    try:
        yield
    finally:
        over.set()
        monitor.join()


class _Round:
    def __init__(self, story: Story, sender: Sender, port: int) -> None:
        self.story = story
        self.sender = sender
        self.url = f"http://127.0.0.1:{port}/webhooks/showpass"

    def new(self, outcome: str, detail: str, count: int) -> list[Event]:
        """Make events, and write down what will become of them."""
        events = [self.sender.make(self.url) for _ in range(count)]
        for event in events:
            self.story.truth[event.uuid, event.url] = (outcome, detail)
        return events

    def post(self, events: list[Event], **how: Any) -> None:
        """Post events at the same time, as a sender does, and wait for all."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda event: self.sender.post(event, **how), events))

    def play(self, silent: int) -> None:
        """Post everything."""
        self.post(self.new("missed", "never_reached", 2), via=silent)
        time.sleep(QUIET_SECONDS)
        self.post(self.new("delivered", "delivered", 30))
        self.post(self.new("refused", "rejected", 3), fault="crash")
        self.post(self.new("refused", "rejected", 2), signed=False)
        recovering = self.new("recovered", "recovered", 2)
        self.post(recovering, fault="crash")
        self.post(recovering)
        again = self.new("duplicated", "resend_after_success", 2)
        self.post(again)
        self.post(self.new("unacknowledged", "false_failure", 2), fault="slow")
        time.sleep(2)
        self.post(again)
        self.post(self.new("unexpected", "orphan", 1), logged=False)
        # By more than the clocks could differ: else the export might not reach as far.
        time.sleep(4)
        self.post(self.new("delivered", "delivered", 20))
