"""Logs of both sides with a known truth; it knows nothing of the tool that it tests."""
