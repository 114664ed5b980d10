"""The API's document and the page that shows it: what they say before one tries anything."""

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.browsing import opened


def test_introduction_tells_of_seeds_labels_and_accept_and_every_tag_is_described(service: str) -> None:
    document = httpx.get(f"{service}/openapi.json").json()
    for told in ("`seed`", "Kakite-Seed", "`label`", "Kakite-Labels", "Accept", "application/problem+json"):
        assert told in document["info"]["description"]
    used = {tag for operations in document["paths"].values() for operation in operations.values() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])


def operations(page: Page) -> None:
    page.wait_for_selector(".opblock")


def test_introduction_and_tags_are_seen_on_the_page(browser: Browser, service: str) -> None:
    with opened(browser, service, "/docs", shown=operations, calm=False) as page:
        expect(page.locator(".info")).to_contain_text("The header Accept chooses the format")
        expect(page.locator(".opblock-tag").first).to_contain_text("Digits by seed, label or z")
