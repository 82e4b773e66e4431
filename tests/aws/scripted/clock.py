"""What time it is at AWS: a base instant, the scenario's seconds since it, and an offset for faults."""

import threading
import time


class Clock:
    """Runs with real time from `base` until set() pins it; advance() and set() never go unasked.

    All values are seconds: `base` since the epoch, the rest relative to it.
    """

    def __init__(self, base=None):
        self.base = float(int(time.time() if base is None else base))
        self.offset = 0.0  # of what Date says, for faults; now() does not know it
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._pinned = None

    def relative(self):
        with self._lock:
            if self._pinned is not None:
                return self._pinned
            return time.monotonic() - self._started

    def now(self):
        return self.base + self.relative()

    def date(self):
        """What the Date header says."""
        return self.now() + self.offset

    def set(self, t):
        """Stops the clock at `t` seconds after the base."""
        with self._lock:
            self._pinned = float(t)

    def advance(self, seconds):
        self.set(self.relative() + seconds)

    def run(self):
        """Goes on with real time from where it stands."""
        with self._lock:
            if self._pinned is not None:
                self._started = time.monotonic() - self._pinned
                self._pinned = None
