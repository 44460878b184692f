"""What dialects share on the wire: body admission. Knows no vendor."""
