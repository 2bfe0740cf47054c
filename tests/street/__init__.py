"""The second player: two-sided webhook worlds with known truth, played from cause to effect.

It was written without a look at the first player or at the tool: only from the words of the design,
real logs and real exports. Nothing here imports the tool, except the runner (`run.py`).
"""

from .play import World, play

__all__ = ["World", "play"]
