"""From attempts, receipts and coverage to verdicts, incidents and findings."""
