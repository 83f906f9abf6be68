"""What a recipe measures, and what the names in it mean."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..catalogue import Quantity
from ..errors import unknown
from ..measures import MEASURES
from ..naming import Name, agrees, giver_among, name_of, parse_name, plain_name
from ..recipe import Measuring
from ..trials import Measured, MeasureSpec


def specs_of(measuring: Measuring | None) -> tuple[MeasureSpec, ...]:
    """Return a recipe's measures, each with every parameter's value.

    Raises
    ------
    UserError
        If a measure or a parameter is unknown, or a value does not fit.
    """
    if measuring is None:
        return ()
    left = set(measuring.parameters)
    specs = []
    for name in dict.fromkeys(measuring.what):
        measure = MEASURES.get(name)
        own = {k: v for k, v in measuring.parameters.items() if k in measure.parameters.model_fields}
        left -= own.keys()
        checked = measure.check(own).model_dump(mode="json")
        specs.append(MeasureSpec(measure=name, version=measure.entry.version, parameters=checked))
    if left:
        fields = {f for name in measuring.what for f in MEASURES.get(name).parameters.model_fields}
        raise unknown("parameter of the chosen measures called", min(left), sorted(fields))
    return tuple(specs)


@dataclass(frozen=True)
class Asked:
    """The numbers that a recipe asks for.

    Attributes
    ----------
    measures : mapping of str to MeasureSpec
        What gives them, by quantity.
    quantities : mapping of str to Quantity
        What they are, by name.
    reference : str or None
        The recipe's name of the model that comparing measures compare with.
    """

    measures: Mapping[str, MeasureSpec]
    quantities: Mapping[str, Quantity]
    reference: str | None

    @classmethod
    def of(cls, measuring: Measuring | None) -> "Asked":
        """Return what is asked below ``[measure]``; errors as `specs_of`."""
        specs = specs_of(measuring)
        entries = {spec.measure: MEASURES.get(spec.measure).entry for spec in specs}
        asked = [(spec, q) for spec in specs for q in entries[spec.measure].quantities if not q.per_sample]
        reference = measuring.reference if measuring else None
        return cls({q.name: spec for spec, q in asked}, {q.name: q for _, q in asked}, reference)

    def plain(self, name: str) -> str:
        """Return what its measure calls the value that a name means: the recipe's own, measured in one way.

        Raises
        ------
        UserError
            If the recipe does not measure that, or with other parameters or another reference than the name says.
        """
        wanted = parse_name(name)
        owner = giver_among(self.measures, wanted.plain)
        if owner is None or not agrees(wanted, self.named(wanted.plain), self.measures[owner].parameters):
            raise unknown("quantity among what is measured called", name, [str(self.named(q)) for q in self.measures])
        return wanted.plain

    def owns(self, name: str) -> bool:
        """Return whether a name is of something that the recipe measures, in whichever way."""
        return giver_among(self.measures, plain_name(name)) is not None

    def named(self, plain: str) -> Name:
        """Return the name of a value, by what its measure calls it."""
        owner = giver_among(self.measures, plain)
        if owner is None:
            return parse_name(plain)
        spec = self.measures[owner]
        measure = MEASURES.get(spec.measure)
        reference = self.reference if measure.compares(plain) else None
        return name_of(plain, spec.parameters, measure.entry.defaults, reference)

    def tells(self, name: str) -> bool:
        """Return whether a name is of a value that is not measured at the defaults, or compares."""
        return bool(self.named(plain_name(name)).suffix)

    def measured(self, reference: str | None) -> tuple[Measured, ...]:
        """Return all measures, given the reference's identity."""
        specs = {spec.measure: spec for spec in self.measures.values()}
        return tuple(
            Measured(measure=s.measure, parameters=s.parameters, reference=reference if self._compares(s) else None)
            for s in specs.values()
        )

    def _compares(self, spec: MeasureSpec) -> bool:
        return bool(MEASURES.get(spec.measure).entry.compares)
