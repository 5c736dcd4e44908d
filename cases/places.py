"""The districts and streets that an officer can choose from."""

from functools import cache
from pathlib import Path

from cases.inputs import InvalidInput
from grid.divisions import Divisions


@cache
def divisions(city_dir: Path) -> Divisions:
    return Divisions.load(city_dir)


def streets_by_district(known: Divisions) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {district: [] for district in known.districts}
    for street in known.streets:
        grouped.setdefault(street.district, []).append(street.name)
    return grouped


def checked_place(known: Divisions, district: str, street: str) -> None:
    """Raises `InvalidInput` for a district or street that does not exist."""
    if district not in known.districts:
        raise InvalidInput("区市：请从列表中选择。", field="district")
    if street and (district, street) not in known.street_set:
        raise InvalidInput(f"镇街：{district}没有“{street[:30]}”，请从列表中选择，或留空。", field="street")
