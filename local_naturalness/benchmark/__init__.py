"""How fast windows are scored, next to other ways of doing it, in one process on the same windows."""
