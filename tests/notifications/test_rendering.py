"""What a mail looks like: a text and a page that say the same, whatever the message is made of."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.parcels import parcel

from personal_assistant.notifications.model import Link
from personal_assistant.notifications.senders.mailbox import sender_of
from personal_assistant.notifications.senders.rendering import mail_bytes

ADA = "ada@example.org"
DONE = Link("Done", "https://assistant.example/a/x?y=1&z=2")
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]


class Page(HTMLParser):
    """Its elements, what it says, and the texts of its links by where they lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.links: dict[str, str] = {}
        self._link = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._link = dict(attrs).get("href") or ""
        self.text += "\n" if tag in ("br", "p", "h1", "a") else ""

    def handle_endtag(self, tag: str) -> None:
        self._link = ""

    def handle_data(self, data: str) -> None:
        if self._link:
            self.links[self._link] = data
        self.text += data


def _raw(**changes: Any) -> bytes:
    return mail_bytes(parcel("email", ADA, **changes), sender_of("Assistant <assistant@example.org>"), ADA)


def _mail(**changes: Any) -> tuple[EmailMessage, str, str]:
    """The mail, its text and its HTML."""
    mail = BytesParser(policy=default).parsebytes(_raw(**changes))
    assert isinstance(mail, EmailMessage)
    text, html = mail.iter_parts()
    return mail, text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def test_the_text_is_complete_in_itself() -> None:
    _, text, _ = _mail(links=[DONE, Link("Snooze", "https://assistant.example/a/2")])
    assert text == (
        "Take the pill\n\n"
        "Due: Tuesday, 2 June 2026, 14:00 (Europe/Berlin)\n\n"
        "Two of them, with water.\n\n"
        "Done:\nhttps://assistant.example/a/x?y=1&z=2\n\n"
        "Snooze:\nhttps://assistant.example/a/2\n\n"
        "-- \n"
        "This comes from your assistant. It is number 7 in its list. Where you are reached: "
        "`assistant channels list`.\n"
    )


def test_the_page_says_the_same() -> None:
    _, text, html = _mail(links=[DONE])
    page = Page(html)
    for line in text.replace("Done:", "Done").splitlines():
        assert line == "-- " or line in page.text or line in page.links
    assert page.links == {DONE.url: "Done"}
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert "prefers-color-scheme:dark" in html


def test_headers() -> None:
    mail, _, _ = _mail()
    assert list(mail.keys()) == HEADERS
    assert mail["Date"].datetime == datetime(2026, 6, 2, 12, tzinfo=UTC)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>")
    assert _mail(urgent=True)[0]["Importance"] == "high"


def test_markup_in_a_message_is_text() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=y> \"&' {title}"
    _, text, html = _mail(title=evil, body=f"{evil}\n\n</p></td>{evil}", links=[Link(evil, 'https://x.example/"><b>')])
    assert evil in text
    page = Page(html)
    assert not {"script", "img", "b"} & set(page.tags)
    assert page.text.count(evil) == 5  # title of the page, heading, two paragraphs, button
    assert page.links == {'https://x.example/"><b>': evil}


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://x y/", "https://x/\r\nA: b", "//x"]
)
def test_a_link_that_leads_to_no_page_is_left_out(url: str) -> None:
    _, text, html = _mail(links=[Link("Done", url)])
    assert "Done" not in text and "href" not in html


@given(title=st.text(), person=st.text(), body=st.none() | st.text(), label=st.text())
def test_no_text_adds_a_header_or_a_line_too_long(title: str, person: str, body: str | None, label: str) -> None:
    raw = _raw(title=title, person=person, body=body, links=[Link(label, DONE.url)])
    mail = BytesParser(policy=default).parsebytes(raw)
    assert list(mail.keys()) == HEADERS
    assert [it.addr_spec for it in mail["To"].addresses] == [ADA]
    assert not mail.defects
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert all(b"\n" not in line and b"\r" not in line and line.isascii() for line in lines)


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\0"])
def test_a_line_end_in_a_subject_or_a_name_is_a_space(line_end: str) -> None:
    mail, _, _ = _mail(title=f"Pill{line_end}Bcc: eve@example.org", person=f"Ada{line_end}Bcc: eve@example.org")
    assert mail["Subject"] == "Pill Bcc: eve@example.org"
    assert list(mail.keys()) == HEADERS
    [to] = mail["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Ada Bcc: eve@example.org", ADA)


def test_a_text_of_a_megabyte_is_cut_and_says_so() -> None:
    mail, text, html = _mail(title="t" * 1_000_000, body="<word> " * 150_000, person="p" * 1_000_000)
    note = "1,050,000 characters are too many for a mail, so the rest is left out."
    assert note in text and note in html and "assistant notifications show 7" in text
    assert len(text) < 25_000 and len(html) < 100_000 and len(mail["Subject"]) == 200


def test_emoji_and_both_directions_of_writing_arrive() -> None:
    title = "תזכורת: פגישה 👩🏽‍⚕️"
    mail, text, html = _mail(title=title, body="موعد الطبيب غدًا\n\nZähne 🦷")
    assert mail["Subject"] == title
    assert title in text and title in html and "موعد الطبيب غدًا" in html
    assert html.count('dir="auto"') == 4


def test_what_makes_a_text_look_like_another_is_taken_out() -> None:
    mail, text, _ = _mail(title="Pay \u202eevil\u202c now\u200b", body="a\u00adb")
    assert mail["Subject"] == "Pay evil now"
    assert "\nab\n" in text


def test_indents_and_blank_lines_stay_in_the_page() -> None:
    _, _, html = _mail(body="List:\n  - one\n\tb\n\n\n  second paragraph")
    assert "List:<br>\n&nbsp;&nbsp;- one<br>\n&nbsp;&nbsp;&nbsp;&nbsp;b</p>" in html
    assert ">&nbsp;&nbsp;second paragraph</p>" in html


def test_a_message_of_nothing_but_a_title() -> None:
    mail, text, _ = _mail(title=" ", body=None, due_at=None, message_id=0)
    assert mail["Subject"] == "A message from your assistant"
    assert text.startswith("A message from your assistant\n\n-- \n")


def test_the_hour_is_the_person_s() -> None:
    _, text, html = _mail(zone="Asia/Kathmandu")
    assert "Due: Tuesday, 2 June 2026, 17:45 (Asia/Kathmandu)" in text
    assert "Due: Tuesday, 2 June 2026, 17:45 (Asia/Kathmandu)" in html
