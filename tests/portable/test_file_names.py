"""Names of files, whatever a title is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.portable.file_names import attachment, stem


@given(st.text(max_size=400))
def test_any_title_makes_a_name_that_is_one_file_in_its_folder(title):
    name = stem(title)
    assert name and not set(name) & set('/\\:*?"<>|')
    assert name not in (".", "..") and name == name.strip(" .")
    assert not any(unicodedata.category(char)[0] == "C" for char in name)
    assert len(name.encode()) <= 180


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Tea", "Tea"),
        ("  two\n lines\t", "two lines"),
        ("../../etc/passwd", "etc passwd"),
        ("C:\\Windows\\x", "C Windows x"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\u2066b\u200fc", "a b c"),
        ("日本語のタイトル", "日本語のタイトル"),
        ("가" * 300, "가" * 60),
        ("x" * 300, "x" * 80),
        ("", "conversation"),
        (" . ", "conversation"),
        ("NUL", "conversation"),
        ("com1.md", "conversation"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_titles_and_their_names(title, name):
    assert stem(title) == name


@given(st.text(max_size=100))
def test_a_header_is_one_line_of_ascii_whatever_the_name(title):
    header = attachment(f"{stem(title)}.md")
    assert header.isascii() and "\n" not in header and "\r" not in header
    plain = header.split('filename="')[1].split('"')[0]
    assert plain.endswith(".md") and '"' not in plain and "%" not in plain


def test_a_header_has_the_name_in_its_own_script_and_a_plain_one():
    assert attachment("차 tea.md") == (
        "attachment; filename=\"_ tea.md\"; filename*=UTF-8''%EC%B0%A8%20tea.md"
    )
    assert attachment("茶.zip").startswith('attachment; filename="conversation.zip";')
