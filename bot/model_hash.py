"""Which model belongs to the present sources. Standard library only: the root program imports this by path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# All that is trained on or trains. Scripts that only measure and the parts that only serve are left out on purpose.
SOURCES = ("config.yml", "bot/domain.yml", "bot/uv.lock", "bot/train.py", "bot/addons", "nlu_data")
SERVING_ONLY = ("gateway.py", "service_link.py", "tracker_store.py")
MEASURING_ONLY = "frozen"  # the folder of the frozen set
KINDS = (".py", ".yml", ".lock", ".txt", ".npz")


def source_files(root: Path = ROOT) -> Iterable[Path]:
    """The files that make a model, in a fixed order."""
    for name in SOURCES:
        path = root / name
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.suffix in KINDS
                and file.name not in SERVING_ONLY
                and not {"__pycache__", MEASURING_ONLY} & set(file.relative_to(root).parts)
            )
        else:
            yield path


def content_hash(root: Path = ROOT) -> str:
    """Sixteen hexadecimal digits over names and contents of the sources."""
    digest = hashlib.sha256()
    for path in source_files(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def model_path(root: Path = ROOT) -> Path:
    """Where the model of the present sources is or will be."""
    return root / "models" / f"{content_hash(root)}.tar.gz"


def newest_model(root: Path = ROOT) -> Path:
    """The model of the present sources, else the youngest one; raises FileNotFoundError."""
    exact = model_path(root)
    if exact.exists():
        return exact
    models = sorted((root / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise FileNotFoundError("no trained model in models/; run bot/train.py")
    return models[-1]
