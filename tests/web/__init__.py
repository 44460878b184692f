"""Pages: sessions, forms, hostile text, what works without scripts, and a browser on the real thing."""
