"""The lab's pages about partners of its case."""
