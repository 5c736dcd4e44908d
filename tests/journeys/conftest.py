"""The whole system and a real browser, shared by all journeys and closed after the last one.

Playwright keeps an event loop running in this thread for as long as it is open, under which no other async test can run.
"""

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.system import System, running_system

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@pytest.fixture(scope="package")
def system(tmp_path_factory) -> System:
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Browser:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
