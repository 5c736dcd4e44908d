"""Facts that a reporter's sentence states: company, time, still going on, people, machine or substance.

Character by character, never by cut words: a name must not break because a dictionary cut it. Nothing is guessed: what
is not said stays empty. Places are read by `grid.service.Locator`. Each kind has a file of its own (`fact_company.py`,
`fact_time.py`, …); the vocabulary is `fact_words.yml`.
"""

from dataclasses import dataclass
from datetime import date

from cases.fact_company import names_in, reported_of
from cases.fact_ongoing import Ongoing, ongoing_in
from cases.fact_people import people_in
from cases.fact_things import things_in
from cases.fact_time import happened_in, period_of


@dataclass(frozen=True)
class Facts:
    """`period` is (first day, last day or None for "until now"), only when the words and `today` give it.

    `injured`, `dead`, `people` are counts; -1 means "some". `things` are machines and substances as written.
    """

    company: str = ""
    happened: str = ""
    period: tuple[date, date | None] | None = None
    ongoing: Ongoing = ""
    injured: int = 0
    dead: int = 0
    people: int = 0
    things: tuple[str, ...] = ()


def facts_in(text: str, today: date | None = None) -> Facts:
    """All facts of one text; linear in its length."""
    happened, people, names = happened_in(text), people_in(text), names_in(text)
    return Facts(
        company=reported_of(names, text),
        happened=happened,
        period=period_of(happened, today) if happened and today else None,
        ongoing=ongoing_in(text),
        injured=people.injured,
        dead=people.dead,
        people=people.people,
        things=things_in(text, [(name.start, name.end) for name in names]),
    )
