"""Do the formats keep their word? Their samples, parsed and held against what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hookanalysis.errors import InputError
from hookanalysis.formats.detect import detect
from hookanalysis.formats.format import Format, Sample
from hookanalysis.formats.logs import Binding
from hookanalysis.formats.probing import parse_head
from hookanalysis.formats.trials import ENOUGH
from hookanalysis.settings import Known


def check_formats(formats: Sequence[Format], *, told: bool = False) -> list[str]:
    """Parse the samples of formats; say where a record does not become what is expected.

    A sample that fits for the most part must be recognised without being told its format; it is
    told so only where `told` asks for it, and all others are.
    """
    return [
        f"{place}: {wrong}"
        for entry in formats
        for number, sample in enumerate(entry.samples, 1)
        for place, wrong in _check_sample(
            entry, sample, f"{entry.id}, sample {number}", formats, told=told
        )
    ]


def _check_sample(
    entry: Format, sample: Sample, place: str, formats: Sequence[Format], *, told: bool
) -> Iterator[tuple[str, str]]:
    known = Known(format=entry.id, timezone=sample.timezone, day_first=sample.day_first)
    head, taken, refusal = sample.text.encode(), None, None
    try:
        taken = detect(head, place, replace(known, format=None), (), formats)
    except InputError as error:
        refusal = error
    try:
        # To detect it once is half the work.
        if not taken or taken.format.id != entry.id or told or sample.endpoint_paths:
            binding = detect(head, place, known, sample.endpoint_paths, formats)
            if binding.sampled["fits"] > ENOUGH * binding.sampled.total():
                if refusal:
                    raise refusal
                if taken and taken.format.id != entry.id:
                    yield place, f"it is taken for {taken.format.id}"
        else:
            binding = taken
    except InputError as error:
        yield place, f"{error.what}: {error.reason}"
        return
    yield from _check_records(sample, place, binding)


def _check_records(sample: Sample, place: str, binding: Binding) -> Iterator[tuple[str, str]]:
    records = parse_head(sample.text.encode(), binding)
    if len(records) != len(sample.expect):
        yield place, f"it has {len(records)} records instead of {len(sample.expect)}"
    for number, (values, expected) in enumerate(zip(records, sample.expect, strict=False), 1):
        for name, given in ({"verdict": "keep"} | expected).items():
            got = values.get(name)
            got = ", ".join(got) if isinstance(got, list) else got
            wanted = None if given == "" else given  # TOML has no null
            if got != wanted:
                yield f"{place}, record {number}", f"{name} is {got!r} instead of {wanted!r}"
