"""The time that people here live by. Stored times are UTC; days begin and periods end in this zone."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")


def local_day(moment: datetime) -> date:
    """The day of an aware moment."""
    return moment.astimezone(LOCAL).date()


def last_day(end: datetime) -> date:
    """The last whole day of a period: it ends at the midnight after it."""
    return local_day(end - timedelta(seconds=1))
