"""A place in the pieces of a condition, moved forward by whoever reads. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.events.pcl.scan import Piece, Token


class Reading:
    """The pieces, and which is next. The END is never passed."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def peek(self) -> Token:
        """The next piece."""
        return self._tokens[self._at]

    def skip(self) -> Token:
        """The next piece, which is then read."""
        token = self._tokens[self._at]
        if token.piece is not Piece.END:
            self._at += 1
        return token

    def take_word(self, word: str) -> bool:
        """Whether that word comes next, which is then read."""
        return self._take(Piece.WORD, word)

    def take_sign(self, sign: str) -> bool:
        """Whether that sign comes next, which is then read."""
        return self._take(Piece.SIGN, sign)

    def _take(self, piece: Piece, text: str) -> bool:
        token = self._tokens[self._at]
        if token.piece is piece and token.text == text:
            self._at += 1
            return True
        return False
