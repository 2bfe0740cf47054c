"""What is masked of a text that is kept or quoted: credentials, and what tells of people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

# Patterns that the database's engine reads too (macros.sql), which cannot look around.
# Credentials that are known by their beginning; and keys whose values are masked.
CREDENTIAL = (
    r"(?:sk|pk|rk)_(?:live|test)_\w{6,}|(?:whsec|shp[a-z]{2}|gh[opsur]|github_pat|npm)_[\w+/=-]{12,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{12,}|AIza[\w-]{20,}|(?:glpat|xapp|xox[a-z]|sq0[a-z]{3})-[\w-]{8,}"
    r"|SG\.[\w-]{12,}[\w.-]*|ya29\.[\w-]{8,}|eyJ[\w-]{10,}[\w.-]*|(?:SK|AC|key-)[0-9a-z]{32}"
    r"|(?:GOCSPX|HRKU|pypi|dop_v1|hf|sk-(?:proj|ant)|AGE-SECRET-KEY|PMAK|lin_api)[_-][\w-]{16,}"
    r"|(?:sk-|ntn_|secret_|EAA)[0-9A-Za-z]{32,}|(?:hvs\.|GR1348941)\w{16,}|[0-9]{8,10}:AA[\w-]{30,}"
)
KEYS = (
    "name|mail|phone|mobile|address|token|secret|passw|(?:api|account|access|private)[_-]?key|auth"
    "|signature|barcode|card|cookie|sess(?:ion|_?id)|customer|buyer|holder|credential"
)
# A random word: so many characters, in pieces (number, word, 4 capitals) of at most 4 on average.
RANDOM = "[0-9A-Za-z]{20,}", "[0-9]+|[A-Z]?[a-z]+|[A-Z]{1,4}"
# A whole segment: a long number, one of a telephone, a card or an account, in groups or not.
NUMBER = (
    r"(?:\+|%2[Bb])[0-9]{8,}|[0-9]{12,19}|[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}"
    r"|(?:[(+]|%2[8Bb])*[0-9]{1,4}(?:(?:[-. ()]|%2[089])+[0-9]{2,6}){2,6}"
)
# What names an event, an order or a request, at senders that put the kind in front of an id.
NAMED = "(?:evt|event|msg|req|txn|order|pi|ch|in|cus|sub)_[0-9A-Za-z]+"

_PEOPLE = r"user(?![\w.-]{0,3}agent)|iban|ssn|cv[cv]|birth|street|city\b|postal|zip\b|line[12]\b"
# In any of the ways that logs write `key: value`. A quoted value is masked up to its own end, also
# where it is quoted twice (JSON in JSON, or in CSV); after the beginning of an object or a list,
# all that follows.
_KEYED = rf"""(?isx)
    ( (?: {KEYS} | {_PEOPLE} ) [\w.-]{{0,40}}+ [\\"'\s]*+ [:=]>? \s*+ )
    (?: (\\*+ (?: ""(?![\s,}}\]]) | ["'] )) .*? (?: (?<!\\)\2 | $ )
      | [{{\[] .*
      | (?: (?!\s[\w.-]{{1,40}}+[:=]\s?\\*["']) [^"\\,;}}&\]\n]
        | ,(?!\s*["']?[\w.-]{{1,40}}+["']?\s*[:=]) )++
    )
    """
_EMAIL = r"[\w.+-]{1,64}(?:@|%(?:25)*40)[\w-]+(?:\.[\w-]+)+"
_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}"
# What is masked wherever it stands, behind what the groups find: a password in a URL, a value in a
# header or a query, the user of an access log, an address of e-mail, a number of a phone.
_BARE = (
    r"(://[^\s/@:]{0,64}:)[^\s/@]+@"
    rf"|(\b[Bb]earer\s+|\b[Bb]asic\s+|[?&][\w.%-]{{1,64}}=)(?!{_UUID})[^\s\"'&]+"
    rf"|(^\S+ \S+ )[^\s-]\S*(?= \[\d)|{_EMAIL}|{CREDENTIAL}"
    r"|(?<![\w.:-])(?:\+|%2B)\d[\d ().-]{6,16}\d(?![\w:])"
    r"|(?<![\w.:/-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{2,3}[ .-]\d{4}(?![\w:-])"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.)*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)
_CARD = r"(?<![\w.-])\d{4}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{4,5})(?![\w-])"
_SEGMENT = r"(?<=/)[\w%~.:+-]{10,}"


def redact(text: str) -> str:
    """A quotation without credentials and what tells of people; ids and paths stay readable."""
    text = re.sub(_BARE, r"\1\2\3…", re.sub(_KEYED, r"\1…", text))
    text = re.sub(_CARD, lambda found: "…" if _is_card(found[0]) else found[0], text)
    return re.sub(_SEGMENT, lambda found: "…" if _is_secret(found[0]) else found[0], text)


def redact_name(path: str) -> str:
    """The name of a file without credentials and addresses; what differs stays apart."""
    # A random word has both cases, for the ids of containers and digests have one; and shorter
    # pieces than in a URL, for people's own names have words in a row.
    words = (w for w in re.findall(RANDOM[0], path) if w.lower() != w != w.upper())
    mixed = (w for w in words if _is_secret(w) and 3 * len(re.findall(RANDOM[1], w)) >= len(w))
    known = rf"(?<=:/)/?[^\s/@:]*:[^\s/@]+(?=@)|{_EMAIL}|{CREDENTIAL}"
    secret = "|".join([known, *mixed])
    return re.sub(secret, lambda found: f"…{crc32(found[0].encode()):08x}", path)


def is_value(name: str) -> bool:
    """Whether what stands in the place of a column's name, or a key's, is rather a value."""
    told = re.search(rf"\d{{4}}|/|{_EMAIL}|{CREDENTIAL}", name)
    return bool(told) or len(name) > 60 or _is_secret(name)


def quote_names(names: Sequence[str], most: int = 100) -> str:
    """Names of columns or keys: none, if one is a value, for the others may be values as well."""
    if any(map(is_value, names)):
        return f"{len(names):,} that may be values, and are not shown"
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _is_secret(segment: str) -> bool:
    """As the macro of that name; credentials by their beginning are masked by then."""
    run, piece = RANDOM
    if re.fullmatch(NUMBER, segment):
        return True
    found = [] if re.fullmatch(NAMED, segment) else re.findall(run, segment)
    return any(re.search("[0-9]", w) and 4 * len(re.findall(piece, w)) >= len(w) for w in found)


def _is_card(text: str) -> bool:
    """Whether the check digit of a number (Luhn) is right."""
    digits = [int(digit) for digit in reversed(re.sub(r"\D", "", text))]
    return sum(digits[::2] + [n * 2 - 9 * (n > 4) for n in digits[1::2]]) % 10 == 0
