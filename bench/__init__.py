"""The benchmarks: the provider beside what people use, all in one run. `make bench` writes docs/benchmarks.md."""
