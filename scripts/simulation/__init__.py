"""A model of the service and of the network, and what is tried in it: the real outcome.py, and wrong ones."""
