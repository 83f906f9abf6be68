"""Training: from a student, an objective and data to a network that has learnt, with notes on how it went."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from ..errors import Cancelled, UserError
from ..methods import Derivative, MethodContext
from ..models import write_checkpoint
from .batches import Batch, Batches, generator
from .drafts import Draft
from .log import Log
from .losses import predictions, task_loss
from .objectives import Objective
from .optimisers import optimiser_of
from .parameters import TrainingParameters
from .schedules import rate
from .students import Student, check_fit, derivative


def train(
    student: Student, objective: Objective, parameters: TrainingParameters, context: MethodContext
) -> dict[str, Any]:
    """Train a student in place, and return facts of it under ``training``.

    Equal inputs and seeds give equal weights, also where training was interrupted and goes on from its draft in
    ``context.scratch``. The student is left in evaluation mode.

    Raises
    ------
    UserError
        If the data do not fit the network or the parameters, or the loss is no number.
    Cancelled
        If the ticket says so; a draft is kept.
    """
    return _Training(student, objective, parameters, context).run()


def recover(
    student: Student,
    objective: Objective,
    parameters: TrainingParameters,
    context: MethodContext,
) -> Derivative:
    """Train a student, and return the checkpoint that it becomes."""
    return derivative(student, train(student, objective, parameters, context))


class _Training:
    def __init__(
        self, student: Student, objective: Objective, parameters: TrainingParameters, context: MethodContext
    ) -> None:
        self.student, self.objective = student.to(context.device), objective.to(context.device)
        if context.data["data"].kind == "images":
            student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster
        self.parameters, self.context = parameters, context
        self.batches = Batches(context.data["data"], parameters, context.seed, context.device)
        self._check()
        self.draft = Draft(context.scratch)
        self.log = Log(self.batches.steps)
        self.best: dict[str, Any] = {}
        self.step = 0

    def run(self) -> dict[str, Any]:
        with _repeatable(self.context.device):
            self._set_out()
            try:
                self._learn()
            except Cancelled:
                self.draft.save(self._state())
                raise
        if self.best:
            self.student.load_state_dict(self.best)
        self.student.eval()
        return {"training": self._facts()}

    def _check(self) -> None:
        data = self.context.data["data"]
        check_fit(self.student.parent, torch.from_numpy(data.labels), data.kind)
        if self.parameters.keep_every and self.context.scratch is None:
            raise UserError("There is no folder to keep checkpoints in.", "Run it in a workspace.")

    def _set_out(self) -> None:
        torch.manual_seed(generator(self.context.seed, "begin").initial_seed())
        first = self.batches.first()
        self._try(first)
        self.objective.begin(self.student.eval(), first)
        self.free = [*self.student.free(), *self.objective.parameters()]
        self.optimiser = optimiser_of(self.free, self.parameters)
        if state := self.draft.load():
            self._restore(state)

    @torch.no_grad()
    def _try(self, batch: Batch) -> None:
        """Run once, to say what does not fit before anything is learnt."""
        name = self.student.parent.path.name
        try:
            outputs = self.student.eval()(batch.inputs)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, IndexError) as error:
            shape = " × ".join(map(str, batch.inputs.shape[1:]))
            raise UserError(f"{name} cannot take samples of {shape}.", "Choose data that it was made for.") from error
        needed = self.objective.needs_labels or self.parameters.held_out
        if needed and outputs.ndim == 2 and self.context.data["data"].labels.min() < 0:
            raise UserError("The data have samples without a class.", "Choose labelled data, or a teacher alone.")

    def _restore(self, state: dict[str, Any]) -> None:
        self.student.load_state_dict(state["student"])
        self.objective.load_state_dict(state["objective"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.log.restore(state["log"])
        self.best, self.step = state["best"], state["step"]

    def _state(self) -> dict[str, Any]:
        return {
            "student": self.student.state_dict(),
            "objective": self.objective.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "log": self.log.state(),
            "best": self.best,
            "step": self.step,
        }

    def _learn(self) -> None:
        before, start, begun = self.log.seconds, time.perf_counter(), self.step
        if begun and self._look_and_stop():  # it may have been interrupted there
            return
        for batch in self.batches.from_step(self.step):
            self._report(begun, time.perf_counter() - start)
            self._take_step(batch)
            self.log.seconds = before + time.perf_counter() - start
            self._keep()
            if self._look_and_stop():
                break
            if self.draft.due():
                self.draft.save(self._state())

    def _report(self, begun: int, seconds: float) -> None:
        steps, made = self.batches.steps, self.step - begun
        loss = f", loss {self.log.curve[-1]['loss']:.4g}" if self.log.curve else ""
        left = f", {seconds / made * (steps - self.step):.0f} s left" if made else ""
        self.context.ticket.progress(self.step, steps, f"step {self.step} of {steps}{loss}{left}")

    def _take_step(self, batch: Batch) -> None:
        torch.manual_seed(generator(self.context.seed, "step", self.step).initial_seed())
        now = rate(self.step, self.batches.steps, self.parameters)
        for group in self.optimiser.param_groups:
            group["lr"] = now
        self.student.train()
        self.objective.train()
        with torch.autocast(self.context.device.type, torch.bfloat16) if self.parameters.mixed else nullcontext():
            terms = self.objective(self.student, batch)
        self.optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        if self.parameters.clip:
            nn.utils.clip_grad_norm_(self.free, self.parameters.clip)
        self.optimiser.step()
        self.step += 1
        self.objective.advance(self.step, self.batches.steps)
        self.log.add(self.step, terms, {"learning_rate": now, **self.objective.notes()})

    def _keep(self) -> None:
        """Write the network as it is now, every so many steps."""
        every, folder = self.parameters.keep_every, self.context.scratch
        if not every or folder is None or self.step % every:
            return
        folder.mkdir(parents=True, exist_ok=True)
        made = derivative(self.student, {})
        file = folder / f"step{self.step:07d}.safetensors"
        told = {"step": self.step} | dict(self.context.provenance)
        metadata = self.student.parent.inherited() | made.said() | told
        write_checkpoint(file, made.specs, made.tensor, metadata, self.student.parent.ties)
        self.log.kept.append({"step": self.step, "file": f"{folder.name}/{file.name}"})

    def _look_and_stop(self) -> bool:
        """Look at the held-out samples now and then; return whether there was no gain for too long."""
        last = self.step == self.batches.steps
        if not len(self.batches.held) or (self.step % self.parameters.check_every and not last):
            return False
        if not self.log.looks or self.log.looks[-1]["step"] != self.step:
            self._look()
        return len(self.log.looks) - 1 - self.log.best() >= self.parameters.patience

    def _look(self) -> None:
        self.log.looks.append({"step": self.step, **self._score()})
        if self.log.best() == len(self.log.looks) - 1:
            self.best = {name: tensor.clone() for name, tensor in self.student.state_dict().items()}

    @torch.no_grad()
    def _score(self) -> dict[str, float]:
        self.student.eval()
        loss = right = 0.0
        made = 0
        for batch in self.batches.held_out():
            self.context.ticket.check()
            logits = self.student(batch.inputs)
            if count := predictions(logits, batch):
                loss, made = loss + float(task_loss(logits, batch)) * count, made + count
            right += float((logits.argmax(-1) == batch.labels).sum()) if logits.ndim == 2 else float("nan")
        if not made:
            raise UserError("In no held-out sample does a token follow another.", "Hold out more, or longer texts.")
        return {"loss": loss / made} | ({"accuracy": right / made} if right == right else {})

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "steps": self.step,
            "samples": len(self.batches.training),
            "batch": self.batches.batch,
            "seconds": self.log.seconds,
            "trained": sum(parameter.numel() for parameter in self.student.free()),
            "fraction": self.student.fraction(),
            "curve": self.log.curve,
        }
        if self.log.looks:
            facts |= {"held_out": self.log.looks, "best_step": self.log.looks[self.log.best()]["step"]}
        return facts | ({"kept": self.log.kept} if self.log.kept else {})


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """Leave the global streams of random numbers alone, and take algorithms that give the same result every time."""
    cards = [device] if device.type == "cuda" else []
    tf32 = torch.backends.cudnn.allow_tf32
    exact = torch.backends.cudnn.flags(deterministic=True, allow_tf32=tf32) if cards else nullcontext()
    with torch.random.fork_rng(devices=cards), exact:
        yield
