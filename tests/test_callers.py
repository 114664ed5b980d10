"""Those who ask the model process get turns, answers whole and in order, and do not depend on each other."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from app.engine.callers import Callers, Question
from app.engine.messages import packed, unpacked

GREETING = packed("what is served")


class Desk:
    """Callers, and both ends of everything."""

    def __init__(self, stack: ExitStack) -> None:
        ours, theirs = socket.socketpair()
        self.stack, self.control = stack, stack.enter_context(ours)
        self.callers = Callers(stack.enter_context(theirs), GREETING)

    def connect(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"!"], [theirs.fileno()])
        self.callers.poll(wait=True)
        assert ours.recv(len(GREETING)) == GREETING
        return self.stack.enter_context(ours)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ExitStack() as stack:
        desk = Desk(stack)
        yield desk
        for key in list(desk.callers.selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        desk.callers.selector.close()


def question(model: str, rows: int) -> bytes:
    return packed((model, [np.zeros((rows, 2), np.uint8)]))


def told(questions: list[Question]) -> list[tuple[str, int]]:
    return [(question.name, question.rows) for question in questions]


def test_questions_for_one_model_are_taken_together_as_far_as_there_is_room_and_in_turns(desk: Desk) -> None:
    first, second, third = desk.connect(), desk.connect(), desk.connect()
    first.sendall(question("a", 30))
    desk.callers.poll(wait=True)
    second.sendall(question("b", 1) + question("a", 20))
    desk.callers.poll(wait=True)
    third.sendall(question("a", 20) + question("b", 2))
    desk.callers.poll(wait=True)
    assert told(desk.callers.take(64)) == [("a", 30), ("a", 20)]  # the third's 20 do not fit
    first.sendall(question("a", 30))
    assert told(desk.callers.take(64)) == [("b", 1), ("b", 2)]
    assert told(desk.callers.take(64)) == [("a", 20), ("a", 30)]


def test_one_question_is_taken_whatever_its_size(desk: Desk) -> None:
    caller = desk.connect()
    caller.sendall(question("a", 100))
    assert told(desk.callers.take(64)) == [("a", 100)]


def test_question_that_comes_in_parts_is_one(desk: Desk) -> None:
    caller, other = desk.connect(), desk.connect()
    content = question("a", 7)
    caller.sendall(content[:20])
    other.sendall(question("a", 1))
    assert told(desk.callers.take(64)) == [("a", 1)]
    caller.sendall(content[20:])
    assert told(desk.callers.take(64)) == [("a", 7)]


def test_answers_that_are_not_read_wait_come_in_order_and_hold_nobody_up(desk: Desk) -> None:
    deaf, other = desk.connect(), desk.connect()
    deaf.sendall(question("a", 1))
    [asked] = desk.callers.take(64)
    answers = [os.urandom(100_000) for _ in range(20)]  # 2 MB, ten times what the way to it holds
    for answer in answers:
        desk.callers.answer(asked.caller, packed(answer))
    other.sendall(question("a", 2))
    assert told(desk.callers.take(64)) == [("a", 2)]
    deaf.setblocking(False)
    buffer = bytearray()
    read: list[bytes] = []
    while len(read) < len(answers):
        try:
            buffer += deaf.recv(1_000_000)
        except BlockingIOError:
            desk.callers.poll(wait=False)
        read += unpacked(buffer)
    assert read == answers


def test_who_has_gone_is_forgotten_with_what_was_asked(desk: Desk) -> None:
    gone, stays = desk.connect(), desk.connect()
    gone.sendall(question("a", 5))
    desk.callers.poll(wait=True)
    [asked] = list(desk.callers.waiting)
    gone.close()
    desk.callers.poll(wait=True)
    stays.sendall(question("a", 1))
    assert told(desk.callers.take(64)) == [("a", 1)]
    desk.callers.answer(asked.caller, b"an answer that came too late")


def test_all_ends_with_whoever_lets_callers_in(desk: Desk) -> None:
    desk.connect()
    desk.control.close()
    assert desk.callers.take(64) == []
