"""Which requests surely have a line, and which surely have none, in all assignments there are.

Requests and lines are the two sides of a bipartite graph. A world of it is an assignment in which
each line belongs to at most one request, each *must* request has a line, and, where strangers can
be excluded, each line has an owner. By Mendelsohn and Dulmage, a matching that covers the musts and
one that covers the lines make one that covers both; so each question is one augmenting path.
"""

from dataclasses import dataclass, field

LARGE = 40_000  # edges of a component from which on nothing is claimed


@dataclass
class Graph:
    """Requests with the lines that fit each, by number."""

    fits: list[list[int]]
    lines: int
    must: set[int]
    owned: bool
    state: list[str] = field(default_factory=list)

    def settle(self) -> list[str]:
        """Return for each request: line, none or open."""
        self.state = ["none" if not lines else "open" for lines in self.fits]
        for requests, lines in self._components():
            if sum(len(self.fits[request]) for request in requests) < LARGE:
                self._settle_component(requests, lines)
        return self.state

    def _components(self) -> list[tuple[list[int], list[int]]]:
        owners: list[list[int]] = [[] for _ in range(self.lines)]
        for request, lines in enumerate(self.fits):
            for line in lines:
                owners[line].append(request)
        seen: set[int] = set()
        found = []
        for start in range(len(self.fits)):
            if start in seen or not self.fits[start]:
                continue
            requests, queue = [start], [start]
            near: set[int] = set()
            seen.add(start)
            while queue:
                for line in self.fits[queue.pop()]:
                    if line in near:
                        continue
                    near.add(line)
                    fresh = [request for request in owners[line] if request not in seen]
                    seen.update(fresh)
                    requests += fresh
                    queue += fresh
            found.append((requests, sorted(near)))
        return found

    def _settle_component(self, requests: list[int], lines: list[int]) -> None:
        fits = {request: self.fits[request] for request in requests}
        owner: dict[int, int] = {}
        must = [request for request in requests if request in self.must]
        if not all(augment(request, fits, owner, set()) for request in must):
            return  # it contradicts itself: a line was lost, or a window is too narrow
        for request in requests:
            if request in self.must:
                self.state[request] = "line"
            elif not augment(request, fits, dict(owner), set()):
                self.state[request] = "none"
        if self.owned:
            self._owned(fits, lines)

    def _owned(self, fits: dict[int, list[int]], lines: list[int]) -> None:
        backward: dict[int, list[int]] = {line: [] for line in lines}
        for request, fitting in fits.items():
            for line in fitting:
                backward[line].append(request)
        of: dict[int, int] = {}  # the line of each request
        if not all(augment(line, backward, of, set()) for line in lines):
            return
        for request in fits:
            if request not in of:
                continue
            rest = dict(of)
            line = rest.pop(request)
            if not augment(line, backward, rest, {request}):
                self.state[request] = "line"


def augment(start: int, fits: dict[int, list[int]], owner: dict[int, int], seen: set[int]) -> bool:
    """Find an augmenting path from a vertex, and change `owner` along it (Kuhn's algorithm)."""
    came: dict[int, int] = {}
    through: dict[int, int] = {}
    stack = [start]
    while stack:
        vertex = stack.pop()
        for other in fits[vertex]:
            if other in seen:
                continue
            seen.add(other)
            came[other] = vertex
            if other in owner:
                through[owner[other]] = other
                stack.append(owner[other])
                continue
            free: int | None = other
            while free is not None:  # flip the path back to its start
                owner[free] = came[free]
                free = through.get(came[free])
            return True
    return False
