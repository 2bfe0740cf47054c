"""`python -m hookanalysis` is the command `hookanalysis`."""

from .cli import main

if __name__ == "__main__":
    main()
