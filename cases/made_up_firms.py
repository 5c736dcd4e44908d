"""Invented enterprises with valid credit codes, spread over the grids of a city. Always the same for a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from cases.credit_codes import ALPHABET, check_letter
from cases.enterprises import INDUSTRIES, Enterprise
from grid.inspectors import Inspector
from grid.polygons import Grid

_MARKS = "鑫海隆兴达顺昌盛源恒泰瑞丰和祥宏运通嘉诚信德润华安康宁福永金银宝利合联聚众创新启航远博天成"
_TRADES = {
    "化工": "化工 树脂 涂料", "危险化学品": "化学品仓储 气体 溶剂", "矿山": "石材 矿业", "烟花爆竹": "烟花 土产",
    "民用爆炸物品": "爆破工程", "建筑施工": "建筑安装 装饰工程 市政工程", "道路运输": "物流 运输 客运", "水上和渔业": "渔业 船舶配套",
    "港口仓储物流": "仓储 码头服务", "机械制造": "机械 精密制造 铸造", "冶金有色": "金属 铝业", "建材": "建材 混凝土", "轻工": "木业 家具 塑料制品",
    "纺织": "纺织 制衣", "食品加工": "食品 水产 冷链", "烟草": "烟草", "电力和能源": "电力工程 新能源", "城镇燃气": "燃气 液化气",
    "特种设备": "电梯 锅炉安装", "商贸": "商贸 超市", "餐饮住宿": "餐饮 酒店 宾馆", "人员密集场所": "商厦 影城 网吧", "农业": "农业科技 粮食", "其他": "科技 服务",
}  # fmt: skip
_FORMS = ("有限公司", "有限公司", "有限公司", "股份有限公司", "厂", "店", "有限公司分公司")
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙", "伟芳敏静强磊军洋勇艳杰娟涛明超"
POINTS_OF_A_GRID = 12


@dataclass(frozen=True)
class Ground:
    """A grid with the inspector who answers for it and some points inside it (lng, lat in WGS-84)."""

    code: str
    name: str
    district: str
    street: str
    inspector: Inspector
    points: tuple[tuple[float, float], ...]


def grounds(grids: Sequence[Grid], inspectors: Sequence[Inspector], rng: random.Random) -> list[Ground]:
    """Every grid that has a street and an inspector."""
    owner = {code: inspector for inspector in inspectors for code in inspector.grids}
    return [
        Ground(grid.code, grid.name, grid.district, grid.street, owner[grid.code], _points_in(grid, rng))
        for grid in grids
        if grid.street and grid.code in owner
    ]


def _points_in(grid: Grid, rng: random.Random) -> tuple[tuple[float, float], ...]:
    west, south, east, north = grid.geometry.bounds
    found: list[tuple[float, float]] = []
    for _ in range(400):
        spot = (round(rng.uniform(west, east), 6), round(rng.uniform(south, north), 6))
        if shapely.contains_xy(grid.geometry, *spot):
            found.append(spot)
            if len(found) == POINTS_OF_A_GRID:
                break
    inside = grid.geometry.representative_point()
    return tuple(found) or ((round(inside.x, 6), round(inside.y, 6)),)


def firms(where: Sequence[Ground], count: int, rng: random.Random) -> list[Enterprise]:
    made = []
    for number in range(count):
        ground, industry = rng.choice(where), rng.choice(INDUSTRIES)
        short = "".join(rng.sample(_MARKS, 2)) + rng.choice(_TRADES[industry].split())
        city = rng.choice(("青岛", "青岛", "山东", ""))
        made.append(
            Enterprise(
                credit_code_of(number, ground.code[:6]), f"{city}{short}{rng.choice(_FORMS)}", industry,
                rng.choice(_SURNAMES) + rng.choice(_GIVEN), rng.choices(("red", "orange", "yellow", "blue"), (2, 8, 40, 50))[0],
                rng.random() < 0.6, ground.district, ground.street, ground.code, f"{ground.street}{number % 300 + 1}号",
            )
        )  # fmt: skip
    return made


def credit_code_of(number: int, division: str) -> str:
    """A valid code that no office gives out (its organisation part begins with XX)."""
    letters = ""
    for _ in range(7):
        number, rest = divmod(number, len(ALPHABET))
        letters = ALPHABET[rest] + letters
    first17 = f"91{division}XX{letters}"
    return first17 + check_letter(first17)
