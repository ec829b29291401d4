"""Pages for what went wrong before a page could answer. Programs that do not ask for a page get a line of text."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from personal_assistant.api.web.rendering import render

# Scripts and styles are files of our own; nothing is loaded from elsewhere, and nobody frames a page.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_TITLES: Mapping[int, str] = {
    403: "This was not done",
    404: "This is not here",
    405: "This cannot be done here",
    413: "This is too much",
    421: "This is not the name of this server",
    503: "Not now",
}
_ADVICE: Mapping[int, str] = {
    403: "Open the page here once more, and send the form from there.",
    404: "The address may be mistyped, or what was here is gone. The menu of the dashboard leads to all there is.",
    405: "The address is for something else. Go to the page, and use its buttons.",
    413: "Shorten what you typed: go back, and your browser still has it.",
    503: "Nothing is lost: what is scheduled stays scheduled. Try again in a moment.",
    500: "It is noted in the log. Nothing that you have scheduled is lost. Try again in a moment; if it stays so, "
    "«assistant doctor» says what is wrong.",
}


def trouble(request: Request, status: int, line: str, headers: Mapping[str, str] | None = None) -> Response:
    """Say what went wrong in one line; on a page with what to do, where a browser asks for one."""
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(f"{line}\n", status, dict(headers or {}))
    title = _TITLES.get(status, "This did not work")
    advice = _ADVICE.get(status, "")
    answer = render("trouble.html", status, title=title, line=line, advice=advice, leads_home=status != 421)
    for name, value in {**HEADERS, **(headers or {})}.items():
        answer.headers[name] = value
    return answer
