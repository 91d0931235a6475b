"""Publishing a selection on the Hub: the data as trainers expect it, then a card that says why."""

from local_naturalness.hub.push import push_selection

__all__ = ["push_selection"]
