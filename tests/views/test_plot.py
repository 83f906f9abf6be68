import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from graftwork.views.plot import Plot, mode_of, roomy

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE, SHIFT, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def plot(qtbot: QtBot) -> Plot:
    made = Plot()
    qtbot.addWidget(made)
    made.resize(420, 330)
    made.set_axes("Parameters", "Accuracy", "M", "%")
    made.show()
    qtbot.waitExposed(made)
    made.box.setRange(QRectF(0, 0, 10, 10), padding=0)
    qtbot.wait(20)
    return made


def pixel(plot: Plot, x: float, y: float) -> QPoint:
    place: QPoint = plot.mapFromScene(plot.box.mapViewToScene(QPointF(x, y)))
    return place


def send(
    qtbot: QtBot,
    plot: Plot,
    kind: QEvent.Type,
    at: QPoint,
    button: Qt.MouseButton = LEFT,
    modifiers: Qt.KeyboardModifier = NONE,
) -> None:
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    which = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
    place = QPointF(plot.viewport().mapToGlobal(at))
    QApplication.sendEvent(plot.viewport(), QMouseEvent(kind, QPointF(at), place, which, held, modifiers))
    qtbot.wait(15)  # the scene takes at most so many moves a second


def drag(
    qtbot: QtBot,
    plot: Plot,
    places: list[tuple[float, float]],
    modifiers: Qt.KeyboardModifier = NONE,
    *,
    button: Qt.MouseButton = LEFT,
    drop: bool = True,
) -> None:
    pixels = [pixel(plot, *place) for place in places]
    send(qtbot, plot, QEvent.Type.MouseButtonPress, pixels[0], button, modifiers)
    for at in pixels[1:]:
        send(qtbot, plot, QEvent.Type.MouseMove, at, button, modifiers)
    if drop:
        send(qtbot, plot, QEvent.Type.MouseButtonRelease, pixels[-1], button, modifiers)


def click(qtbot: QtBot, plot: Plot, x: float, y: float, kind: QEvent.Type = QEvent.Type.MouseButtonPress) -> None:
    send(qtbot, plot, kind, pixel(plot, x, y))
    send(qtbot, plot, QEvent.Type.MouseButtonRelease, pixel(plot, x, y))


@pytest.mark.parametrize(
    ("modifiers", "mode"), [(NONE, "replace"), (SHIFT, "add"), (ALT, "remove"), (SHIFT | ALT, "intersect")]
)
def test_modes(qtbot: QtBot, plot: Plot, modifiers: Qt.KeyboardModifier, mode: str) -> None:
    assert mode_of(modifiers) == mode
    plot.set_tool("rectangle")
    with qtbot.waitSignal(plot.brushed) as brushed:
        drag(qtbot, plot, [(2, 2), (4, 5), (6, 7)], modifiers)
    polygon, heard = brushed.args
    assert heard == mode
    assert polygon.shape == (4, 2)
    np.testing.assert_allclose(polygon.min(axis=0), [2, 2], atol=0.1)
    np.testing.assert_allclose(polygon.max(axis=0), [6, 7], atol=0.1)


def test_the_lasso_follows_the_pointer(qtbot: QtBot, plot: Plot) -> None:
    corners = [(2.0, 2.0), (8.0, 2.0), (8.0, 8.0), (2.0, 8.0)]
    with qtbot.waitSignal(plot.brushed) as brushed:
        drag(qtbot, plot, corners)
    np.testing.assert_allclose(brushed.args[0][:4], corners, atol=0.1)


def test_escape_cancels_the_brush_and_then_clears(qtbot: QtBot, plot: Plot) -> None:
    heard: list[str] = []
    plot.brushed.connect(lambda *_: heard.append("brushed"))
    plot.cleared.connect(lambda: heard.append("cleared"))
    drag(qtbot, plot, [(2, 2), (5, 5), (8, 3)], drop=False)
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    send(qtbot, plot, QEvent.Type.MouseButtonRelease, pixel(plot, 8, 3))
    assert heard == []
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert heard == ["cleared"]


def test_a_click_tells_its_place(qtbot: QtBot, plot: Plot) -> None:
    with qtbot.waitSignal(plot.clicked) as clicked:
        click(qtbot, plot, 3, 4)
    np.testing.assert_allclose(clicked.args[:2], [3, 4], atol=0.1)


def test_a_double_click_on_empty_ground_clears(qtbot: QtBot, plot: Plot) -> None:
    cleared: list[bool] = []
    plot.cleared.connect(lambda: cleared.append(True))

    def double() -> None:
        click(qtbot, plot, 3, 4)
        click(qtbot, plot, 3, 4, QEvent.Type.MouseButtonDblClick)

    plot.occupied = lambda x, y: True
    double()
    assert cleared == []
    plot.occupied = lambda x, y: False
    double()
    assert cleared == [True]


@pytest.mark.parametrize("button", [LEFT, MIDDLE])
def test_panning(qtbot: QtBot, plot: Plot, button: Qt.MouseButton) -> None:
    if button == LEFT:
        plot.set_tool("hand")
    drag(qtbot, plot, [(5, 5), (4.5, 5), (4, 5), (3, 5)], button=button)
    assert plot.seen.left() == pytest.approx(2, abs=0.25)
    assert plot.seen.top() == pytest.approx(0, abs=0.1)


def test_keys_choose_tools(qtbot: QtBot, plot: Plot) -> None:
    for key, tool in ((Qt.Key.Key_R, "rectangle"), (Qt.Key.Key_H, "hand"), (Qt.Key.Key_L, "lasso")):
        qtbot.keyClick(plot, key)
        assert plot.tool == tool


def test_space_borrows_the_hand(qtbot: QtBot, plot: Plot) -> None:
    tools: list[str] = []
    plot.tool_changed.connect(tools.append)
    qtbot.keyPress(plot, Qt.Key.Key_Space)
    qtbot.keyRelease(plot, Qt.Key.Key_Space)
    assert tools == ["hand", "lasso"]


def test_framing_and_fitting(qtbot: QtBot, plot: Plot) -> None:
    plot.selection_bounds = lambda: QRectF(2, 2, 1, 1)
    qtbot.keyClick(plot, Qt.Key.Key_F)
    assert plot.seen.contains(QRectF(2, 2, 1, 1))
    assert plot.seen.width() < 2
    plot.getPlotItem().plot([0, 50], [0, 50])
    qtbot.keyClick(plot, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert plot.seen.contains(QRectF(0, 0, 50, 50))


def test_themes(plot: Plot, theme: str) -> None:
    ground = plot.grab().toImage().pixelColor(200, 100)
    assert (ground.lightness() > 128) == (theme == "light")


@pytest.mark.parametrize("points", [[(0.0, 5e5)], [(3.0, 0.9), (3.0, 0.9)], [(1e6, 0.1), (2e6, 0.7)]])
def test_a_fit_has_all_in_the_middle_and_none_of_the_zero(plot: Plot, points: list[tuple[float, float]]) -> None:
    x, y = zip(*points, strict=True)
    bounds = QRectF(QPointF(min(x), min(y)), QPointF(max(x), max(y)))
    plot.all_bounds = lambda: bounds
    plot.fit()
    assert all(plot.seen.contains(QPointF(*point)) for point in points)
    assert not plot.seen.contains(QPointF(0, 0))
    assert plot.seen.center() == bounds.center()
    assert plot.seen == roomy(bounds)


def test_all_is_seen_until_a_person_zooms(qtbot: QtBot, plot: Plot) -> None:
    bounds = QRectF(0, 0, 1, 1)
    plot.all_bounds = lambda: bounds
    plot.fit()
    bounds = QRectF(0, 0, 5, 5)
    plot.refit()
    assert plot.seen == roomy(bounds)
    assert plot.chosen is None
    drag(qtbot, plot, [(1, 1), (2, 2), (3, 3)], button=MIDDLE)
    moved = plot.seen
    plot.refit()
    assert plot.seen == moved != roomy(bounds)
    assert plot.chosen == pytest.approx((moved.left(), moved.right(), moved.top(), moved.bottom()))
    plot.fit()
    assert plot.chosen is None


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 2, True, {"0", "1", "2"}),
        (0, 2, False, {"0.0", "0.5", "1.0", "1.5", "2.0"}),
        (2.4e5, 2.6e5, True, {"240\u202f000", "250\u202f000", "260\u202f000"}),
        (2e5, 5e5, False, {"200\u202f000", "300\u202f000", "400\u202f000"}),
        (0, 3e7, False, {"10\u202f000\u202f000", "20\u202f000\u202f000"}),
        (-1e-7, 1e-7, False, {"5e-08", "0"}),
    ],
)
def test_ticks_are_written_as_digits(plot: Plot, low: float, high: float, whole: bool, expected: set[str]) -> None:
    plot.set_whole(x=whole)
    axis = plot.getAxis("bottom")
    levels = axis.tickValues(low, high, 400)
    written = {text for step, values in levels[:2] for text in axis.tickStrings(values, 1, step)}
    assert expected <= written
    if whole:
        assert not any("." in text for text in written)


@pytest.mark.parametrize("width", [60, 150, 400])
@pytest.mark.parametrize("high", [3, 5e5, 4e9])
def test_ticks_beside_each_other_do_not_overlap(plot: Plot, width: int, high: float) -> None:
    axis = plot.getAxis("bottom")
    step = min(step for step, _ in axis.tickSpacing(0, high, width))
    texts = axis.tickStrings([step * number for number in range(1, 1 + int(high / step))], 1, step)
    assert all(axis._width(text) < step / high * width for text in texts)
