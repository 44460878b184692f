"""Lives of whole installations, in virtual time."""
