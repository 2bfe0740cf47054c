"""A world in a folder: what a sender and a receiver would hand over, and the truth beside it."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from . import acts, holes, receiver, sender, truth
from .plan import Plan, draw


@dataclass(frozen=True)
class World:
    """One played world: its plan, its truth, and the settings that its files need."""

    plan: Plan
    folder: Path
    rows: list[truth.Row]

    @property
    def settings(self) -> Path | None:
        """The settings file, where the files alone do not say enough."""
        path = self.folder / "hookanalysis.toml"
        return path if path.exists() else None


def play(number: int, folder: Path) -> World:
    """Play the world of that number into a folder, which must be new or empty."""
    plan = draw(number)
    done = acts.act(plan)
    sender.choose(done)
    holes.cut(done)
    told = sender.write(done, folder / "sender")
    logs = receiver.write(done, folder / "receiver")
    settings = _settings(plan, done.urls, told, logs)
    if settings:
        (folder / "hookanalysis.toml").write_text(settings)
    rows = truth.tell(done)
    with (folder / "truth.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = ("event_uuid", "endpoint_url", "outcome", "certain", "arrived", "bearable", "why")
        writer.writerow(names)
        for row in rows:
            facts = (int(row.certain), int(row.arrived), ";".join(row.bearable), row.why)
            writer.writerow((row.event_uuid, row.endpoint_url, row.outcome, *facts))
    return World(plan, folder, rows)


def _settings(
    plan: Plan,
    urls: tuple[str, ...],
    told: list[dict[str, str]],
    logs: list[tuple[str, str]],
) -> str:
    """Write what a user of these files would have to say: zones, endpoints, patience."""
    head = [f"grace_minutes = {plan.grace}"] if plan.grace != 15 else []
    if plan.says_timeout:
        head.append(f"timeout_seconds = {plan.timeout:g}")
    if plan.shape in acts.URLLESS:
        head.append(f"endpoints = {json.dumps(urls)}")
    sources: list[dict[str, str | bool]] = [dict(source) for source in told]
    sources += (_log_source(plan, name, zone) for name, zone in logs)
    if plan.zone_error:  # somebody named a wrong zone, of the export or else of the logs
        zoned = [source for source in sources if "timezone" in source]
        for source in zoned[: len(told)] if "showpass" in plan.shape else zoned:
            source["timezone"] = f"Etc/GMT{-plan.zone_error:+d}"
    parts = ["\n".join(head)] if head else []
    for source in sources:
        if len(source) > 1:
            lines = [f"{name} = {json.dumps(value)}" for name, value in source.items()]
            parts.append("\n".join(["[[sources]]", *lines]))
    return "\n\n".join(parts) + "\n" if parts else ""


def _log_source(plan: Plan, name: str, zone: str) -> dict[str, str | bool]:
    source: dict[str, str | bool] = {"match": f"*receiver/{name}"}
    if zone:
        source["timezone"] = zone
    if name.startswith("access") or (plan.access == "gunicorn" and name.startswith("app")):
        source["layer"] = "app"
    if plan.says_complete and "/" in name:
        source["complete"] = True
    return source
