"""Small pages without scripts: a card with a title, some lines, and at most one button."""

from base64 import b64encode
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
button{margin-top:1.25rem;width:100%;min-height:3rem;border:0;border-radius:10px;font:inherit;font-weight:600;
background:light-dark(#1456c8,#8ab4ff);color:light-dark(#fff,#10151f);cursor:pointer}
button:focus-visible{outline:3px solid light-dark(#10151f,#fff);outline-offset:2px}
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


def page(title: str, lines: list[str], *, button: str = "", status: int = 200) -> HTMLResponse:
    """A page; its button posts to the page's own address."""
    told = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    form = f'<form method="post"><button>{escape(button)}</button></form>' if button else ""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{told}{form}</main></body></html>",
        status,
        {"Content-Security-Policy": _POLICY},
    )
