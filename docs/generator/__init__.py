"""The pages of docs/reference, one module each; `docs/generate_reference.py` writes them."""
