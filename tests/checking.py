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


def check_formats(formats: Sequence[Format]) -> list[str]:
    """Parse the samples of formats; say where a record does not become what is expected.

    A sample that fits for the most part must also be recognised without being told its format.
    """
    return [
        f"{place}: {told}"
        for entry in formats
        for number, sample in enumerate(entry.samples, 1)
        for place, told in _check_sample(entry, sample, f"{entry.id}, sample {number}", formats)
    ]


def _check_sample(
    entry: Format, sample: Sample, place: str, formats: Sequence[Format]
) -> Iterator[tuple[str, str]]:
    known = Known(format=entry.id, timezone=sample.timezone, day_first=sample.day_first)
    head = sample.text.encode()
    try:
        binding = detect(head, place, known, sample.endpoint_paths, formats)
        if binding.sampled["fits"] > ENOUGH * binding.sampled.total():
            told = detect(head, place, replace(known, format=None), (), formats).format.id
            if told != entry.id:
                yield place, f"it is taken for {told}"
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
