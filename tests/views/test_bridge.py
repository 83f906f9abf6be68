import threading

import pytest
from psygnal import Signal
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from graftwork.views.bridge import Bridge, in_background


class Source:
    told = Signal(int)


class Receiver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []
        self.threads: set[bool] = set()

    def hear(self, value: int) -> None:
        self.heard.append(value)
        self.threads.add(QThread.currentThread() is self.thread())


def emit_elsewhere(source: Source, values: range) -> None:
    def emit() -> None:
        for value in values:
            source.told.emit(value)

    thread = threading.Thread(target=emit)
    thread.start()
    thread.join()


def test_events_arrive_on_the_main_thread(qtbot: QtBot) -> None:
    source, receiver = Source(), Receiver()
    Bridge(source.told, receiver.hear, every=True)
    emit_elsewhere(source, range(50))
    assert receiver.heard == []
    qtbot.waitUntil(lambda: len(receiver.heard) == 50)
    assert receiver.heard == list(range(50))
    assert receiver.threads == {True}


def test_the_latest_value_is_enough(qtbot: QtBot) -> None:
    source, receiver = Source(), Receiver()
    Bridge(source.told, receiver.hear)
    emit_elsewhere(source, range(1000))
    qtbot.waitUntil(lambda: receiver.heard == [999])


def test_throttled_events_end_with_the_last(qtbot: QtBot) -> None:
    source, receiver = Source(), Receiver()
    Bridge(source.told, receiver.hear, interval_ms=50)
    for value in range(20):
        source.told.emit(value)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: receiver.heard[-1:] == [19])
    assert len(receiver.heard) <= 8


def test_a_receiver_that_is_gone_hears_nothing(qtbot: QtBot) -> None:
    source, receiver = Source(), Receiver()
    Bridge(source.told, receiver.hear)
    receiver.deleteLater()
    qtbot.wait(10)
    source.told.emit(1)
    qtbot.wait(10)
    assert receiver.heard == []


def test_only_methods_of_objects_hear() -> None:
    with pytest.raises(TypeError, match="QObject"):
        Bridge(Source().told, print)


def test_background_work_ends_on_the_main_thread(qtbot: QtBot) -> None:
    outcomes: list[tuple[str, bool]] = []
    main = threading.current_thread()

    def fail() -> None:
        raise ValueError("no")

    in_background(lambda: threading.current_thread() is main, lambda same: outcomes.append(("done", same)))
    in_background(fail, print, lambda error: outcomes.append((str(error), threading.current_thread() is main)))
    qtbot.waitUntil(lambda: len(outcomes) == 2)
    assert set(outcomes) == {("done", False), ("no", True)}
