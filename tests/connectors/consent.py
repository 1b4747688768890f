"""What a person does on a consent page, without a browser."""

from __future__ import annotations

import re

import httpx


def ticket(page: httpx.Response) -> str:
    """The hidden field of the page's form."""
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def asked_for(page: httpx.Response) -> list[str]:
    """The scopes that the page lists."""
    return re.findall(r"<li>([^<]+)</li>", page.text)


def answered(url: str, answer: str = "allow") -> str:
    """Opens the page, presses `allow` or `cancel`; the address that the browser is sent back to."""
    with httpx.Client(verify=False, trust_env=False) as browser:
        page = browser.get(url)
        assert page.status_code == 200, page.text
        back = browser.post(page.url.copy_with(query=None), data={"ticket": ticket(page), "answer": answer})
    assert back.status_code == 302, back.text
    return back.headers["location"]
