"""The rooms of bench.py: a server that answers at once, a long line to it, contestants, sections, figures."""
