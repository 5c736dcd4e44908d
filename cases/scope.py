"""Is a text clearly no safety tip? Asked before storing it, so that its author learns the right number at once.

Never a refusal: the author may file it all the same, and a doubt, a flood or a silent Rasa means that it is taken.
"""

import asyncio
import time
from collections.abc import Callable

from cases.rasa import RasaClient, RasaDown

# Rasa's time belongs to the tips already stored: so many questions a second, none for a while when it is silent.
ASKED_PER_SECOND = 20
PATIENCE_S = 2.0
PAUSE_S = 10.0
# Probability of a safety matter below which a text is clearly none, and of a violation type above which it is one.
CLEARLY_NOT = 0.25
CLEAR_TYPE = 0.35


class ScopeQuestion:
    """Rations the questions. One instance per process; `clock` in seconds."""

    def __init__(self, per_second: int = ASKED_PER_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._second = -1
        self._asked = 0
        self._silent_until = float("-inf")

    async def clearly_no_tip(self, rasa: RasaClient, text: str) -> bool:
        """True only when Rasa was asked, answered in time and is sure."""
        if not self._may_ask():
            return False
        try:
            (parsed,) = await asyncio.wait_for(rasa.parse([text]), PATIENCE_S)
        except (RasaDown, TimeoutError):
            self._silent_until = self._clock() + PAUSE_S
            return False
        best = max((row["confidence"] for row in parsed["violations"]), default=0.0)
        return not parsed["in_scope"] and parsed.get("scope_confidence", 0.0) < CLEARLY_NOT and best < CLEAR_TYPE

    def _may_ask(self) -> bool:
        now = self._clock()
        if now < self._silent_until:
            return False
        if int(now) != self._second:
            self._second, self._asked = int(now), 0
        self._asked += 1
        return self._asked <= self._per_second


# One ration for the whole process, whatever page the text came from.
QUESTION = ScopeQuestion()
