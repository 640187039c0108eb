"""Speed beside a peer, as ratios: `make bench`, or `python -m benchmarks lif rate` for some."""
