"""Where training happens: one dated and sourced catalogue row per GPU, and the device at hand."""
