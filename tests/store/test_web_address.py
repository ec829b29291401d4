"""What links begin with where no public URL is set."""

from pathlib import Path

from personal_assistant.store.web_address import base_of_links, note_address


def test_links_lead_to_where_it_was_served_last(tmp_path: Path) -> None:
    assert base_of_links("", tmp_path) == "http://127.0.0.1:8400"
    note_address(tmp_path, "http://127.0.0.1:8700")
    assert base_of_links("", tmp_path) == "http://127.0.0.1:8700"
    note_address(tmp_path, "http://[::1]:8701")
    assert base_of_links("", tmp_path) == "http://[::1]:8701"
    assert base_of_links("https://assistant.example.org/", tmp_path) == "https://assistant.example.org"


def test_what_is_no_address_is_passed_over(tmp_path: Path) -> None:
    for odd in (b"", b"http://a b", b"javascript:x", b"\xff", b"http://evil/path"):
        (tmp_path / "web.url").write_bytes(odd)
        assert base_of_links("", tmp_path) == "http://127.0.0.1:8400", odd
    note_address(tmp_path / "nowhere", "http://127.0.0.1:1")
