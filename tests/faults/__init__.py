"""A command line whose n-th write, fsync, open, rename, mkdir or allocation fails."""
