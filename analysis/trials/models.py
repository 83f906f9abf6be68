"""Models: as a person gave them, or made from others by one operation."""

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from ..frozen import Frozen
from ..identity import digest


class SourceModel(Frozen):
    """A checkpoint as a person gave it.

    Attributes
    ----------
    name : str
        The recipe's name for it.
    path : str
        Absolute path of the file or folder.
    content : str
        Fingerprint of its content.
    weights : str or None
        Which set of weights, where it holds several.
    network : str or None
        What builds it: ``timm:NAME``, ``transformers:CLASS``, ``file.py:function`` or ``package.module:Class``; None
        for a recognised one.
    code : str or None
        Hash of a person's own code.
    activation : str or None
        What its layers are followed by, where a person declares what its file leaves open.
    step : float or None
        After how many steps of training it was written, where a person declares it; not part of the identity.
    """

    kind: Literal["source"] = "source"
    name: str
    path: str
    content: str
    weights: str | None = None
    network: str | None = None
    code: str | None = None
    activation: str | None = None
    step: float | None = None

    @property
    def told(self) -> dict[str, str | None]:
        """What a person says of it beside the path, as it is opened with."""
        return {"weights": self.weights, "network": self.network, "activation": self.activation}

    @property
    def identity(self) -> str:
        """The identity: the content's, wherever the file lies; which of its weights, in which code, as declared."""
        declared = [{"activation": self.activation}] if self.activation else []
        if self.network:
            return digest([self.content, self.weights, self.network.rpartition(":")[2], self.code, *declared])
        if declared:
            return digest([self.content, self.weights, *declared])
        return digest([self.content, self.weights]) if self.weights else self.content


class DerivedModel(Frozen):
    """A model that one operation makes from its parents.

    Attributes
    ----------
    name : str
        Readable name; not part of the identity.
    method, version : str, int
        Which method, in which version of its definition.
    parameters : dict
        Every parameter of the method with its value; names of models and data sets among them are kept as names.
    parents : tuple of str
        Identities of the parents, in order.
    references : dict
        Identity of each model or data set that a parameter names, by parameter.
    seed : int or None
        None for a method that draws nothing.
    """

    kind: Literal["derived"] = "derived"
    name: str
    method: str
    version: int
    parameters: dict[str, Any]
    parents: tuple[str, ...]
    references: dict[str, str] = Field(default_factory=dict)
    seed: int | None = None

    @cached_property
    def identity(self) -> str:
        """Hash of parents, method, version, parameters, references and seed."""
        plain = {key: value for key, value in self.parameters.items() if key not in self.references}
        return digest([self.method, self.version, plain, self.parents, self.references, self.seed])


ModelSpec = SourceModel | DerivedModel
