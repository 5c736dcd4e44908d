"""Start Rasa on loopback with our one channel.

    RASA_PORT=8352 SERVICE_URL=http://127.0.0.1:8351 GATEWAY_SECRET=… INTERNAL_SECRET=… bot/.venv/bin/python bot/run.py

From any working directory. Serves models/<content hash>.tar.gz (or the youngest model there; MODEL names another).
No HTTP API, no stock channel, no CORS, no telemetry, one worker. RASA_HOST widens the address inside a container.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))

from model_hash import newest_model  # noqa: E402

NEEDED = ("RASA_PORT", "SERVICE_URL", "GATEWAY_SECRET", "INTERNAL_SECRET")


def main() -> None:
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"set {', '.join(missing)} (see bot/run.py)")
    os.environ.update(
        RASA_TELEMETRY_ENABLED="false",
        SANIC_WORKERS="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        SQLALCHEMY_SILENCE_UBER_WARNING="1",
        CUDA_VISIBLE_DEVICES="-1",
        # Texts are small: threads for their few numbers cost more than they bring, most of all on a busy machine.
        OPENBLAS_NUM_THREADS="1",
        OMP_NUM_THREADS="1",
        # A turn is at most: form, interruption, form again, summary. The rest is a loop of rules.
        MAX_NUMBER_OF_PREDICTIONS="8",
    )
    model = os.environ.get("MODEL") or str(newest_model())
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "WARNING"), format="%(levelname)s %(name)s %(message)s")

    warnings.simplefilter("ignore")  # Rasa's libraries warn of their own age, on every start

    import structlog
    from rasa.core.run import serve_application
    from rasa.core.utils import AvailableEndpoints

    # Rasa logs every message's text at debug level through structlog; nothing below warning may leave the process.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    serve_application(
        model_path=model,
        interface=os.environ.get("RASA_HOST", "127.0.0.1"),
        port=int(os.environ["RASA_PORT"]),
        credentials=str(ROOT / "bot" / "credentials.yml"),
        endpoints=AvailableEndpoints.read_endpoints(str(ROOT / "bot" / "endpoints.yml")),
        enable_api=False,
    )


if __name__ == "__main__":
    main()
