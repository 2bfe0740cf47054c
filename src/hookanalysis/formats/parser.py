"""The database in memory that records are parsed in, with the macros that read them."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from hookanalysis.database import sql_text
from hookanalysis.opening import connect_memory
from hookanalysis.redaction import CREDENTIAL, KEYS, NAMED, NUMBER, RANDOM

if TYPE_CHECKING:
    import duckdb

# Stack traces: how Python, Java, JavaScript, PHP, .NET, Go and Ruby write the name of an exception
# at the beginning of a line, with its message behind it.
_NAMED = (
    r"(?:[\w$]+(?:\.|::|\\))*[\w$]*(?:Error|Exception|Exit|Interrupt|Fault)\b[^\n]*"
    r"|(?:[A-Za-z_][\w$]*(?:\.|::|\\))+[A-Z][\w$]*(?:: | \()[^\n]*"
    r"|(?:panic|fatal error): [^\n]*"
    r"|\S+:\d+:in [^:\n]*: [^\n]* \([A-Z][\w:]*\)"
)
# What a logger may put before each line: Rails the request's id.
_TAG = r"\[[0-9a-f-]{16,36}\] "
_BEFORE = (
    r"! (?:Causing: )?|Caused by: |\s*\[cause\]: |\s*---> |Exception in thread \"[^\"]*\" "
    r"|Unhandled exception\. |Uncaught |(?:PHP )?Fatal error: +(?:Uncaught )?"
)
# A line that names an exception: what it says of it.
_RAISED = rf"(?m)^(?:{_TAG})?(?:{_BEFORE})?({_NAMED})"
# Lines of a trace: indented ones and closing brackets, frames, and what stands between them.
_TRACE = "|".join(
    (
        rf"\s.*|{_TAG}.*",
        r"[\])}#].*|\"\}.*|\^+|!(?: .*)?",
        r"Traceback \(most recent call last\):.*",
        rf"(?:{_BEFORE})?(?:{_NAMED})",
        r"(?:[\w$]+[.\\/:]+)*[\w$]*Warning\b.*",
        r"(?:Suppressed|Stack trace|PHP Stack trace|DETAIL|HINT|CONTEXT|LINE \d+): ?.*",
        r"During handling of .*|The above exception .*|--- .*|\[stacktrace\].*|\{main\}.*",
        r"\[(?:SQL|parameters|signal)[: ].*|\(Background on this error .*",
        r"goroutine \d+ .*|created by .*|exit status \d+|[\w./-]+\.[\w.()*\[\]]+\(.*\)",
        r"\S+:\d+:in .*|\S+:\d+(?::\d+)?|throw .*|Node\.js v\d.*",
    )
)

# Free text in lower case of which each word is kept: those of vocabulary.txt with what they may end
# in, the names of exceptions (`sqlalchemy.exc.IntegrityError`), and units.
_ENDINGS = "(?:s|es|d|ed|r|er|ing|ly|'t|'s)?"
_EXCEPTION = "[a-z_.:]*(?:error|exception|violation|warning|fault)"
_UNITS = "us|µs|ns|sec|secs|min|mins|kb|mb|gb|kib|mib|gib|k|x|e|s|m|h"
# What a quoted word after one of these is: a name of a schema or of code. So are words that are
# joined, as in 'ticket_items'.
_SCHEMA = "column|field|key|keyerror|attribute|relation|table|constraint|property|parameter|module"
_APART = r"[\x00-@\[-`{-\x7f…]"


def connect_parser() -> duckdb.DuckDBPyConnection:
    """A connection with tables of its own, and the macros of sql/macros.sql."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for all; the macros use patterns that are made in code."""
    # Not locked: engine.py plans small chunks without the optimizer. Files are out of reach.
    con = connect_memory(locked=False)
    text = resources.files("hookanalysis").joinpath("formats", "vocabulary.txt").read_text("utf-8")
    words = "|".join(re.sub("(?m)^#.*", "", text).split())
    kept = rf"{_APART}*(?:(?:{_EXCEPTION}|(?:{words}){_ENDINGS}|{_UNITS})(?:{_APART}+|$))*"
    patterns = {
        "kept_words": kept, "raised": _RAISED, "traced": _TRACE, "secret": CREDENTIAL,
        "sensitive": KEYS, "random_run": RANDOM[0], "random_piece": RANDOM[1], "named_id": NAMED,
        "long_number": NUMBER,
    }  # fmt: skip
    one = f"(?:{words}){_ENDINGS}"
    schema = rf"""(?i)((?:{_SCHEMA})\W{{1,3}})["']({one})["']|["']({one}(?:[_.]{one})+)["']"""
    patterns["schema_words"] = schema
    for name, pattern in patterns.items():
        constant = pattern.replace("'", "''")
        con.execute(f"CREATE MACRO {name}() AS '{constant}'")
    con.execute(sql_text("macros"))
    return con
