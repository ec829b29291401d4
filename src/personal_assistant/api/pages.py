"""Small pages without scripts: a card with a title, some lines, and what can be done about it."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from starlette.responses import HTMLResponse

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:17px/1.5 system-ui,sans-serif;
background:light-dark(#f3f4f6,#15181d);color:light-dark(#1a1d21,#e8eaed)}
main{box-sizing:border-box;width:min(30rem,calc(100vw - 2rem));padding:1.75rem;border-radius:14px;
background:light-dark(#fff,#20242b);box-shadow:0 1px 3px #0003,0 8px 24px #0001}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .5rem;overflow-wrap:anywhere}
p{margin:.35rem 0;color:light-dark(#5b626b,#a4abb5);overflow-wrap:anywhere}
form{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:.75rem}
button,input{box-sizing:border-box;min-height:3rem;border-radius:10px;font:inherit}
button{flex:1 1 8.5rem;border:1px solid light-dark(#c6cbd3,#4a515c);background:none;color:inherit;cursor:pointer}
.main{flex-basis:100%;margin-top:.5rem;border:0;font-weight:600;
background:light-dark(#1456c8,#8ab4ff);color:light-dark(#fff,#10151f)}
input{flex:3 1 12rem;min-width:0;padding:0 .75rem;border:1px solid light-dark(#8a919c,#6b7380);
background:none;color:inherit}
::placeholder{color:light-dark(#5b626b,#a4abb5)}
:focus-visible{outline:3px solid light-dark(#10151f,#fff);outline-offset:2px}
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class Button:
    """What pressing it posts, and what is written on it."""

    label: str
    name: str
    value: str = "1"
    main: bool = False


def page(
    title: str, lines: Sequence[str], *, buttons: Sequence[Button] = (), field: Button | None = None, status: int = 200
) -> HTMLResponse:
    """A page; its buttons post to the page's own address. `field` is a text to type, by name and label, its value an
    example; it has a form of its own, so that Enter presses nothing else.
    """
    told = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    forms = _form("".join(_button(it) for it in buttons)) + (_form(_field(field)) if field is not None else "")
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{told}{forms}</main></body></html>",
        status,
        {"Content-Security-Policy": _POLICY},
    )


def _form(content: str) -> str:
    return f'<form method="post">{content}</form>' if content else ""


def _button(it: Button) -> str:
    main = ' class="main"' if it.main else ""
    return f'<button{main} name="{escape(it.name)}" value="{escape(it.value)}">{escape(it.label)}</button>'


def _field(it: Button) -> str:
    label, name, example = escape(it.label), escape(it.name), escape(it.value)
    typed = f'<input name="{name}" aria-label="{label}" placeholder="{example}" maxlength="100" required>'
    return f"{typed}<button>{label}</button>"
