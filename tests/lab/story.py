"""What happens in the lab, act by act, and the verdict that each event deserves for it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

from .programs import Receiver
from .sender import Event, Sender

# Time without posts, so that what has no line in any log stands alone in its window.
QUIET_SECONDS = 7

Key = tuple[str, str]


@dataclass
class Story:
    """The files that the programs wrote, and the truth about every delivery."""

    logs: Path
    exports: Path
    truth: dict[Key, tuple[str, str]] = field(default_factory=dict)


def play(folder: Path) -> Story:
    """Run the whole story (some 30 seconds) and return its files and its truth."""
    story = Story(folder / "logs", folder / "exports")
    story.exports.mkdir(parents=True)
    with Receiver(folder) as receiver, healthy(receiver), ThreadPoolExecutor(8) as pool:
        acts = Acts(receiver, story, pool)
        time.sleep(4)
        acts.nothing_arrives()
        time.sleep(QUIET_SECONDS)
        acts.all_is_well(150)
        acts.the_application_misbehaves()
        acts.the_sender_repeats_itself()
        acts.strangers_call()
        acts.the_application_is_down()
        acts.nginx_is_down()
        acts.all_is_well(60)
        time.sleep(QUIET_SECONDS)
        acts.the_export_is_made_too_early()
    return story


@contextmanager
def healthy(receiver: Receiver) -> Iterator[None]:
    """A monitor's health checks, twice a second: what shows that the logs are being written."""
    stop = Flag()

    def check() -> None:
        while not stop.wait(0.5):
            receiver.is_healthy()

    monitor = Thread(target=check)
    monitor.start()
    try:
        yield
    finally:
        stop.set()
        monitor.join()


class Acts:
    """Each act posts some events and writes down what was done to them."""

    def __init__(self, receiver: Receiver, story: Story, pool: ThreadPoolExecutor) -> None:
        self.receiver = receiver
        self.story = story
        self.pool = pool
        self.sender = Sender(random.Random(20261123))
        self.base = f"http://127.0.0.1:{receiver.ports['edge']}"
        self.showpass = f"{self.base}/webhooks/showpass"
        self.partner = f"{self.base}/webhooks/partner"

    def new(self, outcome: str, detail: str, count: int, url: str = "") -> list[Event]:
        """Make events, and write down what will become of them."""
        events = [self.sender.make(url or self.showpass) for _ in range(count)]
        for event in events:
            self.story.truth[event.uuid, event.url] = (outcome, detail)
        return events

    def post(self, events: list[Event], **how: Any) -> None:
        """Post events at the same time, as a sender does, and wait for all."""
        list(self.pool.map(lambda event: self.sender.post(event, **how), events))

    def all_is_well(self, count: int) -> None:
        self.post(self.new("delivered", "delivered", count))
        self.post(self.new("delivered", "delivered", count // 3, self.partner))

    def nothing_arrives(self) -> None:
        # Requests before and after show that the endpoint is logged: only then is silence proof.
        self.post(self.new("delivered", "delivered", 8))
        ports = self.receiver.ports
        silent = self.receiver.silent.getsockname()[1]
        self.post(self.new("missed", "never_reached", 3), via=silent)
        self.post(self.new("missed", "answered_upstream", 2), via=ports["upstream_503"])
        self.post(self.new("missed", "false_success", 2), via=ports["upstream_200"])

    def the_application_misbehaves(self) -> None:
        self.post(self.new("refused", "rejected", 4), fault="crash")
        self.post(self.new("refused", "rejected", 3, self.partner), fault="crash")
        self.post(self.new("refused", "rejected", 2), signed=False)
        self.post(self.new("unprocessed", "signature_dropped", 2), signed=False, fault="quiet")
        tickets = f"{self.base}/webhooks/tickets"
        self.post(self.new("delivered", "delivered", 6, tickets))
        self.post(self.new("unprocessed", "accepted_not_processed", 2, tickets), fault="swallow")
        self.post(self.new("refused", "rejected", 3, f"{self.base}/hooks/showpass"))
        recovering = self.new("recovered", "recovered", 4)
        self.post(recovering, fault="crash")
        self.post(recovering)

    def the_sender_repeats_itself(self) -> None:
        again = self.new("duplicated", "resend_after_success", 4)
        again += self.new("duplicated", "double_processed", 3, self.partner)
        self.post(again)
        slow = self.new("unacknowledged", "false_failure", 4)
        slow += self.new("unacknowledged", "false_failure", 2, self.partner)
        impatient = self.new("duplicated", "retry_after_timeout", 2)
        self.post(slow + impatient, fault="slow")
        time.sleep(2)
        # Later by more than the clocks could differ: else nobody could tell a resend from an echo.
        self.post(impatient + again)
        twice = self.new("duplicated", "double_send", 3)
        self.post(twice)
        self.post(twice, logged=False)

    def strangers_call(self) -> None:
        self.post(self.new("unexpected", "orphan", 2), logged=False)
        forged = {"logged": False, "signed": False, "source": "127.0.0.3"}
        self.post(self.new("unexpected", "forged", 1), **forged)

    def the_application_is_down(self) -> None:
        self.receiver.stop_app()
        self.post(self.new("refused", "rejected", 4))
        recovering = self.new("recovered", "recovered", 2)
        self.post(recovering)
        self.receiver.start_app()
        self.post(recovering)

    def nginx_is_down(self) -> None:
        self.receiver.stop_nginx()
        self.receiver.rotate()
        self.post(self.new("missed", "never_reached", 4))
        recovering = self.new("recovered", "recovered", 3)
        self.post(recovering)
        self.receiver.start_nginx()
        self.post(recovering)

    def the_export_is_made_too_early(self) -> None:
        silent = self.receiver.silent.getsockname()[1]
        flying = self.new("pending", "in_flight", 1)
        arriving = self.new("delivered", "delivered_pending", 2)
        jobs = [self.pool.submit(self.sender.post, event, fault="slow") for event in arriving]
        jobs += [self.pool.submit(self.sender.post, event, via=silent) for event in flying]
        time.sleep(0.5)
        self.sender.export(self.story.exports / "showpass-logs.csv")
        for job in jobs:
            job.result()
        # The handlers of slow requests end after their callers have given up.
        time.sleep(2)
