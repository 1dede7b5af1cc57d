# Generated from nothing by scripts/unasync.py.
"""The sync client: the async sources, without their awaits."""
