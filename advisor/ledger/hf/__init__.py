"""Forward passes of transformers' own classes (5.23), a module for each."""
