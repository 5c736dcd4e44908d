"""The time that people here live by. Stored times are UTC; days begin and periods end in this zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")


def local_day(moment: datetime) -> date:
    """The day of an aware moment."""
    return moment.astimezone(LOCAL).date()
