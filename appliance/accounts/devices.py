"""What a browser says of itself, in the few words by which its owner knows it again."""

from appliance.accounts.account import Device

# In this order: most of them also say that they are those that come after them.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Vivaldi": "Vivaldi",
    "SamsungBrowser": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chromium": "Chromium",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "Macintosh": "Mac",
    "Linux": "Linux",
}


def device_of(user_agent: str) -> Device:
    """Only words from here come out, whatever came in."""
    said = user_agent[:500]
    return Device(_first(_BROWSERS, said), _first(_SYSTEMS, said))


def _first(words: dict[str, str], said: str) -> str:
    return next((name for mark, name in words.items() if mark in said), "")
