"""A picture in JupyterLab's light and dark theme: a screenshot of each is kept, and every text can be read in both."""

from __future__ import annotations

from pathlib import Path

from front_end import THEMES, FrontEnd, choose_theme
from mounted import serious
from playwright.sync_api import Locator

LEAST_CONTRAST = 4.5
"""The ratio that WCAG 2 (AA) asks for between a text and what is behind it."""
CONTRASTS = """root => {
  const parse = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = rgb => rgb.map(v => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of root.querySelectorAll('*')) {
    if (![...node.childNodes].some(child => child.nodeType === 3 && child.data.trim())) continue;
    const back = behind(node), front = parse(getComputedStyle(node).color), alpha = front[3] ?? 1;
    const mixed = front.slice(0, 3).map((v, i) => v * alpha + back[i] * (1 - alpha));
    const [low, high] = [light(mixed), light(back)].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), node.textContent]);
  }
  return found;
}"""


def take_both_themes(front: FrontEnd, picture: Locator, artefacts: Path, name: str) -> None:
    """Keep `widget-FRONT-NAME-light.png` and `-dark.png`; the picture has the focus afterwards, and the page is light.

    Raises:
        AssertionError: in a theme a text has less than the least contrast, or axe-core finds something serious.
    """
    for theme in reversed(THEMES):  # so that the light one is the last
        choose_theme(front.page, theme)
        picture.screenshot(path=artefacts / f"widget-{front.name}-{name}-{theme.split()[-1].lower()}.png")
        found = picture.evaluate(CONTRASTS)
        weak = [(ratio, text) for ratio, text in found if ratio < LEAST_CONTRAST]
        assert serious(front.page) == [], theme
        assert found and not weak, (theme, weak)
    picture.focus()
