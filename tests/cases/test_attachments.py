"""Documents and recordings: told by their bytes, limited, never unpacked; and what nobody names is swept."""

import io
import os
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.attachments import MB, BadFile, limit_of, type_of
from cases.conversations import Conversations, Draft
from cases.evidence import Attachment, EvidenceFiles, Photo, read_file
from cases.evidence_sweep import OLD_S, sweep
from store.keys import Keys
from store.sealing import Cipher
from tests.handlers.citizens import jpeg


def office(folder: str, **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/document.xml", "<x/>")
        for name, data in more.items():
            archive.writestr(name, data)
    return out.getvalue()


def box(brand: bytes) -> bytes:
    return b"\0\0\0\x20ftyp" + brand + b"\0" * 40


FILES = [
    (b"%PDF-1.7\n%...", "pdf", "document"),
    (office("word"), "docx", "document"),
    (office("xl"), "xlsx", "document"),
    (office("ppt"), "pptx", "document"),
    (b"ID3\x03" + b"\0" * 60, "mp3", "audio"),
    (b"\xff\xfb\x90\x64" + b"\0" * 60, "mp3", "audio"),
    (b"\xff\xf1\x50\x80" + b"\0" * 60, "aac", "audio"),
    (b"RIFF\0\0\0\0WAVEfmt ", "wav", "audio"),
    (b"#!AMR\n\x3c", "amr", "audio"),
    (b"OggS\0\2", "ogg", "audio"),
    (box(b"M4A "), "m4a", "audio"),
    (box(b"isom"), "mp4", "video"),
    (box(b"qt  "), "mov", "video"),
    (box(b"3gp5"), "3gp", "video"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "webm", "video"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "extension", "kind"), FILES)
def test_what_phones_and_offices_make_is_taken(data, extension, kind):
    read = read_file(data)
    assert isinstance(read, Attachment) and (read.type.extension, read.type.kind) == (extension, kind)


REFUSED = [
    (b"MZ\x90\0" + b"\0" * 100, "可以收的有"),
    (b"\x7fELF" + b"\0" * 100, "可以收的有"),
    (b"<!doctype html><script>alert(1)</script>", "可以收的有"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "可以收的有"),
    (b"#!/bin/sh\nrm -rf /", "可以收的有"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "可以收的有"),
    (b"junk %PDF-1.7", "可以收的有"),
    (box(b"crx "), "可以收的有"),
    (b"PK\x03\x04 no archive", "损坏"),
    (office("word", **{"word/vbaProject.bin": b"x"}), "宏"),
    (office("word", **{"word/activeX/activeX1.xml": b"x"}), "宏"),
    (office("other"), "不收这种文件"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "words"), REFUSED)
def test_what_may_run_or_is_unknown_is_refused_with_what_can_be_sent(data, words):
    with pytest.raises(BadFile, match=words):
        read_file(data)


def test_an_archive_is_no_document_and_is_not_unpacked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/bomb.xml", b"\0" * (300 * MB))
    assert len(out.getvalue()) < MB
    begun = time.process_time()
    assert type_of(out.getvalue()).extension == "docx"
    assert time.process_time() - begun < 0.2
    with pytest.raises(BadFile, match="压缩包"):
        plain = io.BytesIO()
        with zipfile.ZipFile(plain, "w") as archive:
            archive.writestr("a.txt", "x")
        type_of(plain.getvalue())


def test_each_kind_has_its_size():
    assert (
        limit_of(box(b"isom"), 1) == 50 * MB
        and limit_of(b"%PDF-1.4", 1) == 20 * MB
        and limit_of(b"\xff\xd8\xff", 7) == 7
    )
    with pytest.raises(BadFile, match="20MB"):
        type_of(b"%PDF-1.7" + b"\0" * (20 * MB))


def test_a_photo_is_still_a_photo():
    assert isinstance(read_file(jpeg()), Photo)


@given(st.binary(max_size=300), st.sampled_from([data[:24] for data, *_ in FILES]))
def test_any_bytes_are_read_or_refused(tail, head):
    try:
        read_file(head + tail)
    except BadFile as bad:
        assert bad.status == 422 and bad.message.endswith("。")


async def test_nobodys_files_are_swept_and_those_of_tips_drafts_and_today_stay(store, tmp_path):
    keys = Keys(b"k" * 32)
    files, drafts = EvidenceFiles(tmp_path, Cipher(b"e" * 32)), Conversations(store, keys)
    of_tip, of_draft, _nobodys, young = [await files.put(b"x") for _ in range(4)]
    half = tmp_path / "ab" / ("ab" + "0" * 30 + ".part")
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half")
    await store["evidence"].insert_one({"_id": "e", "kind": "document", "file": of_tip})
    await store["evidence"].insert_one({"_id": "gone", "kind": "document", "file": "f" * 32})
    await drafts.save_draft("d" * 32, Draft(photos=[{"file": of_draft, "thumb": of_draft, "original": of_draft}]))
    old = time.time() - OLD_S - 60
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != young:
            os.utime(path, (old, old))
    done = await sweep(store, tmp_path, drafts)
    assert (done.removed, done.kept, done.missing) == (2, 3, 1)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {of_tip, of_draft, young}
    assert (await sweep(store, tmp_path, drafts)).removed == 0
    files.close()
