import pytest
from PySide6.QtGui import QColor, QIcon

from graftwork.views.theme import CLASS_HUES, DARK, LIGHT, Theme, base_font, contrast, icon, look


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
class TestContrast:
    @pytest.mark.parametrize("ground", ["ground", "chrome"])
    def test_text_is_read_easily(self, theme: Theme, ground: str) -> None:
        for rank in ("text", "quiet", "accent", "trouble"):
            assert contrast(getattr(theme, rank), getattr(theme, ground)) >= 4.5, rank

    def test_marks_stand_out(self, theme: Theme) -> None:
        for colour in (*CLASS_HUES, theme.mark, theme.accent):
            assert contrast(colour, theme.ground) >= 3.0, colour

    def test_text_on_a_raised_control(self, theme: Theme) -> None:
        assert contrast(theme.text, theme.raised) >= 4.5

    def test_the_accent_is_no_data_colour(self, theme: Theme) -> None:
        accent = QColor(theme.accent)
        for colour in CLASS_HUES:
            away = abs(accent.hue() - QColor(colour).hue())
            assert min(away, 360 - away) >= 30, colour


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#777777") == pytest.approx(1.0)


def test_icons_take_the_themes_colour(theme: str) -> None:
    image = icon("stop").pixmap(16, 16, QIcon.Mode.Normal).toImage()
    drawn = max((image.pixelColor(x, y) for x in range(16) for y in range(16)), key=lambda colour: colour.alpha())
    assert abs(drawn.lightness() - QColor(look.theme.text).lightness()) < 16


def test_an_unknown_icon_is_an_error(qapp: object) -> None:
    with pytest.raises(FileNotFoundError):
        icon("unicorn")


def test_the_font_scales(qapp: object) -> None:
    assert base_font(1.0).pixelSize() == 13
    assert base_font(1.5).pixelSize() == 20


def test_system_choice_follows_the_system(qapp: object) -> None:
    look.apply("system")
    assert look.theme in (LIGHT, DARK)
    look.apply("light")
    assert look.theme is LIGHT
