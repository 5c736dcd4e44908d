"""Train Rasa's model unless the model of the present sources exists.

    bot/.venv/bin/python bot/train.py [--force]

Progress goes to standard error; the last line of standard output is the path of the model.
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

from model_hash import model_path  # noqa: E402


def train(target: Path) -> None:
    """Train into `target`; an interrupted training leaves no half file there."""
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

    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        result = rasa.model_training.train(
            domain="bot/domain.yml",
            config="config.yml",
            training_files=["nlu_data/report", "nlu_data/out_of_scope.yml", "nlu_data/intents.yml", "nlu_data/rules.yml"],
            output=folder,
            fixed_model_name="model",
            force_training=True,
        )
        if result.code != 0 or not result.model:
            raise SystemExit(f"training failed with code {result.code}")
        os.replace(result.model, target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model of the present sources if it is not there yet.")
    parser.add_argument("--force", action="store_true", help="train even if the model exists")
    force = parser.parse_args().force
    target = model_path()
    if force or not target.exists():
        started = time.monotonic()
        # Rasa prints its progress on standard output, which belongs to the path.
        with contextlib.redirect_stdout(sys.stderr):
            train(target)
        print(f"trained in {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(target)


if __name__ == "__main__":
    main()
