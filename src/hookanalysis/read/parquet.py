"""A program of its own: write the rows of a Parquet file to standard output, a JSON object a line.

DuckDB reads Parquet with code that trusts the file more than it should; a file that breaks it must
not break a workspace. So it runs in a process that opens no workspace, may read nothing but the one
file, and is limited in time and memory. It imports nothing of the package.
"""

from __future__ import annotations

import resource
import sys

import duckdb

_ROWS = 1000
_CPU_SECONDS = 300
_MEMORY = 4 << 30  # of addresses, bytes


def main(path: str) -> int:
    """Write the rows of `path`; 1 when it cannot be read, with the reason as the last line."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    con = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "temp_directory": ""})
    con.execute("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false")
    # A pattern in the name would read other files too.
    name = "".join(f"[{char}]" if char in "*?[" else char for char in path)
    allowed = ", ".join("'" + text.replace("'", "''") + "'" for text in (path, name))
    con.execute(f"SET allowed_paths = [{allowed}]")
    con.execute("SET enable_external_access = false; SET lock_configuration = true")
    try:
        rows = con.execute(
            "SELECT CAST(to_json(r) AS VARCHAR) FROM read_parquet(?, hive_partitioning = false) r",
            [name],
        )
        while found := rows.fetchmany(_ROWS):
            sys.stdout.buffer.write(b"".join(row[0].encode() + b"\n" for row in found))
    except duckdb.Error as error:
        sys.stderr.write(str(error).splitlines()[0] + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
