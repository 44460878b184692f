"""Templates in one language: a sentence is looked up when a template is compiled, not whenever it is shown.

Decides nothing about pages: what they say is the same, but what is always the same is put in its place once. A page
holds some hundred sentences and icons, and rows hold most of them again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from gettext import NullTranslations
from typing import Any, Final

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

_PLACE: Final = re.compile(r"%\((\w+)\)s")
_LOOKUPS: Final = {"_": 1, "gettext": 1, "pgettext": 2}
"""What looks a sentence up, and by how many texts. Numbers decide about forms when a page is made: no `ngettext`."""


class SpokenEnvironment(Environment):
    """Compiles templates for the language of `words`.

    `fixed`: macros by their names whose markup depends on nothing but what they are given.
    """

    def __init__(self, words: NullTranslations, **options: Any) -> None:
        super().__init__(**options)
        self.words = words
        self.fixed: Mapping[str, Callable[..., str]] = {}

    def _generate(self, source: nodes.Template, *rest: Any, **options: Any) -> str:
        """The hook that Jinja leaves for this: the tree on its way to code."""
        return super()._generate(_Spoken(self).visit(source), *rest, **options)


class _Spoken(NodeTransformer):
    def __init__(self, environment: SpokenEnvironment) -> None:
        self._environment = environment
        self._sentences: list[nodes.Concat] = []

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - what Jinja's visitor looks for
        """A sentence that is shown is shown piece by piece."""
        self.generic_visit(node)
        node.nodes = [piece for child in node.nodes for piece in self._pieces(child)]
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 - as above
        """What a sentence, or a macro of constants, comes to."""
        self.generic_visit(node)
        made = self._made(node)
        if made is None:
            return node
        made.set_lineno(node.lineno)
        made.set_environment(self._environment)
        return made

    def _made(self, node: nodes.Call) -> nodes.Expr | None:
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        given = [one.value for one in node.args if isinstance(one, nodes.Const)]
        if len(given) < len(node.args) or node.dyn_args is not None or node.dyn_kwargs is not None:
            return None
        if _LOOKUPS.get(name) == len(given):
            words = self._environment.words
            sentence = words.pgettext(*given) if name == "pgettext" else words.gettext(*given)
            return self._said(sentence, {one.key: one.value for one in node.kwargs})
        if name in self._environment.fixed and not node.kwargs:
            return _markup(str(self._environment.fixed[name](*given)))
        return None

    def _said(self, sentence: str, values: Mapping[str, nodes.Expr]) -> nodes.Expr | None:
        """The sentence with its values, markup whatever it is made of.

        None for one that can't be taken apart here: it is filled in when it is shown, or fails then, as ever.
        """
        pieces = _PLACE.split(sentence)
        if not values.keys() >= set(pieces[1::2]):
            return None
        said: list[nodes.Expr] = []
        for at, piece in enumerate(pieces):
            if at % 2:
                said.append(nodes.Filter(values[piece], "said", [], [], None, None))
            elif piece or not at:  # the first one also where it is empty: else a value alone would not be escaped
                try:
                    said.append(_markup(piece % {}))
                except (KeyError, TypeError, ValueError):  # a place of another form, or a "%" that is half of one
                    return None
        if len(said) == 1 and not values:
            return said[0]
        whole = nodes.Concat(said)
        self._sentences.append(whole)
        return whole

    def _pieces(self, node: nodes.Expr) -> list[nodes.Expr]:
        """What is shown one after the other; whatever is shown is said, so a value needs not be told to."""
        for sentence in self._sentences:
            if sentence is node:
                return [one.node or one if isinstance(one, nodes.Filter) else one for one in sentence.nodes]
        return [node]


def _markup(text: str) -> nodes.MarkSafe:
    return nodes.MarkSafe(nodes.Const(text))
