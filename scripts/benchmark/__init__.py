"""The parts of bench.py: servers, clients to compare, sections, figures."""
