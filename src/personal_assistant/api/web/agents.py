"""What people call the browsers that name themselves in a long line."""

# Many name others, too: the first that is found counts.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
_LONGEST = 60


def browser_name(agent: str) -> str:
    """Like «Firefox on Android»; for what is no browser that is known here, the beginning of what it says."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), None)
    if browser is None:
        return agent[:_LONGEST] or "An unknown browser"
    system = next((name for sign, name in _SYSTEMS if sign in agent), None)
    return browser if system is None else f"{browser} on {system}"
