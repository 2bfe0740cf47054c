"""Bytes → records: every byte ends in a record, a reject, or the count of what was ignored."""
