"""The districts and streets that an officer can choose from."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from cases.inputs import InvalidInput
from grid.divisions import Divisions
from grid.service import Location


@cache
def divisions(city_dir: Path) -> Divisions:
    return Divisions.load(city_dir)


def streets_by_district(known: Divisions) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {district: [] for district in known.districts}
    for street in known.streets:
        grouped.setdefault(street.district, []).append(street.name)
    return grouped


def with_choice_of_place(location: Location, chosen: str) -> Location:
    """The finding together with what the reporter chose ("区市 镇街"): it leads, and a person has to confirm it.

    A position outweighs it, and so does a street that the words name in the chosen district.
    """
    district, _, street = chosen.partition(" ")
    if not district or location.point:
        return location
    named = location.street if location.district == district and not street else street
    same = (location.district, location.street) == (district, named or None)
    return replace(
        location, district=district, street=named or None, certain=False, district_certain=False, basis="chosen",
        grid=location.grid if same else None, grid_name=location.grid_name if same else None,
        explanation=f"{location.explanation}举报人自己选的是{district}{named or ''}，请核对。",
    )  # fmt: skip


def checked_choice(known: Divisions, chosen: str) -> str:
    """The choice as it is kept. Raises `InvalidInput` for a place that is not in the list."""
    district, _, street = chosen.strip().partition(" ")
    if district:
        try:
            checked_place(known, district, street)
        except InvalidInput as problem:
            raise InvalidInput(problem.message, field="chosen_place") from None
    return f"{district} {street}".strip()


def checked_place(known: Divisions, district: str, street: str) -> None:
    """Raises `InvalidInput` for a district or street that does not exist."""
    if district not in known.districts:
        raise InvalidInput("区市：请从列表中选择。", field="district")
    if street and (district, street) not in known.street_set:
        raise InvalidInput(f"镇街：{district}没有“{street[:30]}”，请从列表中选择，或留空。", field="street")
