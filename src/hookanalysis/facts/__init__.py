"""Finished results → typed numbers: what reports, exit codes, the CLI and tests all read."""
