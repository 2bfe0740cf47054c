"""A sender and a receiver that are played, with their logs and the truth about them."""
