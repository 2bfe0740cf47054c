"""Bytes → records: it alone decides what was in a file, and accounts for every byte."""
