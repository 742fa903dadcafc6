"""What an operator answers for: which secrets there are, and whether this installation is fit for production."""
