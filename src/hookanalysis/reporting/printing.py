"""A page on paper: PDF by the Chromium that is installed, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hookanalysis.errors import InputError, ReportError

# Without it Chromium would take US Letter; a page printed from a browser fits the paper there.
_PAPER = "<style>@page { size: A4 }</style>"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
_FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND"),  # no network
    *("--no-pdf-header-footer", "--virtual-time-budget=20000"),
)


def find_chromium() -> str:
    """The program that prints.

    Raises:
        InputError: None of its kind is installed.
    """
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise InputError(
            "a PDF needs Chromium, and there is none",
            hint="install it (Debian: apt-get install chromium), or write an .html and print that",
        )
    return found


def print_page(page: str, *, timeout_seconds: float = 120) -> bytes:
    """The PDF of a page.

    Args:
        page: The whole HTML.
        timeout_seconds: For Chromium.

    Raises:
        InputError: There is no Chromium.
        ReportError: It failed.
    """
    program = find_chromium()
    with tempfile.TemporaryDirectory(prefix="hka-") as folder:
        source, target = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(page.replace("</head>", f"{_PAPER}</head>", 1), encoding="utf-8")
        # Chromium's sandbox does not work for root, as whom containers often run.
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [program, *_FLAGS, *root, f"--user-data-dir={folder}/profile"]
        command += [f"--print-to-pdf={target}", source.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=timeout_seconds)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            raise ReportError(
                "Chromium could not print the report", reason=str(error)[-200:]
            ) from error
        if not target.is_file():
            raise ReportError("Chromium printed nothing", hint="write an .html and print that")
        return target.read_bytes()
