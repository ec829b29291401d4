"""The HTML of a mail. All of it is inline, for mail programs drop what is not; nothing is loaded from anywhere."""

import re
from html import escape

from personal_assistant.notifications.model import Link
from personal_assistant.notifications.senders.texts import MailContent

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_WRAP = "overflow-wrap:anywhere;word-break:break-word"
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")

# Programs that have a dark mode and know of it take these; the others colour by themselves.
_DARK = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:#16181d!important}
.card{background:#22252c!important;border-color:#3a3f4a!important}
.text{color:#eceef2!important}
.soft{color:#a9afbb!important}
.main{background:#7aa2ff!important;border-color:#7aa2ff!important;color:#10131a!important}
.more{border-color:#7c8596!important;color:#eceef2!important}
}
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>{dark}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="page" \
style="background:#f2f4f7">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="card" \
style="max-width:560px;background:#ffffff;border:1px solid #dde1e8;border-radius:12px;border-collapse:separate">
<tr><td style="padding:28px 28px 24px;{font}">
{parts}
</td></tr>
</table>
<p class="soft" style="margin:16px 12px 0;{font};font-size:12px;line-height:18px;color:#667080">{footer}</p>
</td></tr>
</table>
</body>
</html>
"""


def html_of(content: MailContent) -> str:
    """The whole page. Every text in it is escaped."""
    parts = [
        f'<h1 dir="auto" class="text" style="margin:0 0 12px;font-size:22px;line-height:30px;font-weight:600;'
        f'color:#1b1f27;{_WRAP}">{escape(content.title)}</h1>'
    ]
    if content.due:
        parts.append(_paragraph(content.due, "soft", "font-size:14px;line-height:20px;color:#566070"))
    parts += [_paragraph(it, "text", "font-size:16px;line-height:25px;color:#1b1f27") for it in _paragraphs(content)]
    if content.note:
        parts.append(_paragraph(content.note, "soft", "font-size:14px;line-height:20px;color:#566070"))
    if content.links:
        parts.append(_buttons(content))
    return _PAGE.format(
        title=escape(content.title), dark=_DARK, font=_FONT, parts="\n".join(parts), footer=escape(content.footer)
    )


def _paragraphs(content: MailContent) -> list[str]:
    return _PARAGRAPHS.split(content.body) if content.body else []


def _paragraph(text: str, name: str, style: str) -> str:
    # Two spaces and tabs would become one: what is indented in the text is to be so here.
    lines = [_indented(line) for line in text.strip("\n").split("\n")]
    return f'<p dir="auto" class="{name}" style="margin:0 0 14px;{style};{_WRAP}">' + "<br>\n".join(lines) + "</p>"


def _indented(line: str) -> str:
    rest = line.expandtabs(4).lstrip(" ")
    return "&nbsp;" * (len(line.expandtabs(4)) - len(rest)) + escape(rest)


def _buttons(content: MailContent) -> str:
    first, *others = content.links
    buttons = [_button(first, "main", "background:#2456d6;border:1px solid #2456d6;color:#ffffff")]
    buttons += [_button(it, "more", "border:1px solid #98a1b2;color:#1b1f27") for it in others]
    return '<div style="padding-top:8px">' + "\n".join(buttons) + "</div>"


def _button(link: Link, name: str, style: str) -> str:
    return (
        f'<a dir="auto" class="{name}" href="{escape(link.url)}" rel="noreferrer" style="display:inline-block;'
        f"margin:0 8px 8px 0;padding:10px 18px;border-radius:8px;font-size:15px;line-height:20px;font-weight:600;"
        f'text-decoration:none;{style}">{escape(link.label)}</a>'
    )
