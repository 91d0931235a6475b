"""The page as a browser shows it."""

import pytest

from local_naturalness.report import write_report

CONTRAST = """
element => {
  const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = element;
  while (behind.parentElement && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
    behind = behind.parentElement;
  const [high, low] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
    .map(light).sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}
"""

BACKGROUND = "element => getComputedStyle(element).backgroundColor"


@pytest.fixture(scope="module")
def page_file(scored, tmp_path_factory):
    return write_report(scored, tmp_path_factory.mktemp("page") / "report.html")


def test_tables_sort_by_numbers_and_prompts_are_filtered(opened, page_file):
    page = opened(page_file)
    tokens = page.locator(".sortable th button", has_text="tokens")
    place = page.locator(".sortable thead th").all_inner_texts().index("tokens") + 1
    for ascending in (True, False):
        tokens.click()
        numbers = [int(text) for text in page.locator(f".sortable td:nth-child({place})").all_inner_texts()]
        assert numbers == sorted(numbers, reverse=not ascending) and len(set(numbers)) == 3
    everything = page.locator(".decision:visible").count()
    page.select_option("#kind", "clearest")
    kinds = page.locator(".decision:visible").evaluate_all("all => all.map(one => one.dataset.kind)")
    assert set(kinds) == {"clearest"} and len(kinds) < everything
    page.fill("#words", "no prompt holds this")
    assert page.locator(".decision:visible").count() == 0
    assert page.locator("#found").inner_text() == "0 shown"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_every_tint(opened, page_file, scheme):
    page = opened(page_file, color_scheme=scheme)
    for view, letter in enumerate("tud"):
        page.check(f"#tint-{view}")
        behind = set()
        for number in range(7):
            shown = page.locator(f".legend-{view} .{letter}{number}")
            assert shown.is_visible() and shown.evaluate(CONTRAST) >= 4.5, (letter, number)
            tint = page.locator(f".trace .{letter}{number}").first
            assert tint.evaluate(CONTRAST) >= 4.5
            colour = tint.evaluate(BACKGROUND)
            assert colour == shown.evaluate(BACKGROUND)
            behind.add(colour)
        assert len(behind) == 7
        assert page.locator(".legend:visible").count() == 1
    for selector in (".facts", ".reason", ".mark", "figcaption", "p"):
        assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_is_not_wider_than_the_window(opened, page_file, width):
    page = opened(page_file, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_everything_can_be_read(opened, page_file):
    page = opened(page_file, java_script_enabled=False)
    assert page.locator(".decision:visible").count() > 3
    assert not page.locator(".tools").is_visible()


def test_words_of_any_length_and_names_of_any_kind(opened, scored, tmp_path):
    word = "w" * 100_000

    def worse(row):
        response = word + row["response"]
        spans = [[0, len(word)], *([a + len(word), b + len(word)] for a, b in row["step_spans"])]
        return {
            "teacher": f"{row['teacher']}{word}",
            "response": response,
            "step_spans": spans,
            "step_scores": [-2.0, *row["step_scores"]],
            "global_step_scores": [-2.0, *row["global_step_scores"]],
            "step_tokens": [9, *row["step_tokens"]],
        }

    path = write_report(scored.map(worse), tmp_path / "report.html")
    page = opened(path, width=400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert path.stat().st_size < 5_000_000 and page.locator("img").count() == 0
