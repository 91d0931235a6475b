"""How fast windows are scored, compared with other tools on the same windows."""
