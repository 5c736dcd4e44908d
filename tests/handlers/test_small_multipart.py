"""Forms taken apart in one go: what browsers send, and nothing else."""

import pytest

from handlers.small_multipart import Part, split

TYPE = "multipart/form-data; boundary=----b"


def body(*parts: str, end: str = "------b--\r\n") -> bytes:
    return "".join(f"------b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts).encode() + end.encode()


def test_fields_files_and_empty_file_fields():
    sent = body(
        'name="what"\r\n\r\n你好\r\n第二行',
        'name="photos"; filename="门.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\0--x',
        'name="photos"; filename=""\r\n\r\n',
    )
    assert list(split(sent, TYPE)) == [
        Part("what", None, "你好\r\n第二行".encode()),
        Part("photos", "门.jpg", b"\0--x"),
        Part("photos", "", b""),
    ]


def test_quotes_and_line_ends_in_names_are_escaped_by_browsers():
    assert next(split(body('name="a%22b"; filename="%0D%0A.jpg"\r\n\r\nx'), TYPE)) == Part('a"b', "\r\n.jpg", b"x")


def test_a_quoted_boundary_and_a_preamble():
    assert next(split(b"hello\r\n" + body('name="a"\r\n\r\nx'), 'multipart/form-data; boundary="----b"')).data == b"x"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"------b",
        body('name="a"\r\n\r\nx', end=""),
        body("\r\n\r\nx"),
        body('name="a"'),
        body('name="a"\r\n\r\nx').replace(b"------b\r\n", b"------bb\r\n", 1),
        b"------b\r\nno head\r\n\r\nx\r\n------b--\r\n",
    ],
)
def test_what_no_browser_sends_is_an_error(sent):
    with pytest.raises(ValueError):
        list(split(sent, TYPE))


def test_without_a_boundary_it_is_no_form():
    with pytest.raises(ValueError, match="boundary"):
        list(split(b"x", "multipart/form-data"))
