"""Train Rasa's model unless the model of the present sources exists, and use it unless it is worse than the last one.

    bot/.venv/bin/python bot/train.py [--force]

Progress goes to standard error; the last line of standard output is the path of the model to use. Exit code 3: the new
model was refused (see governance.py), the path is that of the earlier one.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))

from classify_lines import load_model  # noqa: E402
from governance import advice, judge, read_frozen, readable, refused_path, settle, table  # noqa: E402
from model_hash import model_path, newest_model  # noqa: E402

REFUSED = 3


def train(folder: Path) -> Path:
    """Train into `folder`; returns the model's archive."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("LOG_LEVEL", "WARNING")  # no progress bars of Rasa in a log; ours say what goes on
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.chdir(ROOT)  # config.yml names the dictionary folder relative to the root
    print("loading Rasa", file=sys.stderr, flush=True)
    warnings.simplefilter("ignore")
    import rasa.model_training
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

    result = rasa.model_training.train(
        domain="bot/domain.yml",
        config="config.yml",
        training_files=["nlu_data/report", "nlu_data/out_of_scope.yml", "nlu_data/intents.yml", "nlu_data/rules.yml"],
        output=str(folder),
        fixed_model_name="model",
        force_training=True,
    )
    if result.code != 0 or not result.model:
        raise SystemExit(f"training failed with code {result.code}")
    return Path(result.model)


def renew(target: Path, *, forced: bool) -> bool:
    """Train, compare with the model in use, then use or refuse. An interruption leaves no half file behind.

    A model of the same sources that was refused before is not trained again, only compared.
    """
    in_use = newest_model() if any(target.parent.glob("*.tar.gz")) else None
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fresh = refused_path(target)
        model = readable(fresh)
        if model is None:
            fresh = train(Path(folder))
            model = load_model(fresh)
        verdict = judge(model, readable(in_use), read_frozen(), forced=forced)
        settle(fresh, target, verdict, in_use, model.cross_validation)
    print(table(verdict), file=sys.stderr)
    if said := advice(verdict, target, in_use):
        print(said, file=sys.stderr)
    return verdict.accepted


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model of the present sources if it is not there yet.")
    parser.add_argument("--force", action="store_true", help="train even if the model exists; use a worse one")
    forced = parser.parse_args().force
    target = model_path()
    accepted = True
    if forced or not target.exists():
        started = time.monotonic()
        # Rasa prints its progress on standard output, which belongs to the path.
        with contextlib.redirect_stdout(sys.stderr):
            accepted = renew(target, forced=forced)
        print(f"trained and compared in {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(target if accepted else newest_model())
    raise SystemExit(0 if accepted else REFUSED)


if __name__ == "__main__":
    main()
