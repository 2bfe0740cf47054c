"""Stack traces in logs: lines without a time that belong to the line before them."""

from __future__ import annotations

# What the name of an exception looks like, as Python, Java, JavaScript, PHP, .NET, Go and Ruby
# write it at the beginning of a line, with its message behind it.
_NAMED = (
    r"(?:[\w$]+(?:\.|::|\\))*[\w$]*(?:Error|Exception|Exit|Interrupt|Fault)\b[^\n]*"
    r"|(?:[A-Za-z_][\w$]*(?:\.|::|\\))+[A-Z][\w$]*(?:: | \()[^\n]*"
    r"|(?:panic|fatal error): [^\n]*"
    r"|\S+:\d+:in [^:\n]*: [^\n]* \([A-Z][\w:]*\)"
)
# What a logger may put before each line: Rails the request's id.
_TAG = r"\[[0-9a-f-]{16,36}\] "
_BEFORE = (
    r"Caused by: |\s*\[cause\]: |\s*---> |Exception in thread \"[^\"]*\" |Unhandled exception\. "
    r"|Uncaught |(?:PHP )?Fatal error: +(?:Uncaught )?"
)
# A line that names an exception: what it says of it.
RAISED = rf"(?m)^(?:{_TAG})?(?:{_BEFORE})?({_NAMED})"
# Lines of a trace: indented ones and closing brackets, frames, and what stands between them.
TRACE = "|".join(
    (
        rf"\s.*|{_TAG}.*",
        r"[\])}#].*|\"\}.*|\^+",
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
