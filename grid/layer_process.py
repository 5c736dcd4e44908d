"""Reading a layer in a process of its own: a large file would hold up everybody else, and a hostile one must not take
the service down with it."""

from __future__ import annotations

import asyncio
import os
import pickle
import resource
import sys
from pathlib import Path

from grid.layer_version import LayerReading
from store.errors import Refusal

TIME_LIMIT_S = 300
MEMORY_LIMIT = 4 * 2**30
_ROOT = Path(__file__).parent.parent
# The reading process gets no secret: it opens files of strangers.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME")


class ReadingFailed(Refusal):
    """The file was too much for the process that reads it."""

    status = 422


async def read_apart(path: Path, choice: str, city_dir: Path) -> LayerReading:
    """`read_layer` in a process of its own. Raises ReadingFailed."""
    process = await asyncio.create_subprocess_exec(
        *_command(path, choice, city_dir), cwd=_ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )  # fmt: skip
    try:
        answer, _ = await asyncio.wait_for(process.communicate(), TIME_LIMIT_S)
    except TimeoutError:
        raise ReadingFailed(
            f"文件太复杂，{TIME_LIMIT_S // 60} 分钟没有读完，没有导入。请简化边界后再试。", field="file"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ReadingFailed("文件太复杂或损坏，读不下去，没有导入。请简化边界或重新导出后再试。", field="file")
    return await asyncio.to_thread(pickle.loads, answer)


def _command(path: Path, choice: str, city_dir: Path) -> list[str]:
    return [sys.executable, "-m", "grid.layer_process", str(path.absolute()), choice, str(city_dir.absolute())]


def main() -> None:
    from grid.layer_reading import read_layer  # with GDAL and PROJ, which the service itself never loads

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    os.nice(5)  # the people who use the service come first
    # The answer goes out on the real standard output; whatever a library prints goes to the errors.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    path, choice, city_dir = sys.argv[1:]
    with out:
        pickle.dump(read_layer(Path(path), choice, Path(city_dir)), out)


if __name__ == "__main__":
    main()
