"""Commands as they are called, where they do more than hand on."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import cli
from store.errors import Refusal
from tests.grid.layer_files import geojson, row_of


@pytest.fixture
def training(monkeypatch):
    """What bot/train.py would answer."""
    answer = SimpleNamespace(returncode=0, stdout="/models/new.tar.gz\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: answer)
    return answer


def test_a_refused_model_is_passed_over_but_not_by_the_command_train(training, capsys):
    training.returncode, training.stdout = cli.MODEL_REFUSED, "some words\n/models/earlier.tar.gz\n"
    assert cli.train_model() == Path("/models/earlier.tar.gz")
    assert cli.main(["train"]) == 2
    assert "没有启用" in capsys.readouterr().err


def test_a_failed_training_is_an_error_everywhere(training):
    training.returncode, training.stdout = 1, ""
    with pytest.raises(Refusal, match="训练失败"):
        cli.train_model()


def test_train_prints_the_model(training, capsys):
    assert cli.main(["train", "--force"]) == 0
    assert capsys.readouterr().out == "/models/new.tar.gz\n"


def test_corrections_export(mongo_server, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MONGODB_URI", mongo_server.uri)
    monkeypatch.setenv("TIP_MONGODB_NAME", "test_cli")
    monkeypatch.setenv("TIP_DATA_DIR", str(tmp_path))
    file = tmp_path / "rows.jsonl"
    assert cli.main(["corrections", "export", str(file)]) == 0
    assert file.read_text() == "" and "已导出 0 条" in capsys.readouterr().out
    assert cli.main(["corrections", "export", str(file)]) == 2
    assert "已存在" in capsys.readouterr().err


def test_the_roster_goes_out_to_a_table_and_comes_back(mongo_server, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MONGODB_URI", mongo_server.uri)
    monkeypatch.setenv("TIP_MONGODB_NAME", f"test_cli_{tmp_path.name}")
    monkeypatch.setenv("TIP_DATA_DIR", str(tmp_path))
    table = tmp_path / "名单.csv"
    titles = "编号,姓名,区市,镇街,邮箱,班次\n"
    table.write_text(
        titles + "w-1,赵一,城阳区,流亭街道,a@b.cn,周一至周五 08:30-17:30\nw-2,,城阳区,流亭街道,a@b.cn,\n", "utf-8"
    )
    assert cli.main(["inspectors", "import", str(table)]) == 1
    assert "第3行“姓名”" in capsys.readouterr().out
    table.write_text(titles + "w-1,赵一,城阳区,流亭街道,a@b.cn,周一至周五 08:30-17:30\n", "utf-8")
    assert cli.main(["inspectors", "import", str(table), "--dry-run"]) == 0
    assert cli.main(["inspectors", "import", str(table)]) == 0
    assert "已导入：新增1人" in capsys.readouterr().out
    assert cli.main(["inspectors", "export", str(table)]) == 0
    assert "w-1,赵一,网格员,城阳区,流亭街道" in table.read_text("utf-8-sig")
    assert cli.main(["inspectors", "import", str(table)]) == 0
    assert "1人没有变化" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["inspectors", "import", str(tmp_path / "none.csv")])


@pytest.fixture
def own_database(mongo_server, monkeypatch, tmp_path):
    monkeypatch.setenv("MONGODB_URI", mongo_server.uri)
    monkeypatch.setenv("TIP_MONGODB_NAME", f"test_cli_{tmp_path.name}"[:60])
    monkeypatch.setenv("TIP_DATA_DIR", str(tmp_path / "data"))


def test_grids_are_tried_imported_listed_rolled_back_and_exported(own_database, tmp_path, capsys):
    def run(*words):
        code = cli.main(["grid", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    first, second, bad = (tmp_path / name for name in ("one.geojson", "two.geojson", "bad.geojson"))
    for path, features in ((first, row_of(2)), (second, row_of(3)), (bad, [*row_of(1), *row_of(1)])):
        geojson(path.parent, *features, name=path.name)
    assert run("versions") == (0, "")
    code, said = run("import", first, "--dry-run", "--picture", tmp_path / "check.svg")
    assert code == 0 and "试运行通过" in said and (tmp_path / "check.svg").read_text().startswith("<svg")
    assert run("import", bad, "--dry-run")[0] == 2
    code, said = run("import", bad)
    assert code == 2 and "没有导入" in said and "第 2 行" in said
    assert run("versions") == (0, ""), "neither a trial nor a faulty file leaves anything"
    assert run("import", first)[0] == run("import", second)[0] == 0
    newest, older = run("versions")[1].splitlines()
    assert "使用中" in newest and "3个网格" in newest and "以前用过" in older
    old = older.split("\t")[0]
    code, said = run("use", old)
    assert code == 0 and old in said
    assert "正在使用" in run("use", old)[1] and "没有版本" in run("use", "none")[1]
    code, said = run("export", tmp_path / "out.zip", "--format", "shapefile", "--system", "bd09")
    assert code == 0 and f"grids-{old}-bd09.zip" in said
    assert "已存在" in run("export", tmp_path / "out.zip")[1]
    assert "已导入 2 个网格" in run("import", tmp_path / "out.zip", "--system", "bd09")[1]
