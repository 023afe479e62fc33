"""What is compared: one suite a module; each has ``run(quick) -> Table`` and takes minutes at most."""
