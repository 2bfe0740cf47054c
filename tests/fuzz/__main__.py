"""For so many seconds: `python -m fuzz [SECONDS] [--first N]`. What fails joins the corpus."""

import argparse
import base64
import hashlib
import sys
import tempfile
import time
from pathlib import Path

from . import CORPUS, hunt


def main() -> None:
    parser = argparse.ArgumentParser(description="Read files that are broken at random.")
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    parser.add_argument("--first", type=int, default=int(time.time()) * 1000)
    options = parser.parse_args()
    number, size, failures = options.first, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number, text, wrong in hunt(options.first, options.seconds, Path(folder)):
            size += len(text)
            if wrong:
                failures += 1
                name = hashlib.sha256(text).hexdigest()[:12]
                (CORPUS / f"{name}.b64").write_text(base64.b64encode(text).decode() + "\n")
                sys.stdout.write(f"{number} ({name}, {len(text):,} bytes): {wrong}\n")
                sys.stdout.flush()
    tried = number - options.first + 1
    sys.stdout.write(
        f"{tried:,} files, {size / 1e6:.1f} MB, from {options.first}: {failures} failures\n"
    )
    sys.exit(min(failures, 1))


if __name__ == "__main__":
    main()
